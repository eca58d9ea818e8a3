import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bucketOf, highestOf, lowestOf, valueMax } from '../../src/metrics/buckets.ts';

/** Whole numbers of every magnitude alike, rather than mostly huge ones. */
const values = fc
  .tuple(fc.integer({ min: 0, max: 51 }), fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }))
  .map(([exponent, within]) => Math.min(valueMax, Math.floor(2 ** exponent * (1 + within))));

describe('bucketOf()', () => {
  it('gives every whole number below 256 a bucket of its own', () => {
    for (let value = 0; value < 256; value++) {
      expect([bucketOf(value), lowestOf(value), highestOf(value)]).toEqual([value, value, value]);
    }
  });

  it('numbers the buckets without a gap, from 0 to that of the largest value', () => {
    for (let bucket = 0; bucket < 5887; bucket++) {
      expect(bucketOf(highestOf(bucket) + 1)).toBe(bucket + 1);
    }
    expect([bucketOf(valueMax), highestOf(5887)]).toEqual([5887, valueMax]);
  });

  it('puts every value between the lowest and the highest of its bucket', () => {
    fc.assert(
      fc.property(values, (value) => {
        const bucket = bucketOf(value);
        expect(lowestOf(bucket)).toBeLessThanOrEqual(value);
        expect(highestOf(bucket)).toBeGreaterThanOrEqual(value);
      }),
    );
  });

  it('makes no bucket wider than 0.79 % of its lowest value', () => {
    for (let bucket = 256; bucket <= 5887; bucket++) {
      expect((highestOf(bucket) - lowestOf(bucket)) / lowestOf(bucket)).toBeLessThan(1 / 128);
    }
  });

  it.each([2 ** 31 - 1, 2 ** 31, 2 ** 31 + 2 ** 24, 2 ** 32, 2 ** 42])(
    'finds the bucket of %d on both sides of 31 bits',
    (value) => {
      const bucket = bucketOf(value);
      expect(lowestOf(bucket) <= value && value <= highestOf(bucket)).toBe(true);
    },
  );
});
