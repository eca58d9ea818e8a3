import { createRandom } from 'loadline/base';
import { describe, expect, it } from 'vitest';
import { poissonArrivals } from '../../../src/load/shapes/poisson-arrivals.ts';
import type { Shape } from '../../../src/load/shapes/shape.ts';

const seeds = Array.from({ length: 400 }, (_, seed) => `${seed}`);

function timesOf(shape: Shape): number[] {
  return Array.from({ length: shape.arrivals }, (_, index) => shape.arrivalAt(index));
}

const meanOf = (values: readonly number[]): number =>
  values.reduce((sum, each) => sum + each, 0) / values.length;

/** Variance over mean: 1 for Poisson counts. */
function dispersionOf(counts: readonly number[]): number {
  const mean = meanOf(counts);
  return counts.reduce((sum, count) => sum + (count - mean) ** 2, 0) / (counts.length - 1) / mean;
}

/** Kolmogorov's distance of values from the exponential distribution of mean 1, times √n. */
function distanceFromExponential(values: readonly number[]): number {
  const n = values.length;
  const distances = values
    .toSorted((a, b) => a - b)
    .map((value, index) => {
      const expected = 1 - Math.exp(-value);
      return Math.max(Math.abs((index + 1) / n - expected), Math.abs(index / n - expected));
    });
  return Math.max(...distances) * Math.sqrt(n);
}

/** Exceeded once in ten thousand samples (Kolmogorov's distribution at 0.9999). */
const distanceMax = 2.23;

const gapsOf = (values: readonly number[]): number[] =>
  values.map((value, index) => value - (values[index - 1] ?? 0));

describe('arrivals at random', () => {
  it.each([
    ['a constant rate', 50, 50, 2000, 100],
    ['a ramp', 0, 100, 2000, 100],
    ['a ramp to nothing', 30, 0, 4000, 60],
    ['many', 3000, 3000, 1000, 3000],
    ['hardly any', 0.5, 0.5, 2000, 1],
  ])(
    'of %s are as many as the rate says in the mean, with the variance of a Poisson count',
    (_, from, to, durationMs, mean) => {
      const counts = seeds.map((seed) => poissonArrivals(from, to, durationMs, seed).arrivals);
      // Four standard deviations of a mean and of a variance of so many counts.
      expect(Math.abs(meanOf(counts) - mean)).toBeLessThan(4 * Math.sqrt(mean / seeds.length));
      expect(Math.abs(dispersionOf(counts) - 1)).toBeLessThan(4 * Math.sqrt((2 + 1 / mean) / seeds.length));
    },
  );

  it('come at exponential distances', () => {
    const distances = seeds.slice(0, 40).map((seed) => {
      const times = timesOf(poissonArrivals(200, 200, 20_000, seed));
      return distanceFromExponential(gapsOf(times).map((gapMs) => gapMs / 5));
    });
    expect(Math.max(...distances)).toBeLessThan(distanceMax);
    // The mean of Kolmogorov's distribution: neither too far nor too even.
    expect(Math.abs(meanOf(distances) - 0.8687)).toBeLessThan(4 * (0.2603 / Math.sqrt(distances.length)));
  });

  it('of a ramp come at exponential distances in the time in which their rate is 1', () => {
    const [from, to, seconds] = [20, 380, 20];
    for (const seed of seeds.slice(0, 10)) {
      const passed = timesOf(poissonArrivals(from, to, seconds * 1000, seed)).map((atMs) => {
        const at = atMs / 1000;
        return from * at + (((to - from) / seconds) * at * at) / 2;
      });
      expect(distanceFromExponential(gapsOf(passed))).toBeLessThan(distanceMax);
    }
  });

  it('of one second say nothing of the next', () => {
    const perSecond = new Array<number>(400).fill(0);
    for (const atMs of timesOf(poissonArrivals(100, 100, 400_000, 'x')))
      (perSecond[Math.floor(atMs / 1000)] as number)++;
    expect(Math.abs(dispersionOf(perSecond) - 1)).toBeLessThan(4 * Math.sqrt(2 / 400));
    const mean = meanOf(perSecond);
    const products = perSecond
      .slice(1)
      .map((count, index) => (count - mean) * ((perSecond[index] as number) - mean));
    expect(Math.abs(meanOf(products) / mean)).toBeLessThan(4 / Math.sqrt(400));
  });

  it('come one after another, within the stage', () => {
    for (const seed of seeds.slice(0, 50)) {
      const times = timesOf(poissonArrivals(10, 3000, 1500, seed));
      expect(times.every((atMs, index) => atMs >= (times[index - 1] ?? 0))).toBe(true);
      expect(times[0]).toBeGreaterThanOrEqual(0);
      expect(times.at(-1)).toBeLessThanOrEqual(1500);
    }
  });

  it('are the same for the same seed, and others for another', () => {
    const times = (seed: string): number[] => timesOf(poissonArrivals(100, 200, 20_000, seed));
    expect(times('a')).toEqual(times('a'));
    expect(times('a')).not.toEqual(times('b'));
  });

  it('can be had by index in any order', () => {
    const shape = poissonArrivals(500, 1500, 10_000, 'x');
    const times = timesOf(shape);
    expect(times.length).toBeGreaterThan(9000);
    const random = createRandom(2);
    for (let turn = 0; turn < 300; turn++) {
      const index = Math.floor(random() * times.length);
      expect(shape.arrivalAt(index)).toBe(times[index]);
    }
  });

  it('are none where the rate is none', () => {
    expect(poissonArrivals(0, 0, 1000, 'x').arrivals).toBe(0);
  });

  it('of a million are there at once', () => {
    const shape = poissonArrivals(10_000, 10_000, 100_000, 'x');
    expect(Math.abs(shape.arrivals - 1e6)).toBeLessThan(4 * Math.sqrt(1e6));
    expect(shape.arrivalAt(500_000)).toBeCloseTo(50_000, -3);
  });
});
