import fc from 'fast-check';
import { createRandom, normal } from 'loadline/base';
import {
  fitScalability,
  latencyMsAt,
  latencyMsWith,
  peakOf,
  type ScalabilityLaw,
  type ScalabilityPoint,
  throughputAt,
} from 'loadline/capacity';
import { describe, expect, it } from 'vitest';

const law: ScalabilityLaw = { ratePerSecondAlone: 100, contention: 0.03, coherency: 0.0005 };
const levels = [1, 2, 4, 8, 12, 16, 24, 32, 48, 64];

/** What a service under this law would show, a little off in every point. */
function measured(
  { deviation = 0, seed = 1, at = levels }: { deviation?: number; seed?: number; at?: readonly number[] },
  of: ScalabilityLaw = law,
): ScalabilityPoint[] {
  const random = createRandom(seed);
  return at.map((concurrency) => ({
    concurrency,
    ratePerSecond: throughputAt(of, concurrency) * Math.exp(normal(random, 0, deviation)),
  }));
}

function fitted(points: readonly ScalabilityPoint[]) {
  const fit = fitScalability(points);
  if (fit.kind !== 'fitted') throw new Error(fit.statements.join(' '));
  return fit;
}

describe('fitScalability()', () => {
  it('finds the law behind points without noise', () => {
    const fit = fitted(measured({}));
    expect(fit.law.ratePerSecondAlone).toBeCloseTo(100, 4);
    expect(fit.law.contention).toBeCloseTo(0.03, 6);
    expect(fit.law.coherency).toBeCloseTo(0.0005, 8);
    expect(fit.peak?.ratePerSecond).toBeCloseTo(1359.7, 1);
    expect([fit.points, fit.statements]).toEqual([10, []]);
  });

  it('takes rates with latencies as well, by Little’s law', () => {
    const points = levels.map((concurrency) => ({
      ratePerSecond: throughputAt(law, concurrency),
      latencyMsMean: latencyMsWith(law, concurrency),
    }));
    expect(fitted(points).law.coherency).toBeCloseTo(0.0005, 8);
  });

  it('finds the peak within 4 % in 47 of 50, with 3 % of noise in ten points, and covers it in 42', () => {
    const truth = peakOf(law)?.ratePerSecond as number;
    let [near, covered] = [0, 0];
    for (let seed = 0; seed < 50; seed++) {
      const { peak, intervals } = fitted(measured({ deviation: 0.03, seed }));
      const { low, high } = intervals.ceilingPerSecond;
      if (Math.abs((peak?.ratePerSecond ?? 0) / truth - 1) < 0.04) near++;
      if (low <= truth && truth <= (high ?? truth)) covered++;
    }
    expect(near).toBeGreaterThanOrEqual(47);
    expect(covered).toBeGreaterThanOrEqual(42);
  });

  it('repeats itself for the same seed', () => {
    const points = measured({ deviation: 0.05 });
    expect(fitScalability(points, 7)).toEqual(fitScalability(points, 7));
  });

  it('has no curve for too few points, or for points too near each other', () => {
    expect(fitScalability(measured({ at: [1, 2, 4, 8] }))).toEqual({
      kind: 'none',
      points: 4,
      statements: ['No curve: its three parameters take at least 5 points, and there are 4.'],
    });
    expect(fitScalability(measured({ at: [10, 11, 12, 13, 14, 15] })).statements).toEqual([
      'No curve: from the lowest to the highest, the points differ in concurrency by a factor of only 1.5.',
    ]);
    const nothing = Array.from({ length: 6 }, () => ({ concurrency: 0, ratePerSecond: 0 }));
    expect(fitScalability(nothing)).toMatchObject({ kind: 'none', points: 0 });
  });

  it('says that no bend has been seen, and tells no peak', () => {
    const fit = fitted(measured({ deviation: 0.01, at: [0.2, 0.4, 0.8, 1.2, 1.6, 2] }));
    expect(fit.peak).toBeUndefined();
    expect(fit.statements.join()).toMatch(
      /^No bend has been seen yet: up to 2 under way at once, the most that was measured, throughput grows/,
    );
  });

  it('tells no peak and no ceiling of a straight line, whatever the curve that fits it has', () => {
    // Seen of a service with a fixed time of work: up to a quarter of a request was under way.
    const latencies = [
      [9.98, 7.245],
      [19.94, 6.352],
      [39.92, 5.997],
      [39.93, 6.44],
      [39.94, 6.416],
    ] as const;
    const fit = fitted(latencies.map(([ratePerSecond, latencyMsMean]) => ({ ratePerSecond, latencyMsMean })));
    expect(fit.statements.join()).toMatch(/^No bend has been seen yet/);
    expect(fit.peak).toBeUndefined();
    expect(fit.intervals.ceilingPerSecond).toEqual({ low: 39.94, high: undefined });
  });

  it('says that a peak beyond the points is an extrapolation', () => {
    const fit = fitted(measured({ at: [1, 2, 4, 8, 16, 24] }));
    expect(fit.statements.join()).toMatch(
      /^The peak at 44 lies beyond 24 under way at once, the most that was measured: it is an extrapolation\./,
    );
  });

  it('says that there is a bend and no peak where throughput only levels off', () => {
    const amdahl = { ratePerSecondAlone: 100, contention: 0.1, coherency: 0 };
    const fit = fitted(measured({ deviation: 0.01 }, amdahl));
    expect(fit.peak).toBeUndefined();
    expect(fit.statements.join()).toMatch(/^It bends, but shows no peak up to 64 under way at once/);
    expect(fit.intervals.ceilingPerSecond.low).toBeLessThan(1000);
  });

  it('says that the law does not describe points that lie far from any such curve', () => {
    const points = levels.map((concurrency, at) => ({
      concurrency,
      ratePerSecond: at % 2 === 0 ? 100 : 300,
    }));
    const { statements, peak } = fitted(points);
    expect(statements).toHaveLength(1);
    expect(statements[0]).toMatch(
      /^The law does not describe these points: they lie \d\d % from the curve\.$/,
    );
    expect(peak).toBeUndefined();
  });

  it('has its peak at one where throughput only falls, and no ceiling below what was measured', () => {
    const points = [
      [1, 100],
      [2, 45],
      [4, 22],
      [8, 11],
      [16, 5.5],
    ].map(([concurrency = 0, ratePerSecond = 0]) => ({ concurrency, ratePerSecond }));
    const fit = fitScalability(points);
    if (fit.kind === 'none') throw new Error(fit.statements[0]);
    // Within five of a hundred: the law ends at a contention of 1, and these points lie a little beyond.
    expect(fit.peak).toMatchObject({ concurrency: 1, ratePerSecond: expect.closeTo(100, -1) });
    expect(fit.intervals.ceilingPerSecond.low).toBeGreaterThan(90);
  });
  it('says so where more under way never got more done, and foretells nothing below what was measured', () => {
    // Busy from the first level on: what fewer would have done was not seen.
    const points = [
      [20, 100],
      [40, 97],
      [80, 95],
      [160, 94],
      [320, 93],
    ].map(([concurrency = 0, ratePerSecond = 0]) => ({ concurrency, ratePerSecond }));
    const fit = fitted(points);
    expect(fit.law.contention).toBe(1);
    expect(fit.intervals.contention.high).toBeLessThanOrEqual(1);
    expect(fit.law.ratePerSecondAlone).toBeLessThan(110);
    expect(fit.peak).toBeUndefined();
    expect(fit.statements).toEqual([
      'From 20 under way at once on, the fewest that were measured, more never got more done: contention is 1, the most that there is. ' +
        'What fewer would get done cannot be told.',
    ]);
  });

  it('has no contention above 1, whatever falls, and no times below zero', () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: 1, max: 1000, noNaN: true }), { minLength: 5, maxLength: 9 }),
        fc.double({ min: 0.1, max: 30, noNaN: true }),
        (rates, lowest) => {
          const falling = rates.toSorted((a, b) => b - a);
          const fit = fitScalability(
            falling.map((ratePerSecond, at) => ({ concurrency: lowest * 2 ** at, ratePerSecond })),
          );
          if (fit.kind === 'none') return;
          expect(fit.law.contention).toBeLessThanOrEqual(1);
          for (const rate of falling)
            expect(latencyMsAt(fit.law, rate) ?? 0, `at ${rate}/s`).toBeGreaterThanOrEqual(0);
        },
      ),
      { numRuns: 30 },
    );
  });
});
