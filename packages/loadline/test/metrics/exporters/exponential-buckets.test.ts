import fc from 'fast-check';
import { createHistogram } from 'loadline/metrics';
import { describe, expect, it } from 'vitest';
import { exponentialBuckets } from '../../../src/metrics/exporters/exponential-buckets.ts';

const microsecond = 1e-6;

function histogramOf(values: readonly number[]) {
  const histogram = createHistogram();
  for (const value of values) histogram.record(value);
  return histogram;
}

describe('exponentialBuckets()', () => {
  it('counts every value once, in a bucket whose bounds hold it but for 0.79 %', () => {
    const values = fc.array(
      fc.double({ min: 0, max: 36, noNaN: true }).map((log) => Math.floor(2 ** log) - 1),
      {
        minLength: 1,
        maxLength: 200,
      },
    );
    fc.assert(
      fc.property(values, (given) => {
        const { scale, zeroCount, offset, counts } = exponentialBuckets(histogramOf(given), microsecond);
        expect(zeroCount).toBe(given.filter((value) => value === 0).length);
        expect(counts.length).toBeLessThanOrEqual(160);
        const boundOf = (index: number): number => 2 ** (index / 2 ** scale) / microsecond;
        let counted = zeroCount;
        for (const [at, count] of counts.entries()) {
          expect(count).toBeGreaterThanOrEqual(0);
          counted += count;
          const bound = boundOf(offset + at + 1) * (1 + 1e-9);
          expect(counted).toBeGreaterThanOrEqual(given.filter((value) => value <= bound * (1 - 1e-8)).length);
          expect(counted).toBeLessThanOrEqual(given.filter((value) => value <= bound * 1.0079).length);
        }
        expect(counted).toBe(given.length);
      }),
    );
  });

  it('puts an upper bound into the bucket that it closes, as the specification has it', () => {
    const one = exponentialBuckets(histogramOf([1_000_000]), microsecond);
    expect(one).toEqual({ scale: 4, zeroCount: 0, offset: -1, counts: [1] });
    const above = exponentialBuckets(histogramOf([1_010_000]), microsecond);
    expect(above).toEqual({ scale: 4, zeroCount: 0, offset: 0, counts: [1] });
  });

  it('is as fine as 160 buckets allow', () => {
    expect(exponentialBuckets(histogramOf([1000, 1_000_000]), microsecond).scale).toBe(4);
    expect(exponentialBuckets(histogramOf([1000, 2_000_000]), microsecond).scale).toBe(3);
    expect(exponentialBuckets(histogramOf([1, 2 ** 52 - 1]), microsecond).scale).toBe(1);
  });

  it('has no bucket for nothing, and none for zeros alone', () => {
    expect(exponentialBuckets(histogramOf([]), microsecond).counts).toEqual([]);
    expect(exponentialBuckets(histogramOf([0, 0]), microsecond)).toMatchObject({ zeroCount: 2, counts: [] });
  });
});
