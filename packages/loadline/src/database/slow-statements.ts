import type { StatementCounts, StatementReading } from './statement-counts.ts';

/** What statements cost between two readings. */
export interface StatementUse {
  readonly fromMs: number;
  readonly toMs: number;
  /** Of all statements that were seen, also those that are not listed. */
  readonly calls: number;
  /** Of all of them; what ran within a function counts once, with the function. */
  readonly totalMs: number;
  /** The costliest first, by the time that they took together. */
  readonly byTotalTime: readonly StatementRow[];
  /** The slowest first, by the time of one call. */
  readonly byMeanTime: readonly StatementRow[];
  /** What the numbers leave out, for people. */
  readonly remarks: readonly string[];
}

/** What one statement cost between two readings: its times in the server, without planning and the network. */
export interface StatementRow {
  readonly id: string;
  readonly calls: number;
  readonly totalMs: number;
  readonly meanMs: number;
  /** Of the time of all statements, 0 to 1. */
  readonly shareOfTime: number;
  readonly rowsPerCall: number;
  /** Pages of 8 KiB that a call looks at. Many more than rows: it looks at what it does not need. */
  readonly blocksPerCall: number;
  /** Of these, found in the server's memory, 0 to 1; undefined where it looked at none. */
  readonly hitRatio: number | undefined;
  /** Pages that a call writes to disk because a sort or a hash has too little memory. */
  readonly temporaryBlocksPerCall: number;
}

/**
 * What was done between two readings, or since the server began to count where there is no earlier one. A statement
 * whose counts have fallen was forgotten and has begun anew: what it counts now was done in between. Pure.
 *
 * @param limit rows in each list, 20 by default.
 */
export function compareStatements(
  before: StatementReading | undefined,
  after: StatementReading,
  limit = 20,
): StatementUse {
  const isReset = before !== undefined && (after.sinceMs ?? 0) > before.atMs;
  const start = isReset ? undefined : before;
  const used = [...after.statements.values()]
    .map((counts) => growth(start?.statements.get(counts.id), counts))
    .filter(({ calls }) => calls > 0);
  const totalMs = totalMsOf(used);
  const rows = used.map((counts) => rowOf(counts, totalMs));
  return {
    fromMs: isReset ? (after.sinceMs as number) : (before?.atMs ?? after.sinceMs ?? after.atMs),
    toMs: after.atMs,
    calls: sum(used.map(({ calls }) => calls)),
    totalMs,
    byTotalTime: rows.toSorted((a, b) => b.totalMs - a.totalMs).slice(0, limit),
    byMeanTime: rows.toSorted((a, b) => b.meanMs - a.meanMs).slice(0, limit),
    remarks: remarksOn(before, after, isReset),
  };
}

/** A function counts when it ends, what is in it as it goes: of one that runs for long, only its statements are known. */
function totalMsOf(used: readonly StatementCounts[]): number {
  const [nested, own] = [true, false].map((isNested) =>
    sum(used.filter((counts) => counts.isNested === isNested).map((counts) => counts.totalMs)),
  ) as [number, number];
  return Math.max(own, nested);
}

function growth(before: StatementCounts | undefined, after: StatementCounts): StatementCounts {
  if (before === undefined || after.calls < before.calls || after.totalMs < before.totalMs) return after;
  return {
    id: after.id,
    isNested: after.isNested,
    calls: after.calls - before.calls,
    totalMs: after.totalMs - before.totalMs,
    rows: after.rows - before.rows,
    blocksHit: after.blocksHit - before.blocksHit,
    blocksRead: after.blocksRead - before.blocksRead,
    temporaryBlocks: after.temporaryBlocks - before.temporaryBlocks,
  };
}

function rowOf(counts: StatementCounts, totalMsOfAll: number): StatementRow {
  const { id, calls, totalMs, rows, blocksHit, blocksRead, temporaryBlocks } = counts;
  const blocks = blocksHit + blocksRead;
  return {
    id,
    calls,
    totalMs,
    meanMs: totalMs / calls,
    shareOfTime: totalMsOfAll === 0 ? 0 : totalMs / totalMsOfAll,
    rowsPerCall: rows / calls,
    blocksPerCall: blocks / calls,
    hitRatio: blocks === 0 ? undefined : blocksHit / blocks,
    temporaryBlocksPerCall: temporaryBlocks / calls,
  };
}

function remarksOn(
  before: StatementReading | undefined,
  after: StatementReading,
  isReset: boolean,
): readonly string[] {
  const forgotten = after.forgotten - (before === undefined || isReset ? 0 : before.forgotten);
  return [
    ...(isReset ? ['The statistics were reset in between; what was done before that is not seen.'] : []),
    ...(forgotten > 0
      ? [
          `The server has forgotten rare statements ${forgotten} times; raise pg_stat_statements.max to see them.`,
        ]
      : []),
    ...(after.hidden > 0
      ? [
          `${after.hidden} statements of other users are hidden from this role; grant it pg_read_all_stats to see them.`,
        ]
      : []),
  ];
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
