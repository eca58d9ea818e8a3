import { type Clock, pause, systemClock } from '../../base/index.ts';
import type { ArrivalsStage, LoadPlan } from '../plan.ts';
import type { LoadReport } from '../report.ts';
import { judgeProbe } from './judge-probe.ts';
import { type LimitAsked, type LimitReport, objectivesRow, type ProbeRow, probeRow } from './limit-report.ts';
import { createLimitSearch, expectedRuns } from './limit-search.ts';
import { type Objectives, objectivesOf, withLatencyOf } from './objectives.ts';
import type { SearchEnd } from './search-end.ts';
import { showRate } from './search-runs.ts';

/** What is searched, and how a load is made for it. */
export interface FindLimitOptions {
  readonly asked: LimitAsked;
  /** Makes the load of a plan: `runLoad` with whatever it needs. It must end soon after the signal. */
  readonly run: (plan: LoadPlan) => Promise<LoadReport>;
  /** Default: this machine's. */
  readonly clock?: Clock;
  /** Ends the search early, with a report of what was seen until then; hand it to the runs as well. */
  readonly signal?: AbortSignal;
  /** Called before each run. */
  readonly onProbe?: (probe: StartingProbe) => void;
  /** Called after each run. */
  readonly onProbed?: (row: ProbeRow) => void;
}

/** A run of the search that is about to begin. */
export interface StartingProbe {
  /** From 1; the warm-up is 0. */
  readonly number: number;
  readonly purpose: ProbeRow['purpose'];
  readonly ratePerSecond: number;
}

/**
 * Searches the highest rate at which a target meets the plan's thresholds: runs the plan's scenarios with
 * arrivals at one rate after the other, as `createLimitSearch` asks for. A first, shorter run at the lowest rate
 * warms the target up, and between any two it may settle. Never rejects because of what the target does.
 */
export async function findLimit(plan: LoadPlan, options: FindLimitOptions): Promise<LimitReport> {
  const { asked, clock = systemClock } = options;
  const startedAt = clock.now();
  const startMs = clock.monotonicMs();
  const probing = new Probing(plan, options, clock);
  const end = await searchWith(probing, asked);
  return {
    schema: 'loadline.limit-report/1',
    name: plan.name,
    target: plan.target,
    startedAt: new Date(startedAt).toISOString(),
    elapsedMs: clock.monotonicMs() - startMs,
    seed: plan.seed,
    asked,
    objectives: objectivesRow(probing.objectives),
    ...(end ?? interruptedEnd(probing.rows)),
    probes: probing.rows,
  };
}

/** What a search takes, for whoever is to wait for it: usually, on a quiet machine, and at the very most. */
export function expectedTime(
  plan: LoadPlan,
  asked: LimitAsked,
): { readonly usualRuns: number; readonly usualMs: number; readonly mostMs: number } {
  const { probeMs, runsMax } = asked;
  const warmUpMs = probeMs * warmUpShare;
  const usualRuns = Math.min(expectedRuns(asked).usual, runsMax);
  return {
    usualRuns,
    usualMs: warmUpMs + usualRuns * (settleMs + probeMs),
    mostMs: warmUpMs + runsMax * (settleMs + probeMs) + (runsMax + 1) * plan.limits.gracefulStopMs,
  };
}

/** A target that was overloaded has work left over; caches and pools come back to their level. */
const settleMs = 1000;
const warmUpShare = 0.5;

/** @returns undefined where it was interrupted. */
async function searchWith(probing: Probing, asked: LimitAsked): Promise<SearchEnd | undefined> {
  const search = createLimitSearch(asked);
  if ((await probing.probe('warm-up', asked.fromRate)) === undefined) return undefined;
  for (let step = search.next(); ; step = search.next()) {
    if (step.kind === 'done') return step.end;
    const outcome = await probing.probe(step.purpose, step.ratePerSecond);
    if (outcome === undefined) return undefined;
    search.observe(outcome);
  }
}

/** Runs at one rate after the other, with what they have shown so far. */
class Probing {
  readonly rows: ProbeRow[] = [];
  objectives: Objectives;
  readonly #plan: LoadPlan;
  readonly #options: FindLimitOptions;
  readonly #clock: Clock;
  readonly #startMs: number;

  constructor(plan: LoadPlan, options: FindLimitOptions, clock: Clock) {
    this.#plan = plan;
    this.#options = options;
    this.#clock = clock;
    this.#startMs = clock.monotonicMs();
    this.objectives = objectivesOf(plan.thresholds);
  }

  /** @returns undefined where it was interrupted: what such a run has seen is not the rate's doing. */
  async probe(
    purpose: ProbeRow['purpose'],
    ratePerSecond: number,
  ): Promise<'met' | 'missed' | 'invalid' | undefined> {
    const { run, signal, onProbe, onProbed } = this.#options;
    if (this.rows.length > 0) await pause(this.#clock, settleMs, signal);
    if (signal?.aborted) return undefined;
    onProbe?.({ number: this.rows.length, purpose, ratePerSecond });
    const beginMs = this.#clock.monotonicMs();
    const report = await run(this.#planAt(ratePerSecond, purpose));
    if (signal?.aborted) return undefined;
    const verdict = judgeProbe(report, ratePerSecond);
    const elapsedMs = this.#clock.monotonicMs() - beginMs;
    const row = probeRow(
      report,
      { startMs: beginMs - this.#startMs, elapsedMs, purpose, ratePerSecond },
      verdict,
    );
    this.rows.push(row);
    onProbed?.(row);
    if (row.outcome === 'met') this.objectives = withLatencyOf(this.objectives, row.latencyMs?.p99 ?? 0);
    return verdict.outcome;
  }

  /** The plan's scenarios by weight, with nothing but arrivals at this rate, and draws of its own. */
  #planAt(ratePerSecond: number, purpose: ProbeRow['purpose']): LoadPlan {
    const { stages, scenarios, seed } = this.#plan;
    const { probeMs } = this.#options.asked;
    const open = stages.find((stage) => stage.kind === 'arrivals');
    const stage: ArrivalsStage = {
      kind: 'arrivals',
      from: ratePerSecond,
      to: ratePerSecond,
      durationMs: purpose === 'warm-up' ? probeMs * warmUpShare : probeMs,
      ...(open?.spacing === undefined ? {} : { spacing: open.spacing }),
    };
    return {
      ...this.#plan,
      seed: seed + this.rows.length,
      scenarios: scenarios.map(({ stages: _own, ...scenario }) => scenario),
      stages: [stage],
      thresholds: this.objectives.thresholds,
    };
  }
}

function interruptedEnd(rows: readonly ProbeRow[]): Omit<SearchEnd, 'status'> & { status: 'interrupted' } {
  const met = rows.filter((row) => row.outcome === 'met').map((row) => row.ratePerSecond);
  const highestMet = met.length === 0 ? undefined : Math.max(...met);
  const known = highestMet === undefined ? '' : ` It met the objectives at ${showRate(highestMet)}.`;
  return {
    status: 'interrupted',
    statement: `The search was interrupted before it had a limit.${known}`,
    limit: undefined,
    confirmed: undefined,
    refuted: undefined,
    highestMet,
  };
}
