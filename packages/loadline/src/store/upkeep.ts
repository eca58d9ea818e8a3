import type { Clock, Timer } from '../base/index.ts';
import { keepPartitions, type PartitionPolicy, type Postgres } from '../postgres/index.ts';
import { recoverDeadWriters } from './dead-writers.ts';
import { pruneSeries } from './unused-series.ts';

/** The tables that are cut by time, and by which of the retentions each is kept. */
export interface Retentions {
  readonly rawMs: number;
  readonly minutesMs: number;
  readonly hoursMs: number;
  readonly eventsMs: number;
  readonly resultsMs: number;
  /** How far back samples are still taken. */
  readonly latenessMs: number;
}

/** How each table is cut. Pure. */
function partitionPolicies(retentions: Retentions): readonly (readonly [table: string, PartitionPolicy])[] {
  const { rawMs, minutesMs, hoursMs, eventsMs, resultsMs, latenessMs } = retentions;
  // Three days ahead: a store whose upkeep fails has until then, and somebody sees its count before.
  const days = { unit: 'day', aheadMs: 3 * dayMs } as const;
  const months = { unit: 'month', aheadMs: 35 * dayMs } as const;
  return [
    ['performance_metrics', { ...days, behindMs: latenessMs, keepMs: rawMs }],
    ['metric_minutes', { ...days, behindMs: latenessMs, keepMs: minutesMs }],
    ['metric_hours', { ...months, behindMs: latenessMs, keepMs: hoursMs }],
    ['system_resources', { ...days, behindMs: latenessMs, keepMs: rawMs }],
    ['cache_performance', { ...days, behindMs: latenessMs, keepMs: rawMs }],
    ['auto_scaling_events', { ...months, behindMs: 0, keepMs: eventsMs }],
    ['audit_log', { ...months, behindMs: 0, keepMs: eventsMs }],
    // A test that a process was killed in ends at the next start, whenever that is.
    ['load_test_results', { ...months, behindMs: 400 * dayMs, keepMs: resultsMs }],
  ];
}

/** Makes what will be needed, and drops what is past retention. */
export async function keepTables(postgres: Postgres, retentions: Retentions, nowMs: number): Promise<void> {
  for (const [table, policy] of partitionPolicies(retentions)) {
    await keepPartitions(postgres, table, { ...policy, nowMs });
  }
}

export const dayMs: number = 24 * 60 * 60 * 1000;

export interface Upkeep {
  readonly counts: {
    readonly recovered: number;
    readonly prunedSeries: number;
    readonly upkeepFailures: number;
  };
  /** Waits for the round that is under way. */
  stop(): Promise<void>;
}

/** Ticks once a second, looks for dead writers once a minute, and after tables and series every ten. */
export function startUpkeep(
  postgres: Postgres,
  {
    clock,
    retentions,
    tick,
  }: { readonly clock: Clock; readonly retentions: Retentions; readonly tick: () => void },
): Upkeep {
  let seconds = 0;
  let tablesAtSecond = 0;
  let timer: Timer;
  let round: Promise<void> | undefined;
  let recovered = 0;
  let prunedSeries = 0;
  let nextSeries = 0;
  let upkeepFailures = 0;

  async function work(withTables: boolean): Promise<void> {
    try {
      if (withTables) await keepTables(postgres, retentions, clock.now());
      recovered += await recoverDeadWriters(postgres, deadAfterMs);
      if (withTables) await prune();
    } catch {
      // The next round tries again; the store goes on without.
      upkeepFailures++;
    }
  }

  async function prune(): Promise<void> {
    const { pruned, nextId } = await pruneSeries(postgres, nextSeries);
    prunedSeries += pruned;
    nextSeries = nextId;
  }

  function everySecond(): void {
    timer = clock.setTimer(everySecond, 1000);
    tick();
    if (seconds++ % 60 !== 0 || round !== undefined) return;
    // A round that was still under way makes it a minute later, not ten.
    const withTables = seconds - tablesAtSecond > 600;
    if (withTables) tablesAtSecond = seconds;
    round = work(withTables).finally(() => {
      round = undefined;
    });
  }
  timer = clock.setTimer(everySecond, 1000);

  return {
    get counts() {
      return { recovered, prunedSeries, upkeepFailures };
    },
    async stop() {
      timer.cancel();
      await round;
    },
  };
}

/** A writer tells of itself at least every minute; a process may be frozen for some seconds. */
const deadAfterMs = 3 * 60 * 1000;
