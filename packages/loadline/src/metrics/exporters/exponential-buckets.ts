import { toExposed, toRecorded } from '../exposure.ts';
import type { Histogram } from '../histogram.ts';

/**
 * A histogram's positive values as OpenTelemetry's exponential histogram has them: with base 2^(2^−scale),
 * bucket number i counts the values above base^i up to base^(i + 1).
 */
export interface ExponentialBuckets {
  readonly scale: number;
  /** How many values are 0. */
  readonly zeroCount: number;
  /** The number of the first bucket in `counts`. */
  readonly offset: number;
  readonly counts: readonly number[];
}

/** The finest scale that our own buckets carry: 16 a power of two, each 4.4 % wide. */
const scaleMax = 4;
/** The default limit of OpenTelemetry's SDKs. */
const bucketsMax = 160;

/**
 * Our buckets are linear within a power of two, these are not: a value up to 0.79 % above a bound may count
 * below it, just as with explicit bounds. Count and zero count are exact. From 0 on, 160 buckets of scale 4
 * hold values a factor of 1,000 apart, of scale 3 a million, of scale 1 everything.
 *
 * @param unit one recorded unit in the exposed one, see `Exposure.scale`.
 */
export function exponentialBuckets(histogram: Histogram, unit: number): ExponentialBuckets {
  const zeroCount = histogram.countAtOrBelow(0);
  if (histogram.count === zeroCount) return { scale: scaleMax, zeroCount, offset: 0, counts: [] };
  // Where there are zeros nobody knows the lowest value above them; it is at least one unit.
  const low = toExposed(Math.max(1, histogram.min), unit);
  const high = toExposed(histogram.max, unit);
  let scale = scaleMax;
  while (bucketOf(high, scale) - bucketOf(low, scale) >= bucketsMax) scale--;
  const offset = bucketOf(low, scale);
  const length = bucketOf(high, scale) - offset + 1;
  // The last bucket ends at or above the highest value, whatever the logarithms were rounded to.
  const ends = Array.from({ length: length - 1 }, (_, at) =>
    toRecorded(2 ** ((offset + at + 1) / 2 ** scale), unit),
  );
  const below = [zeroCount, ...histogram.countsAtOrBelow(ends), histogram.count];
  const counts = Array.from({ length }, (_, at) => (below[at + 1] as number) - (below[at] as number));
  return { scale, zeroCount, offset, counts };
}

function bucketOf(value: number, scale: number): number {
  return Math.ceil(Math.log2(value) * 2 ** scale) - 1;
}
