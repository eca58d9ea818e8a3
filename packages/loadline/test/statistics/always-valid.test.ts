import fc from 'fast-check';
import { createRandom, normal } from 'loadline/base';
import { alwaysValidInterval, noValues, type RunningMean, withValue } from 'loadline/statistics';
import { describe, expect, it } from 'vitest';

function runningOf(values: readonly number[]): RunningMean {
  return values.reduce(withValue, noValues);
}

/** How often, in so many sequences, any of the intervals seen on the way misses 0. */
function everMissed(sequences: number, draw: () => number): number {
  let missed = 0;
  for (let sequence = 0; sequence < sequences; sequence++) {
    let running = noValues;
    for (let count = 0; count < 100; count++) {
      running = withValue(running, draw());
      const { low, high } = alwaysValidInterval(running, { errorProbability: 0.1 });
      if (low <= 0 && high >= 0) continue;
      missed++;
      break;
    }
  }
  return missed / sequences;
}

/** The Bayes factor of a mean against a standard normal prior around it, in deviations, from its definition. */
function factorAgainst(mean: number, values: readonly number[]): number {
  const n = values.length;
  const average = values.reduce((sum, value) => sum + value, 0) / n;
  const squares = values.reduce((sum, value) => sum + (value - average) ** 2, 0);
  const t = (average - mean) / Math.sqrt(squares / (n - 1) / n);
  const ratio = (1 + t ** 2 / (n - 1)) / (1 + t ** 2 / ((n - 1) * (1 + n)));
  return ratio ** (n / 2) / Math.sqrt(1 + n);
}

describe('withValue()', () => {
  it('has the mean and the squares of all values, in whatever order', () => {
    const value = fc.double({ min: -1e6, max: 1e6, noNaN: true });
    fc.assert(
      fc.property(fc.array(value, { minLength: 1, maxLength: 50 }), (values) => {
        const { count, mean, squares } = runningOf(values);
        const average = values.reduce((sum, each) => sum + each, 0) / values.length;
        const expected = values.reduce((sum, each) => sum + (each - average) ** 2, 0);
        expect(count).toBe(values.length);
        expect(Math.abs(mean - average)).toBeLessThanOrEqual(1e-9 * 1e6);
        expect(Math.abs(squares - expected)).toBeLessThanOrEqual(1e-9 * Math.max(1e6, expected));
      }),
    );
  });
});

describe('alwaysValidInterval()', () => {
  it('misses as rarely as it says, though one looks after every value', () => {
    const random = createRandom('looks');
    // A usual interval of 90 % misses in more than half of these. Three standard errors of a share of 0.1.
    const missed = everMissed(1500, () => normal(random, 0, 3));
    expect(missed).toBeLessThan(0.1 + 0.023);
    expect(missed).toBeGreaterThan(0.02);
  });

  it('leaves out in the end whatever the mean is not', () => {
    const random = createRandom('apart');
    expect(everMissed(100, () => normal(random, 1, 1))).toBe(1);
  });

  it('ends where the evidence against a mean is as strong as it must be', () => {
    const random = createRandom('ends');
    const values = Array.from({ length: 25 }, () => normal(random, 2, 5));
    const { low, high, value } = alwaysValidInterval(runningOf(values), { errorProbability: 0.01 });
    expect(factorAgainst(low, values)).toBeCloseTo(100, 6);
    expect(factorAgainst(high, values)).toBeCloseTo(100, 6);
    expect(factorAgainst(value, values)).toBeLessThan(1);
  });

  it('has no ends while there are too few values to tell', () => {
    for (const values of [[], [1], [1, 1.01], [1, 2, 1.5]]) {
      const { low, high } = alwaysValidInterval(runningOf(values), { errorProbability: 0.001 });
      expect([low, high]).toEqual([Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY]);
    }
    expect(alwaysValidInterval(noValues, { errorProbability: 0.001 }).value).toBeNaN();
  });

  it('takes values that happen to agree for no more certain than they may be', () => {
    const same = runningOf(Array.from({ length: 20 }, () => 4));
    expect(alwaysValidInterval(same, { errorProbability: 0.05 })).toEqual({ value: 4, low: 4, high: 4 });
    const { low, high } = alwaysValidInterval(same, { errorProbability: 0.05, varianceMin: 1 });
    expect(high - 4).toBeCloseTo(4 - low, 12);
    expect(high).toBeGreaterThan(4.3);
  });
});
