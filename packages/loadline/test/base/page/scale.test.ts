import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { linearScale, logScale, timeScale } from '../../../src/base/page/scale.ts';

describe('linearScale()', () => {
  it('goes from 0 to a round number, in round steps', () => {
    expect(linearScale(273).ticks).toEqual([0, 100, 200, 300]);
    expect(linearScale(0.068).ticks).toEqual([0, 0.02, 0.04, 0.06, 0.08]);
  });

  it('has an axis where there is nothing', () => {
    expect(linearScale(0).ticks).toEqual([0, 0.5, 1]);
  });
});

describe('logScale()', () => {
  it('goes between numbers that begin with 1, 2 or 5', () => {
    expect(logScale(3, 90).ticks).toEqual([2, 5, 10, 20, 50, 100]);
  });

  it('keeps only powers of ten where there would be too many', () => {
    const scale = logScale(0.03, 40_000);
    expect(scale.ticks).toEqual([0.1, 1, 10, 100, 1000, 10_000]);
    expect([scale.from, scale.to]).toEqual([0.02, 50_000]);
  });

  it('puts the geometric middle in the middle', () => {
    expect(logScale(1, 100).at(10)).toBeCloseTo(0.5);
  });
});

describe('timeScale()', () => {
  it('ends with the run, and has ticks at whole minutes', () => {
    const scale = timeScale(605_000);
    expect(scale.at(605_000)).toBe(1);
    expect(scale.ticks).toEqual([0, 120_000, 240_000, 360_000, 480_000, 600_000]);
  });
});

describe('every scale', () => {
  it('holds all values between its ends, in their order', () => {
    const value = fc.double({ min: 1e-3, max: 1e9, noNaN: true });
    fc.assert(
      fc.property(value, value, (a, b) => {
        const [low, high] = a < b ? [a, b] : [b, a];
        for (const scale of [linearScale(high), logScale(low, high), timeScale(high)]) {
          expect(scale.at(low)).toBeGreaterThanOrEqual(0);
          expect(scale.at(high)).toBeLessThanOrEqual(1);
          expect(scale.at(low)).toBeLessThanOrEqual(scale.at(high));
          expect(scale.from).toBeLessThanOrEqual(low);
          expect(scale.to).toBeGreaterThanOrEqual(high * (1 - 1e-9));
          expect(scale.ticks.length).toBeGreaterThan(0);
          expect(scale.ticks.length).toBeLessThan(16);
        }
      }),
    );
  });
});
