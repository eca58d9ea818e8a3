import { compareStatements } from 'loadline/database';
import { describe, expect, it } from 'vitest';
import { counts, hourMs, noonMs, reading } from './readings.ts';

describe('compareStatements()', () => {
  it('tells what was done since the reading before', () => {
    const before = reading([counts()], { atMs: noonMs - hourMs / 2 });
    const after = reading([
      counts({ calls: 300, totalMs: 1500, rows: 700, blocksHit: 1300, blocksRead: 100 }),
    ]);
    expect(compareStatements(before, after)).toMatchObject({
      fromMs: noonMs - hourMs / 2,
      toMs: noonMs,
      calls: 200,
      totalMs: 1000,
      byTotalTime: [{ calls: 200, meanMs: 5, shareOfTime: 1, rowsPerCall: 3, blocksPerCall: 5, hitRatio: 1 }],
      remarks: [],
    });
  });

  it('tells at the first reading what was done since the server began to count', () => {
    expect(compareStatements(undefined, reading([counts()]))).toMatchObject({
      fromMs: noonMs - hourMs,
      calls: 100,
      byTotalTime: [{ meanMs: 5, hitRatio: 0.75 }],
    });
  });

  it('orders by all the time that a statement took, and by the time of one call', () => {
    const often = counts({ id: 'often', calls: 10_000, totalMs: 10_000 });
    const long = counts({ id: 'long', calls: 2, totalMs: 3000 });
    const { byTotalTime, byMeanTime } = compareStatements(undefined, reading([long, often]));
    expect(byTotalTime.map(({ id }) => id)).toEqual(['often', 'long']);
    expect(byMeanTime.map(({ id }) => id)).toEqual(['long', 'often']);
  });

  it('gives as many as were asked for, and shares of the time of all', () => {
    const many = Array.from({ length: 50 }, (_, index) => counts({ id: `${index}`, totalMs: 10 }));
    const { byTotalTime } = compareStatements(undefined, reading(many), 5);
    expect(byTotalTime).toHaveLength(5);
    expect(byTotalTime[0]?.shareOfTime).toBeCloseTo(1 / 50);
  });

  it('leaves out what was not called', () => {
    expect(compareStatements(reading([counts()]), reading([counts()])).byTotalTime).toEqual([]);
  });

  it('takes a statement whose counts have fallen for one that has begun anew', () => {
    const after = reading([counts({ calls: 7, totalMs: 70 })]);
    expect(compareStatements(reading([counts()]), after).byTotalTime).toMatchObject([
      { calls: 7, totalMs: 70 },
    ]);
  });

  it('says that the statistics were reset, and counts from there', () => {
    const before = reading([counts()], { atMs: noonMs - 1000 });
    const after = reading([counts({ calls: 150 })], { sinceMs: noonMs - 500 });
    expect(compareStatements(before, after)).toMatchObject({
      fromMs: noonMs - 500,
      calls: 150,
      remarks: [expect.stringContaining('reset')],
    });
  });

  it('says what it cannot see', () => {
    const after = reading([], { forgotten: 12, hidden: 3 });
    expect(compareStatements(reading([], { forgotten: 2 }), after).remarks).toEqual([
      expect.stringContaining('forgotten rare statements 10 times'),
      expect.stringContaining('3 statements of other users are hidden'),
    ]);
  });

  it('counts what ran within a function once, and knows its share', () => {
    const called = counts({ id: 'called', totalMs: 900 });
    const within = counts({ id: 'within', isNested: true, totalMs: 800 });
    const other = counts({ id: 'other', totalMs: 100 });
    const sharesOf = (...statements: readonly ReturnType<typeof counts>[]) => {
      const { totalMs, byTotalTime } = compareStatements(undefined, reading(statements));
      return [totalMs, ...byTotalTime.map(({ id, shareOfTime }) => `${id} ${shareOfTime}`)];
    };
    expect(sharesOf(called, within, other)).toEqual([1000, 'called 0.9', 'within 0.8', 'other 0.1']);
    // The function has not ended yet.
    expect(sharesOf(within, other)).toEqual([800, 'within 1', 'other 0.125']);
  });

  it('tells how much a call writes to disk, since the reading before', () => {
    const before = reading([counts({ temporaryBlocks: 50 })], { atMs: noonMs - 1000 });
    const after = reading([counts({ calls: 104, totalMs: 600, temporaryBlocks: 70 })]);
    expect(compareStatements(before, after).byTotalTime).toMatchObject([{ temporaryBlocksPerCall: 5 }]);
  });

  it('takes a statement whose time has fallen for one that has begun anew, whatever its calls', () => {
    const after = reading([counts({ calls: 150, totalMs: 75 })]);
    expect(compareStatements(reading([counts()]), after).byTotalTime).toMatchObject([
      { calls: 150, totalMs: 75 },
    ]);
  });

  it('gives no share of no time', () => {
    const { byTotalTime } = compareStatements(undefined, reading([counts({ totalMs: 0 })]));
    expect(byTotalTime).toMatchObject([{ shareOfTime: 0 }]);
  });

  it('counts what was forgotten from a reset on, and cuts both lists, at twenty by default', () => {
    const many = Array.from({ length: 50 }, (_, index) => counts({ id: `${index}` }));
    const before = reading([], { atMs: noonMs - 1000, forgotten: 30 });
    const after = reading(many, { sinceMs: noonMs - 500, forgotten: 12 });
    const use = compareStatements(before, after);
    expect(use.remarks).toContainEqual(expect.stringContaining('forgotten rare statements 12 times'));
    expect([use.byTotalTime.length, use.byMeanTime.length, use.calls]).toEqual([20, 20, 5000]);
    expect(compareStatements(before, after, 5).byMeanTime).toHaveLength(5);
  });
});
