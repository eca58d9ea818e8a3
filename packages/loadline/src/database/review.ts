import type { Evidence, Finding, Review, Severity, TimeWindow } from '../metrics/index.ts';
import type { DatabaseUse } from './database-use.ts';
import type { ServerStatistics } from './server-statistics.ts';
import type { SlowQueries, SlowQuery } from './slow-queries.ts';
import type { StatementsMissing } from './statement-counts.ts';

/** What is looked at, and where it came from. */
export interface DatabaseSeen {
  /** How people call it: `database orders`. */
  readonly component: string;
  readonly slow: SlowQueries | StatementsMissing;
  readonly statistics: ServerStatistics;
  /** Undefined at the first reading, and where the statistics were reset. */
  readonly use: DatabaseUse | undefined;
}

/** Limits beyond which something is worth a finding. Documented in docs/reference/advice.md. */
const limits = {
  shareOfTime: 0.2,
  shareOfTimeCritical: 0.5,
  callsMin: 20,
  /** A statement that is quick and merely frequent is no slow one, whatever its share. */
  meanMsMin: 5,
  /** How many run at once, on average: of what the server hardly notices, any share is small. */
  loadMin: 0.05,
  /** Pages looked at for a row given: an index looks at a handful. */
  blocksPerRow: 50,
  hitRatio: 0.9,
  /** Fewer pages than that say nothing about the server's memory. */
  blocksMin: 10_000,
  connectionRatio: 0.8,
  connectionRatioCritical: 0.95,
  transactionMs: 60_000,
  replicaLagBytes: 64 * 1024 * 1024,
} as const;

/** Judges what a PostgreSQL has told of itself. Pure. */
export function reviewDatabase(seen: DatabaseSeen): Review {
  const { component, slow, statistics, use } = seen;
  const statements =
    slow.kind === 'missing' ? [] : slow.byTotalTime.flatMap((row) => slowStatement(seen, row));
  return {
    subject: `statements, memory, connections and replicas of ${component}`,
    findings: [
      ...statements,
      ...connectionsNearLimit(component, statistics),
      ...lowMemoryHits(component, use),
      ...longTransaction(component, statistics),
      ...deadlocks(component, use),
      ...laggingReplicas(component, statistics),
    ],
    unseen: [
      ...(slow.kind === 'missing' ? [`slow statements: ${slow.because}; ${slow.remedy}`] : slow.remarks),
      ...(use === undefined
        ? ['rates of the database: there is only one reading since its statistics began']
        : []),
    ],
  };
}

function slowStatement({ component, slow }: DatabaseSeen, row: SlowQuery): Finding[] {
  if (slow.kind === 'missing') return [];
  const window = { fromMs: slow.fromMs, toMs: slow.toMs };
  const load = row.totalMs / Math.max(1, slow.toMs - slow.fromMs);
  const isSlow = row.calls >= limits.callsMin && row.meanMs >= limits.meanMsMin && load >= limits.loadMin;
  if (!isSlow || row.shareOfTime < limits.shareOfTime) return [];
  const blocksPerRow = row.blocksPerCall / Math.max(1, row.rowsPerCall);
  const isSequential = blocksPerRow >= limits.blocksPerRow;
  const of = evidenceFrom(`pg_stat_statements ${row.id}`, window, row.calls);
  return [
    {
      component,
      kind: 'slow statement',
      severity: row.shareOfTime >= limits.shareOfTimeCritical ? 'critical' : 'warning',
      summary: `One statement takes ${percent(row.shareOfTime)} of the time of all: ${row.text ?? 'its text is not known any more'}`,
      evidence: [
        of('shareOfTime', row.shareOfTime, 'ratio'),
        of('meanMs', row.meanMs, 'ms'),
        of('calls', row.calls, 'count'),
        of('load', load, 'cores'),
        of('rowsPerCall', row.rowsPerCall, 'count'),
        of('blocksPerCall', row.blocksPerCall, 'count'),
        of('isSequential', isSequential ? 1 : 0, 'score'),
        ...(row.temporaryBlocksPerCall > 0
          ? [of('temporaryBlocksPerCall', row.temporaryBlocksPerCall, 'count')]
          : []),
      ],
    },
  ];
}

function connectionsNearLimit(component: string, { connections, atMs }: ServerStatistics): Finding[] {
  const usable = connections.max - connections.reserved;
  const ratio = connections.total / usable;
  if (ratio < limits.connectionRatio) return [];
  const of = evidenceFrom('pg_stat_activity', { fromMs: atMs, toMs: atMs });
  return [
    {
      component,
      kind: 'connections near limit',
      severity: ratio >= limits.connectionRatioCritical ? 'critical' : 'warning',
      summary: `${connections.total} of ${usable} connections are open; in this database ${connections.here.idle} are idle.`,
      evidence: [
        of('connectionRatio', ratio, 'ratio'),
        of('connections', connections.total, 'count'),
        of('connectionsMax', usable, 'count'),
        of('active', connections.here.active, 'count'),
        of('idle', connections.here.idle, 'count'),
        of('idleInTransaction', connections.here.idleInTransaction, 'count'),
      ],
    },
  ];
}

function lowMemoryHits(component: string, use: DatabaseUse | undefined): Finding[] {
  if (use?.hitRatio === undefined || use.blocks < limits.blocksMin || use.hitRatio >= limits.hitRatio)
    return [];
  const of = evidenceFrom('pg_stat_database', use, use.blocks);
  return [
    {
      component,
      kind: 'low buffer hit ratio',
      severity: 'warning',
      summary: `Only ${percent(use.hitRatio)} of the pages were found in the server's memory.`,
      evidence: [of('hitRatio', use.hitRatio, 'ratio'), of('blocks', use.blocks, 'count')],
    },
  ];
}

function longTransaction(component: string, statistics: ServerStatistics): Finding[] {
  const { longestTransactionMs, longestIdleInTransactionMs, connections, atMs } = statistics;
  if (longestTransactionMs < limits.transactionMs) return [];
  const of = evidenceFrom('pg_stat_activity', { fromMs: atMs, toMs: atMs });
  return [
    {
      component,
      kind: 'long transaction',
      severity: 'warning',
      summary: `A transaction has been open for ${Math.round(longestTransactionMs / 1000)} s: what it has locked stays locked, and no dead row is cleaned up meanwhile.`,
      evidence: [
        of('longestTransactionMs', longestTransactionMs, 'ms'),
        of('longestIdleInTransactionMs', longestIdleInTransactionMs, 'ms'),
        of('waitingForLock', connections.here.waitingForLock, 'count'),
      ],
    },
  ];
}

function deadlocks(component: string, use: DatabaseUse | undefined): Finding[] {
  if (use === undefined || use.deadlocks === 0) return [];
  const of = evidenceFrom('pg_stat_database', use);
  return [
    {
      component,
      kind: 'deadlocks',
      severity: 'warning',
      summary: `${use.deadlocks} transactions were ended because of deadlocks.`,
      evidence: [of('deadlocks', use.deadlocks, 'count')],
    },
  ];
}

function laggingReplicas(component: string, { replicas, atMs }: ServerStatistics): Finding[] {
  return replicas
    .filter(({ lagBytes = 0 }) => lagBytes >= limits.replicaLagBytes)
    .map(({ name, lagBytes = 0, lagMs }) => {
      const of = evidenceFrom('pg_stat_replication', { fromMs: atMs, toMs: atMs });
      const known: Evidence[] = lagMs === undefined ? [] : [of('lagMs', lagMs, 'ms')];
      return {
        component: `${component}, replica ${name}`,
        kind: 'replica lags',
        severity: 'warning' as Severity,
        summary: `The replica ${name} is ${Math.round(lagBytes / 1024 / 1024)} MiB of log behind.`,
        evidence: [of('lagBytes', lagBytes, 'bytes'), ...known],
      };
    });
}

function evidenceFrom(
  source: string,
  { fromMs, toMs }: TimeWindow,
  count?: number,
): (name: string, value: number, unit: Evidence['unit']) => Evidence {
  const window = { fromMs, toMs };
  return (name, value, unit) => ({
    name,
    value,
    unit,
    ...(count === undefined ? {} : { count }),
    window,
    source,
  });
}

function percent(ratio: number): string {
  return `${Number((ratio * 100).toPrecision(3))} %`;
}
