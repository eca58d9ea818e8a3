import type { DatabaseCounts, ServerStatistics } from './server-statistics.ts';

/** What a database did between two readings. */
export interface DatabaseUse {
  readonly fromMs: number;
  readonly toMs: number;
  readonly transactionsPerSecond: number;
  /** Of the transactions, 0 to 1; undefined where there were none. */
  readonly rollbackRatio: number | undefined;
  /** Of the pages that were looked at, found in the server's memory, 0 to 1; undefined where none was. */
  readonly hitRatio: number | undefined;
  /** Pages that `hitRatio` is made of. */
  readonly blocks: number;
  readonly deadlocks: number;
  readonly conflicts: number;
  readonly temporaryBytesPerSecond: number;
}

/**
 * Pure. Undefined where nothing can be said: no time has passed, or the statistics were reset in between, by hand or
 * by a crash of the server.
 */
export function compareServerStatistics(
  before: ServerStatistics,
  after: ServerStatistics,
): DatabaseUse | undefined {
  const seconds = (after.atMs - before.atMs) / 1000;
  if (seconds <= 0 || hasFallen(before.counts, after.counts)) return undefined;
  const grown = (name: CountName): number => after.counts[name] - before.counts[name];
  const transactions = grown('commits') + grown('rollbacks');
  const blocks = grown('blocksHit') + grown('blocksRead');
  return {
    fromMs: before.atMs,
    toMs: after.atMs,
    transactionsPerSecond: transactions / seconds,
    rollbackRatio: transactions === 0 ? undefined : grown('rollbacks') / transactions,
    hitRatio: blocks === 0 ? undefined : grown('blocksHit') / blocks,
    blocks,
    deadlocks: grown('deadlocks'),
    conflicts: grown('conflicts'),
    temporaryBytesPerSecond: grown('temporaryBytes') / seconds,
  };
}

type CountName = Exclude<keyof DatabaseCounts, 'sinceMs'>;

const countNames: readonly CountName[] = [
  'commits',
  'rollbacks',
  'blocksHit',
  'blocksRead',
  'deadlocks',
  'conflicts',
  'temporaryBytes',
];

function hasFallen(before: DatabaseCounts, after: DatabaseCounts): boolean {
  return before.sinceMs !== after.sinceMs || countNames.some((name) => after[name] < before[name]);
}
