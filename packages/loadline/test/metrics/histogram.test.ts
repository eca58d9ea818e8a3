import fc from 'fast-check';
import { build } from 'hdr-histogram-js';
import { createRandom } from 'loadline/base';
import { createHistogram, type Histogram } from 'loadline/metrics';
import { describe, expect, it } from 'vitest';

const valueMax = 2 ** 52 - 1;
/** The bound that the issue sets; ours is 1/128. */
const relativeErrorMax = 0.008;

/** Whole numbers of every magnitude alike, to 2^52 − 1. */
const anyValue = fc
  .tuple(fc.integer({ min: 0, max: 51 }), fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }))
  .map(([exponent, within]) => Math.min(valueMax, Math.floor(2 ** exponent * (1 + within))));
/** What hdr-histogram-js is asked about: up to its default 2^53 it counts in 64 bits. */
const latencyUs = fc.oneof(fc.nat({ max: 1000 }), fc.nat({ max: 100_000_000 }));
const quantile = fc.oneof(
  fc.constantFrom(0, 0.5, 0.9, 0.95, 0.99, 0.999, 1),
  fc.nat({ max: 1000 }).map((mille) => mille / 1000),
);

function histogramOf(values: Iterable<number>): Histogram {
  const histogram = createHistogram();
  for (const value of values) histogram.record(value);
  return histogram;
}

/** The nearest-rank quantile by its definition: the first value, in order, at whose rank k / n ≥ q. */
function exactQuantile(values: readonly number[], q: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted.find((_, at) => (at + 1) / sorted.length >= q) as number;
}

function exactSum(values: readonly number[]): number {
  return Number(values.reduce((sum, value) => sum + BigInt(value), 0n));
}

describe('a histogram', () => {
  it('has exact count, sum, lowest and highest value', () => {
    fc.assert(
      fc.property(fc.array(anyValue, { minLength: 1 }), (values) => {
        const { count, sum, min, max } = histogramOf(values);
        expect({ count, sum, min, max }).toEqual({
          count: values.length,
          sum: exactSum(values),
          min: Math.min(...values),
          max: Math.max(...values),
        });
      }),
    );
  });

  it('keeps the sum of values exact beyond 2^53, where doubles would round', () => {
    const histogram = histogramOf([valueMax, valueMax, valueMax, valueMax]);
    histogram.recordMany(1, 4);
    expect(histogram.sum).toBe(2 ** 54);
  });

  it('answers NaN, not 0, when nothing was recorded', () => {
    const { count, sum, min, max, mean } = createHistogram();
    expect([count, sum, min, max, mean]).toEqual([0, 0, NaN, NaN, NaN]);
    expect(createHistogram().quantile(0.5)).toBeNaN();
    expect(createHistogram().countAtOrBelow(valueMax)).toBe(0);
  });

  it('rounds fractions', () => {
    const histogram = histogramOf([1.4, 1.5, 2.6, 0.2]);
    expect([histogram.sum, histogram.min, histogram.max]).toEqual([6, 0, 3]);
  });

  it('moves what is out of range to the edge, and counts it', () => {
    const histogram = histogramOf([-1, 5, 2 ** 60, Number.POSITIVE_INFINITY]);
    expect([histogram.count, histogram.min, histogram.max]).toEqual([4, 0, valueMax]);
    expect([histogram.clamped, histogram.refused]).toEqual([3, 0]);
  });

  it('leaves NaN out, and counts it', () => {
    const histogram = histogramOf([NaN, 7]);
    expect([histogram.count, histogram.sum, histogram.refused, histogram.clamped]).toEqual([1, 7, 1, 0]);
  });

  it('counts on exactly when one bucket passes 32 bits, by one or by many', () => {
    const histogram = histogramOf([3, 70_000]);
    histogram.recordMany(1000, 2 ** 32 - 1);
    histogram.record(1000);
    expect(histogram.countsAtOrBelow([3, 1000, 70_000])).toEqual([1, 2 ** 32 + 1, 2 ** 32 + 2]);
    histogram.record(1000);
    histogram.recordMany(1000, 2 ** 40);
    expect(histogram.countsAtOrBelow([3, 1000])).toEqual([1, 2 ** 40 + 2 ** 32 + 2]);
    expect(histogram.sum).toBe(70_003 + 1000 * (2 ** 40 + 2 ** 32 + 1));
  });

  it('refuses to record a fraction of a time, and records nothing at count 0', () => {
    const histogram = createHistogram();
    expect(() => histogram.recordMany(1, 0.5)).toThrow(RangeError);
    expect(() => histogram.recordMany(1, -1)).toThrow(RangeError);
    histogram.recordMany(1, 0);
    expect(histogram.count).toBe(0);
  });

  it('forgets everything at a reset', () => {
    const histogram = histogramOf([5, 5000, -3, NaN]);
    histogram.reset();
    expect(histogram.encode()).toEqual(createHistogram().encode());
    histogram.record(9);
    expect([histogram.count, histogram.min, histogram.max, histogram.quantile(0.5)]).toEqual([1, 9, 9, 9]);
  });

  it('has a copy that goes its own way', () => {
    const histogram = histogramOf([5, 5000]);
    const copy = histogram.copy();
    histogram.record(7);
    expect([copy.count, histogram.count]).toEqual([2, 3]);
    expect(copy.encode()).toEqual(histogramOf([5, 5000]).encode());
  });
});

describe('quantile()', () => {
  it('is never below the exact nearest-rank value and less than 0.8 % above it', () => {
    fc.assert(
      fc.property(fc.array(anyValue, { minLength: 1, maxLength: 300 }), quantile, (values, q) => {
        const exact = exactQuantile(values, q);
        const found = histogramOf(values).quantile(q);
        expect(found).toBeGreaterThanOrEqual(exact);
        expect(found - exact).toBeLessThanOrEqual(exact * relativeErrorMax);
      }),
      { numRuns: 500 },
    );
  });

  it('agrees with hdr-histogram-js within the errors of both', () => {
    fc.assert(
      fc.property(fc.array(latencyUs, { minLength: 1, maxLength: 300 }), quantile, (values, q) => {
        const oracle = build({ numberOfSignificantValueDigits: 3 });
        for (const value of values) oracle.recordValue(value);
        const [ours, theirs] = [histogramOf(values).quantile(q), oracle.getValueAtPercentile(q * 100)];
        expect(Math.abs(ours - theirs)).toBeLessThanOrEqual(theirs * (relativeErrorMax + 0.001));
      }),
      { numRuns: 300 },
    );
  });

  it('takes the rank that the decimals mean: 0.07 of 100 values is the seventh', () => {
    const histogram = histogramOf(Array.from({ length: 100 }, (_, at) => at + 1));
    const hundredths = Array.from({ length: 100 }, (_, at) => at + 1);
    expect(hundredths.map((percent) => histogram.quantile(percent / 100))).toEqual(hundredths);
  });

  it('gives the exact lowest and highest value for 0 and 1', () => {
    const histogram = histogramOf([1_000_001, 5_000_003, 9_000_007]);
    expect([histogram.quantile(0), histogram.quantile(1)]).toEqual([1_000_001, 9_000_007]);
  });

  it.each([-0.1, 1.1, 95, NaN])('refuses %d', (q) => {
    expect(() => createHistogram().quantile(q)).toThrow(RangeError);
  });
});

describe('countAtOrBelow()', () => {
  it('counts what is at most the value, and of what is above it only its near neighbours', () => {
    fc.assert(
      fc.property(fc.array(latencyUs, { minLength: 1 }), latencyUs, (values, limit) => {
        const found = histogramOf(values).countAtOrBelow(limit);
        expect(found).toBeGreaterThanOrEqual(values.filter((value) => value <= limit).length);
        expect(found).toBeLessThanOrEqual(
          values.filter((value) => value <= limit * (1 + relativeErrorMax)).length,
        );
      }),
    );
  });

  it('answers a rising list as it answers each, also outside what was recorded', () => {
    const histogram = histogramOf([10, 2000, 2000, 30_000, valueMax]);
    const rising = [-1, 0, 9, 10, 10.5, 2000, 29_000, 30_000, 2 ** 51, 2 ** 60, Number.POSITIVE_INFINITY];
    expect(histogram.countsAtOrBelow(rising)).toEqual([0, 0, 0, 1, 1, 3, 3, 4, 4, 5, 5]);
    expect(rising.map((value) => histogram.countAtOrBelow(value))).toEqual(histogram.countsAtOrBelow(rising));
  });
});

describe('merge()', () => {
  it('equals recording everything in one histogram, in any order', () => {
    const parts = fc.array(fc.array(fc.oneof(anyValue, fc.constantFrom(NaN, -5, 2 ** 60))), {
      maxLength: 6,
    });
    fc.assert(
      fc.property(parts, fc.nat(), (lists, seed) => {
        const merged = createHistogram();
        for (const list of shuffled(lists, seed)) merged.merge(histogramOf(list));
        expect(merged.encode()).toEqual(histogramOf(lists.flat()).encode());
      }),
    );
  });

  it('is exact where counts pass 32 bits', () => {
    const [one, other] = [createHistogram(), createHistogram()];
    one.recordMany(77_000, 3_000_000_000);
    other.recordMany(77_000, 3_000_000_000);
    one.merge(other);
    one.merge(one);
    expect([one.count, one.countAtOrBelow(77_000), one.sum]).toEqual([12e9, 12e9, 77_000 * 12e9]);
    expect(other.count).toBe(3e9);
  });

  it('agrees with hdr-histogram-js on what was merged', () => {
    fc.assert(
      fc.property(fc.array(latencyUs), fc.array(latencyUs, { minLength: 1 }), (left, right) => {
        const [oracle, other] = [build(), build()];
        for (const value of left) oracle.recordValue(value);
        for (const value of right) other.recordValue(value);
        oracle.add(other);
        const ours = histogramOf(left);
        ours.merge(histogramOf(right));
        expect(ours.count).toBe(oracle.totalCount);
        const p99 = oracle.getValueAtPercentile(99);
        expect(Math.abs(ours.quantile(0.99) - p99)).toBeLessThanOrEqual(p99 * (relativeErrorMax + 0.001));
      }),
    );
  });
});

function shuffled<Item>(items: readonly Item[], seed: number): Item[] {
  const random = createRandom(seed);
  return items
    .map((item) => ({ item, key: random() }))
    .sort((a, b) => a.key - b.key)
    .map(({ item }) => item);
}

describe('a histogram that is added from its bytes', () => {
  it('adds just what merging the histogram itself does, however many are added in a row', () => {
    fc.assert(
      fc.property(fc.array(fc.array(anyValue, { maxLength: 20 }), { maxLength: 6 }), (parts) => {
        const merged = createHistogram();
        const added = createHistogram();
        for (const values of parts) {
          const part = histogramOf(values);
          merged.merge(part);
          added.mergeEncoded(part.encode());
        }
        expect(added.encode()).toEqual(merged.encode());
        expect([added.count, added.sum, added.min, added.max]).toEqual([
          merged.count,
          merged.sum,
          merged.min,
          merged.max,
        ]);
      }),
    );
  });

  it('adds nothing of bytes that are none', () => {
    const histogram = histogramOf([1, 1000]);
    const before = histogram.encode();
    const bytes = histogramOf([5, 7000, 9000]).encode();
    for (const broken of [bytes.subarray(0, -1), Uint8Array.of(...bytes, 2), Uint8Array.of(9)])
      expect(() => histogram.mergeEncoded(broken)).toThrow(/Cannot read a histogram/);
    expect(histogram.encode()).toEqual(before);
  });
});
