/**
 * Where a value lands in a log-linear histogram: every power of two is cut into 128 buckets of equal width.
 *
 *     values      0 … 255      256 … 511     512 … 1023     …     2^51 … 2^52 − 1
 *     width          1             2              4         …          2^44
 *     buckets     0 … 255      256 … 383     384 … 511      …      5760 … 5887
 *
 * A bucket is at most 1/128 of its lowest value wide, so no value in it is further than 0.79 % below its
 * highest. Below 256 every whole number has a bucket of its own, and nothing is lost.
 */

/** The largest value that has a bucket, 2^52 − 1: in microseconds, 142 years. */
export const valueMax: number = 2 ** 52 - 1;

/** Buckets per power of two. */
export const octaveBuckets = 128;

/** The bucket of a whole number from 0 to `valueMax`. */
export function bucketOf(value: number): number {
  if (value > 0x7fffffff) return bucketOf(Math.floor(value / 2 ** 21)) + 21 * octaveBuckets;
  const shift = 24 - Math.clz32(value | octaveBuckets);
  return (shift << 7) + (value >> shift);
}

/** The lowest value of a bucket. */
export function lowestOf(bucket: number): number {
  return bucket < 2 * octaveBuckets ? bucket : ((bucket & 127) | octaveBuckets) * widthOf(bucket);
}

/** The highest value of a bucket. */
export function highestOf(bucket: number): number {
  return lowestOf(bucket) + widthOf(bucket) - 1;
}

function widthOf(bucket: number): number {
  return bucket < 2 * octaveBuckets ? 1 : 2 ** ((bucket >> 7) - 1);
}
