import { createRandom, normal } from 'loadline/base';
import { criticalT, sampleSizeFor } from 'loadline/statistics';
import { describe, expect, it } from 'vitest';

const aim = { variance: 1, distance: 1, confidence: 0.95, power: 0.8, sizeMax: 1000 } as const;

describe('sampleSizeFor()', () => {
  it('agrees with the tables for two groups', () => {
    // J. Cohen, Statistical Power Analysis (1988), table 2.4.1: two-sided 0.05, power 0.8: d = 1 needs 17, d = 0.5 needs 64.
    expect(sampleSizeFor(aim)).toBe(17);
    expect(sampleSizeFor({ ...aim, distance: 0.5 })).toBe(64);
  });

  it('gives a size with which the interval ends in time as often as was asked', () => {
    const size = sampleSizeFor({ ...aim, variance: 4, distance: 3, power: 0.9 });
    const random = createRandom('power');
    let told = 0;
    for (let round = 0; round < 1000; round++) {
      const [from, to] = [0, 3].map((mean) => Array.from({ length: size }, () => normal(random, mean, 2)));
      const { difference, error } = twoSampleT(from as number[], to as number[]);
      if (difference - criticalT(0.95, 2 * size - 2) * error > 0) told++;
    }
    expect(told / 1000).toBeGreaterThan(0.87);
    expect(told / 1000).toBeLessThan(0.96);
  });

  it('is smaller where the variance is known from elsewhere too', () => {
    expect(sampleSizeFor({ ...aim, distance: 2, priorDegrees: 20 })).toBeLessThan(
      sampleSizeFor({ ...aim, distance: 2 }),
    );
  });

  it('never asks for fewer than two, nor for more than the limit', () => {
    expect(sampleSizeFor({ ...aim, variance: 0 })).toBe(2);
    expect(sampleSizeFor({ ...aim, distance: 1e-9 })).toBe(1000);
  });
});

function twoSampleT(a: readonly number[], b: readonly number[]): { difference: number; error: number } {
  const mean = (values: readonly number[]): number =>
    values.reduce((sum, value) => sum + value) / values.length;
  const squares = (values: readonly number[]): number =>
    values.reduce((sum, value) => sum + (value - mean(values)) ** 2, 0);
  const variance = (squares(a) + squares(b)) / (a.length + b.length - 2);
  return { difference: mean(b) - mean(a), error: Math.sqrt(variance * (1 / a.length + 1 / b.length)) };
}
