import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  clockScale,
  linearScale,
  logScale,
  rangeScale,
  rootScale,
  timeScale,
} from '../../../src/base/page/scale.ts';

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

describe('clockScale()', () => {
  const noon = Date.UTC(2026, 5, 6, 12);
  const hourMs = 3_600_000;

  it('has ticks where the clocks show whole hours, wherever it begins', () => {
    const scale = clockScale(noon + 7 * 60_000, noon + 10 * hourMs);
    expect(scale.ticks).toEqual([14, 16, 18, 20, 22].map((hour) => Date.UTC(2026, 5, 6, hour)));
    expect([scale.at(noon + 7 * 60_000), scale.at(noon + 10 * hourMs)]).toEqual([0, 1]);
  });

  it('has ticks at whole days of a month', () => {
    const { ticks } = clockScale(noon, noon + 30 * 24 * hourMs);
    expect(ticks.every((tick) => tick % (24 * hourMs) === 0)).toBe(true);
    expect(ticks).toHaveLength(6);
  });

  it('has some ticks, and not too many, for any time', () => {
    const span = fc.integer({ min: 600_000, max: 400 * 24 * hourMs });
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 2 * noon }), span, (fromMs, spanMs) => {
        const { ticks } = clockScale(fromMs, fromMs + spanMs);
        expect(ticks.length).toBeGreaterThan(0);
        expect(ticks.length).toBeLessThanOrEqual(8);
        expect(Math.min(...ticks)).toBeGreaterThanOrEqual(fromMs);
        expect(Math.max(...ticks)).toBeLessThanOrEqual(fromMs + spanMs);
      }),
    );
  });
});

describe('rangeScale()', () => {
  it('begins near its lowest value', () => {
    expect(rangeScale(47.5, 103).ticks).toEqual([40, 50, 60, 70, 80, 90, 100, 110]);
  });

  it.each([48, 48.000_000_000_01])(
    'has room for one value alone, and for two that nobody can tell apart: %f',
    (max) => {
      const scale = rangeScale(48, max);
      expect([scale.from, scale.to]).toEqual([40, 50]);
    },
  );
});

describe('rootScale()', () => {
  it('tells apart what is small next to the highest', () => {
    const scale = rootScale(0.08);
    expect(scale.ticks).toEqual([0, 0.002, 0.01, 0.02, 0.05, 0.1]);
    expect(scale.at(0.001)).toBeCloseTo(0.1);
  });
});

describe('every scale', () => {
  it('holds all values between its ends, in their order', () => {
    const value = fc.double({ min: 1e-3, max: 1e9, noNaN: true });
    const close = fc.tuple(value, fc.constantFrom(0, 2e-16, 1e-12, 1e-6, 2e-3));
    const pair = fc.oneof(
      fc.tuple(value, value),
      close.map(([a, more]) => [a, a * (1 + more)] as const),
    );
    fc.assert(
      fc.property(pair, ([a, b]) => {
        const [low, high] = a < b ? [a, b] : [b, a];
        const scales = [
          linearScale(high),
          logScale(low, high),
          timeScale(high),
          rangeScale(low, high),
          rootScale(high),
        ];
        for (const scale of scales) {
          expect(scale.at(low)).toBeGreaterThanOrEqual(0);
          expect(scale.at(high)).toBeLessThanOrEqual(1);
          expect(scale.at(low)).toBeLessThanOrEqual(scale.at(high));
          expect(scale.from).toBeLessThanOrEqual(low * (1 + 1e-9));
          expect(scale.to).toBeGreaterThanOrEqual(high * (1 - 1e-9));
          expect(scale.ticks.length).toBeGreaterThan(0);
          expect(scale.ticks.length).toBeLessThan(16);
        }
      }),
    );
  });
});
