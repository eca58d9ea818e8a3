import fc from 'fast-check';
import { Histogram } from 'loadline/metrics';
import { describe, expect, it } from 'vitest';

const values = fc.array(fc.oneof(fc.nat(300), fc.integer({ min: 0, max: 2 ** 40 })), { maxLength: 60 });

function histogramOf(...lists: readonly (readonly number[])[]): Histogram {
  const histogram = new Histogram();
  for (const value of lists.flat()) histogram.record(value);
  return histogram;
}

describe('what a histogram recorded since an earlier state', () => {
  it('has the count, the sum and the buckets of what was recorded in between', () => {
    fc.assert(
      fc.property(values, values, (before, after) => {
        const grown = histogramOf(before, after).since(histogramOf(before)) as Histogram;
        const expected = histogramOf(after);
        expect([grown.count, grown.sum]).toEqual([expected.count, expected.sum]);
        expect([...grown.buckets()].map(([, count]) => count)).toEqual(
          [...expected.buckets()].map(([, count]) => count),
        );
        for (const q of [0.5, 0.95]) {
          if (after.length === 0) continue;
          expect(grown.quantile(q)).toBeGreaterThanOrEqual(expected.quantile(q) / 1.008);
          expect(grown.quantile(q)).toBeLessThanOrEqual(expected.quantile(q) * 1.008 + 1);
        }
        // It travels as any other does.
        expect(Histogram.decode(grown.encode()).encode()).toEqual(grown.encode());
      }),
    );
  });

  it('is nothing where it was reset', () => {
    expect(histogramOf([5, 5]).since(histogramOf([5, 7]))).toBeUndefined();
    expect(histogramOf([5, 5, 6]).since(histogramOf([900]))).toBeUndefined();
  });
});

describe('the buckets of a histogram', () => {
  it('are those that hold something, with the highest value of each', () => {
    expect([...histogramOf([3, 3, 1000]).buckets()]).toEqual([
      [3, 2],
      [1000, 1],
    ]);
  });
});
