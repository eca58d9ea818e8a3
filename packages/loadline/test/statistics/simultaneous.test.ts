import fc from 'fast-check';
import { createRandom, normal, type Random } from 'loadline/base';
import { type Interval, simultaneousDifferences, type TwoGroups } from 'loadline/statistics';
import { describe, expect, it } from 'vitest';

/** Groups that do not differ, with so many figures; `shared` of each figure's deviation is common to all. */
function alike(random: Random, sizes: readonly [number, number], figures: number, shared = 0): TwoGroups {
  const own = (at: number): number => (1 - shared) * (1 + at / 10);
  const observation = (): number[] => {
    const common = normal(random, 0, shared);
    return Array.from({ length: figures }, (_, at) => common + normal(random, 5, own(at)));
  };
  return {
    from: Array.from({ length: sizes[0] }, observation),
    to: Array.from({ length: sizes[1] }, observation),
    expectedVariances: Array.from({ length: figures }, (_, at) => (shared ** 2 + own(at) ** 2) / 3),
  };
}

/** How often any of the intervals leaves out 0. */
function falseAlarms(rounds: number, make: (random: Random) => TwoGroups): number {
  const random = createRandom('alike');
  let alarms = 0;
  for (let round = 0; round < rounds; round++) {
    const { intervals } = simultaneousDifferences(make(random), { confidence: 0.9, random, rotations: 300 });
    if (intervals.some(({ low, high }) => low > 0 || high < 0)) alarms++;
  }
  return alarms / rounds;
}

describe('simultaneousDifferences()', () => {
  it.each<[string, readonly [number, number], number, number]>([
    ['one figure', [5, 5], 1, 0],
    ['twenty that know nothing of each other', [5, 5], 20, 0],
    ['twenty that mostly say the same', [5, 5], 20, 0.8],
    ['three observations in all', [1, 2], 6, 0],
    ['groups of unequal size', [2, 9], 6, 0],
  ])('tells of a change as rarely as it says: %s', (_, sizes, figures, shared) => {
    // Three standard errors of a binomial share around 0.1, and the error of the rotations.
    const share = falseAlarms(700, (random) => alike(random, sizes, figures, shared));
    expect(share).toBeGreaterThan(0.06);
    expect(share).toBeLessThan(0.14);
  });

  it('keeps its word where what was expected is wrong', () => {
    const share = falseAlarms(500, (random) => ({
      ...alike(random, [5, 5], 8),
      expectedVariances: [1e-9, 1, 1e6, 4, 1e-3, 0.01, 0, 100],
    }));
    expect(share).toBeLessThan(0.14);
  });

  it('draws the variance towards what is expected, as eight more degrees of freedom would', () => {
    const groups = { from: [[1], [2], [3]], to: [[4], [6], [8], [10], [12]], expectedVariances: [50] };
    const found = simultaneousDifferences(groups, { confidence: 0.9, random: createRandom('drawn') });
    // Means 2 and 8, squares around them 2 + 40 over 6 degrees; the runs exceed what is expected by less than 1.
    expect(found.intervals[0]?.value).toBeCloseTo(6, 10);
    expect(found.variances[0]).toBeCloseTo((42 + 8 * 50) / (6 + 8), 10);
    expect(found.degrees).toBe(14);
  });

  it("is Student's two-sample t where next to nothing is expected of a single figure but its own", () => {
    // A single figure's factor makes up for whatever was expected, so that only the order of its rotations counts.
    const random = createRandom('student');
    const share = falseAlarms(700, () => ({ ...alike(random, [3, 3], 1), expectedVariances: [1e-12] }));
    expect(share).toBeGreaterThan(0.06);
    expect(share).toBeLessThan(0.14);
  });

  it('needs shorter intervals for figures that say the same than for those that do not', () => {
    const errorsOf = (shared: number): number => {
      const random = createRandom('reach');
      const groups = alike(random, [5, 5], 20, shared);
      const { intervals, variances } = simultaneousDifferences(groups, { confidence: 0.95, random });
      const { value, high } = intervals[0] as Interval;
      return (high - value) / Math.sqrt((variances[0] as number) * (2 / 5));
    };
    expect(errorsOf(0)).toBeGreaterThan(errorsOf(0.95) * 1.2);
  });

  it('covers differences that are there', () => {
    const random = createRandom('there');
    const truth = [0, 0.5, -3, 20];
    let covered = 0;
    for (let round = 0; round < 300; round++) {
      const groups = alike(random, [4, 4], 4);
      const to = groups.to.map((row) => row.map((value, at) => value + (truth[at] as number)));
      const { intervals } = simultaneousDifferences(
        { ...groups, to },
        { confidence: 0.9, random, rotations: 300 },
      );
      if (
        intervals.every(({ low, high }, at) => low <= (truth[at] as number) && high >= (truth[at] as number))
      ) {
        covered++;
      }
    }
    expect(covered / 300).toBeGreaterThan(0.86);
  });

  it('turns around with its groups, and does not depend on the unit of a figure', () => {
    fc.assert(
      fc.property(fc.integer(), fc.double({ min: 0.01, max: 100, noNaN: true }), (seed, unit) => {
        const groups = alike(createRandom(seed), [3, 4], 3);
        const judge = (of: TwoGroups) =>
          simultaneousDifferences(of, { confidence: 0.9, random: createRandom(1), rotations: 500 }).intervals;
        const there = judge(groups);
        const back = judge({ ...groups, from: groups.to, to: groups.from });
        const inUnit = judge({
          from: groups.from.map((row) => row.map((value) => value * unit)),
          to: groups.to.map((row) => row.map((value) => value * unit)),
          expectedVariances: groups.expectedVariances.map((variance) => variance * unit ** 2),
        });
        there.forEach(({ value, low, high }, at) => {
          expect(back[at]?.value).toBeCloseTo(-value, 8);
          expect((inUnit[at]?.low as number) / unit).toBeCloseTo(low, 6);
          expect((inUnit[at]?.high as number) / unit).toBeCloseTo(high, 6);
        });
      }),
      { numRuns: 30 },
    );
  });

  it('is a point for a figure that never varies', () => {
    const groups = { from: [[1], [1]], to: [[1], [1]], expectedVariances: [0] };
    const { intervals } = simultaneousDifferences(groups, { confidence: 0.9, random: createRandom(1) });
    expect(intervals).toEqual([{ value: 0, low: 0, high: 0 }]);
  });
});
