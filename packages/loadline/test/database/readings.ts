import type {
  DatabaseUse,
  ServerStatistics,
  SlowQueries,
  SlowQuery,
  StatementCounts,
  StatementReading,
} from 'loadline/database';

export const hourMs = 3_600_000;
export const noonMs: number = Date.UTC(2026, 5, 6, 12);

export function counts(further: Partial<StatementCounts> = {}): StatementCounts {
  return {
    id: '10.1',
    isNested: false,
    calls: 100,
    totalMs: 500,
    rows: 100,
    blocksHit: 300,
    blocksRead: 100,
    temporaryBlocks: 0,
    ...further,
  };
}

export function reading(
  statements: readonly StatementCounts[],
  further: Partial<StatementReading> = {},
): StatementReading {
  return {
    kind: 'read',
    atMs: noonMs,
    sinceMs: noonMs - hourMs,
    statements: new Map(statements.map((each) => [each.id, each])),
    forgotten: 0,
    hidden: 0,
    ...further,
  };
}

export function query(further: Partial<SlowQuery> = {}): SlowQuery {
  return {
    id: '10.1',
    text: 'SELECT * FROM posts WHERE owner = $1',
    calls: 2000,
    totalMs: 240_000,
    meanMs: 120,
    shareOfTime: 0.8,
    rowsPerCall: 6,
    blocksPerCall: 5000,
    hitRatio: 0.99,
    temporaryBlocksPerCall: 0,
    ...further,
  };
}

/** Ten minutes until noon. */
export function slow(queries: readonly SlowQuery[], further: Partial<SlowQueries> = {}): SlowQueries {
  return {
    kind: 'read',
    fromMs: noonMs - 600_000,
    toMs: noonMs,
    calls: 10_000,
    totalMs: 300_000,
    byTotalTime: queries,
    byMeanTime: queries,
    remarks: [],
    ...further,
  };
}

export function statistics(further: Partial<ServerStatistics> = {}): ServerStatistics {
  return {
    atMs: noonMs,
    version: '18.1',
    isReplica: false,
    startedMs: noonMs - 24 * hourMs,
    databaseBytes: 1e9,
    counts: {
      sinceMs: noonMs - hourMs,
      commits: 1000,
      rollbacks: 10,
      blocksHit: 99_000,
      blocksRead: 1000,
      deadlocks: 0,
      conflicts: 0,
      temporaryBytes: 0,
    },
    connections: {
      total: 20,
      max: 100,
      reserved: 3,
      here: { active: 5, idle: 15, idleInTransaction: 0, waitingForLock: 0, hidden: 0 },
    },
    longestTransactionMs: 20,
    longestIdleInTransactionMs: 0,
    replicas: [],
    replayLagBytes: undefined,
    ...further,
  };
}

export function use(further: Partial<DatabaseUse> = {}): DatabaseUse {
  return {
    fromMs: noonMs - 600_000,
    toMs: noonMs,
    transactionsPerSecond: 200,
    rollbackRatio: 0.001,
    hitRatio: 0.995,
    blocks: 1_000_000,
    deadlocks: 0,
    conflicts: 0,
    temporaryBytesPerSecond: 0,
    ...further,
  };
}
