import fc from 'fast-check';
import { createRandom, normal } from 'loadline/base';
import {
  criticalT,
  differenceOf,
  type Estimate,
  meanOf,
  sampleSizeFor,
  simultaneousConfidence,
  varianceOf,
} from 'loadline/statistics';
import { describe, expect, it } from 'vitest';

const estimateOf = (values: readonly number[]): Estimate => ({
  value: meanOf(values),
  variance: varianceOf(values) / values.length,
  degrees: values.length - 1,
});

describe('differenceOf()', () => {
  it("agrees with Welch's formula, worked by hand", () => {
    // Means 2 and 8; variances 1 and 10 of 3 and 5 values: √(1/3 + 2) = 1.5275; degrees (7/3)² / (1/18 + 1) = 5.1579.
    const interval = differenceOf(estimateOf([1, 2, 3]), estimateOf([4, 6, 8, 10, 12]), 0.95);
    expect(interval.value).toBe(6);
    expect(interval.high - 6).toBeCloseTo(criticalT(0.95, 49 / 9 / (1 / 18 + 1)) * Math.sqrt(7 / 3), 10);
    expect(interval.low + interval.high).toBeCloseTo(12, 10);
  });

  it('covers the truth as often as it says, with unequal variances', () => {
    const random = createRandom('coverage');
    const draws = (count: number, deviation: number): number[] =>
      Array.from({ length: count }, () => normal(random, 10, deviation));
    let covered = 0;
    for (let round = 0; round < 4000; round++) {
      const { low, high } = differenceOf(estimateOf(draws(5, 1)), estimateOf(draws(8, 3)), 0.9);
      if (low <= 0 && high >= 0) covered++;
    }
    // Three standard errors of a binomial share around 0.9.
    expect(covered / 4000).toBeGreaterThan(0.886);
    expect(covered / 4000).toBeLessThan(0.914);
  });

  it('turns around with its sides', () => {
    const estimate = fc.record({
      value: fc.double({ min: -100, max: 100, noNaN: true }),
      variance: fc.double({ min: 0, max: 100, noNaN: true }),
      degrees: fc.integer({ min: 1, max: 50 }),
    });
    fc.assert(
      fc.property(estimate, estimate, (a, b) => {
        const there = differenceOf(a, b, 0.95);
        const back = differenceOf(b, a, 0.95);
        expect(back.low).toBeCloseTo(-there.high, 8);
        expect(back.high).toBeCloseTo(-there.low, 8);
      }),
    );
  });

  it('is a point where nothing varies', () => {
    const exact = { value: 3, variance: 0, degrees: 4 };
    expect(differenceOf(exact, { ...exact, value: 5 }, 0.95)).toEqual({ value: 2, low: 2, high: 2 });
  });
});

describe('simultaneousConfidence()', () => {
  it('leaves the whole doubt to all intervals together', () => {
    expect(simultaneousConfidence(0.95, 10)).toBeCloseTo(0.995, 12);
    expect(simultaneousConfidence(0.95, 0)).toBeCloseTo(0.95, 12);
  });
});

describe('sampleSizeFor()', () => {
  const aim = { variances: [1, 1], distance: 1, confidence: 0.95, power: 0.8, sizeMax: 1000 } as const;

  it('agrees with the tables for two samples', () => {
    // J. Cohen, Statistical Power Analysis (1988), table 2.4.1: two-sided 0.05, power 0.8: d = 1 needs 17, d = 0.5 needs 64.
    expect(sampleSizeFor(aim)).toBe(17);
    expect(sampleSizeFor({ ...aim, distance: 0.5 })).toBe(64);
  });

  it('gives the least size of which the interval is short enough', () => {
    const reaches = (n: number, power: number): boolean => {
      const side = { value: 0, variance: 2 / n, degrees: n - 1 };
      const { high } = differenceOf(side, side, 0.99);
      return high + criticalT(2 * power - 1, 2 * (n - 1)) * Math.sqrt(4 / n) <= 1;
    };
    const size = sampleSizeFor({ ...aim, variances: [2, 2], confidence: 0.99, power: 0.9 });
    expect([reaches(size - 1, 0.9), reaches(size, 0.9)]).toEqual([false, true]);
  });

  it('never asks for fewer than two, nor for more than the limit', () => {
    expect(sampleSizeFor({ ...aim, variances: [0, 0] })).toBe(2);
    expect(sampleSizeFor({ ...aim, distance: 1e-9 })).toBe(1000);
  });
});

describe('varianceOf()', () => {
  it('is that of n − 1, and unknown of one value', () => {
    expect(varianceOf([2, 4, 4, 4, 5, 5, 7, 9])).toBeCloseTo(32 / 7, 12);
    expect(varianceOf([1])).toBeNaN();
  });
});
