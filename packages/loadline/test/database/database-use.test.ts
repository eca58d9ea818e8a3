import { compareServerStatistics } from 'loadline/database';
import { describe, expect, it } from 'vitest';
import { noonMs, statistics } from './readings.ts';

const before = statistics({ atMs: noonMs - 10_000 });

function later(counts: Partial<(typeof before)['counts']>): ReturnType<typeof statistics> {
  return statistics({ counts: { ...before.counts, ...counts } });
}

describe('compareServerStatistics()', () => {
  it('makes rates and ratios of the growth in between', () => {
    const first = { ...before, counts: { ...before.counts, conflicts: 4 } };
    const growth = { blocksHit: 99_300, blocksRead: 1100, deadlocks: 2, conflicts: 7, temporaryBytes: 5000 };
    const after = later({ commits: 1900, rollbacks: 110, ...growth });
    expect(compareServerStatistics(first, after)).toEqual({
      fromMs: noonMs - 10_000,
      toMs: noonMs,
      transactionsPerSecond: 100,
      rollbackRatio: 0.1,
      hitRatio: 0.75,
      blocks: 400,
      deadlocks: 2,
      conflicts: 3,
      temporaryBytesPerSecond: 500,
    });
  });

  it('gives no ratio of nothing', () => {
    expect(compareServerStatistics(before, later({}))).toMatchObject({
      hitRatio: undefined,
      rollbackRatio: undefined,
    });
  });

  it.each([
    ['the statistics were reset', later({ sinceMs: noonMs - 1000 })],
    ['a count has fallen', later({ commits: 3 })],
    ['no time has passed', { ...later({}), atMs: before.atMs }],
  ])('says nothing when %s', (_, after) => {
    expect(compareServerStatistics(before, after)).toBeUndefined();
  });
});
