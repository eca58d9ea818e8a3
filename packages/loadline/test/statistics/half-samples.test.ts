import fc from 'fast-check';
import { createRandom, normal } from 'loadline/base';
import { halfSampleVariances, meanOf } from 'loadline/statistics';
import { describe, expect, it } from 'vitest';

function varianceOf(items: readonly number[]): number {
  const mean = meanOf(items);
  return items.reduce((sum, item) => sum + (item - mean) ** 2, 0) / (items.length - 1);
}
const varianceOfMean = (items: readonly number[]): number =>
  halfSampleVariances(items, (half) => [meanOf(half)])[0] as number;

describe('halfSampleVariances()', () => {
  it('is the exact formula for a mean, whatever the number of pairs', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: -1000, max: 1000 }), { minLength: 4, maxLength: 30 }),
        (items) => {
          const pairs = items.length >> 1;
          let sum = 0;
          for (let pair = 0; pair < pairs; pair++) {
            sum += ((items[2 * pair + 1] as number) - (items[2 * pair] as number)) ** 2;
          }
          expect(varianceOfMean(items)).toBeCloseTo(sum / (2 * pairs) ** 2, 6);
        },
      ),
    );
  });

  it('is on average the variance of a mean of independent values', () => {
    const random = createRandom('independent');
    const found = Array.from({ length: 2000 }, () =>
      varianceOfMean(Array.from({ length: 20 }, () => normal(random, 0, 3))),
    );
    expect(meanOf(found) / (9 / 20)).toBeCloseTo(1, 1);
  });

  it('is on average the variance of a median, which has no formula of its own', () => {
    const random = createRandom('median');
    const median = (values: readonly number[]): number => {
      const sorted = Float64Array.from(values).sort();
      return sorted[sorted.length >> 1] as number;
    };
    const blocks = (): number[][] =>
      Array.from({ length: 20 }, () => Array.from({ length: 30 }, () => normal(random, 0, 1)));
    const runs = Array.from({ length: 200 }, blocks);
    const truth = varianceOf(runs.map((run) => median(run.flat())));
    const found = meanOf(
      runs.map((run) => halfSampleVariances(run, (half) => [median(half.flat())])[0] as number),
    );
    expect(found / truth).toBeGreaterThan(0.8);
    expect(found / truth).toBeLessThan(1.25);
  });

  it('takes a ramp for no noise', () => {
    const ramp = Array.from({ length: 20 }, (_, second) => second * 100);
    expect(varianceOfMean(ramp)).toBeLessThan(varianceOf(ramp) / 20 / 50);
  });

  it('sees noise that lasts, in blocks that last longer', () => {
    const random = createRandom('lasting');
    const series = (): number[] => {
      let state = 0;
      return Array.from({ length: 600 }, () => {
        state = 0.8 * state + normal(random, 0, 1);
        return state;
      });
    };
    const runs = Array.from({ length: 500 }, series);
    const truth = varianceOf(runs.map(meanOf));
    const blocksOf = (run: readonly number[]): number[] =>
      Array.from({ length: 20 }, (_, block) => meanOf(run.slice(block * 30, (block + 1) * 30)));
    const found = meanOf(runs.map((run) => varianceOfMean(blocksOf(run))));
    expect(found / truth).toBeGreaterThan(0.7);
    expect(meanOf(runs.map((run) => varianceOf(run) / 600)) / truth).toBeLessThan(0.2);
  });

  it('gives no variance of too few items, nor of a figure that too few halves have', () => {
    expect(halfSampleVariances([1, 2, 3], (half) => [meanOf(half), 1])).toEqual([Number.NaN, Number.NaN]);
    const rare = halfSampleVariances([1, 2, 3, 4, 5, 6], (half) => [half.includes(1) ? 1 : Number.NaN, 1]);
    expect(rare).toEqual([Number.NaN, 0]);
  });
});
