import { Histogram } from 'loadline/metrics';
import type { ReadHistogram } from './reading.ts';

/** What the whole numbers of a histogram are to be. */
export interface WantedUnit {
  /** So many units each. */
  readonly scale: number;
  /** What one of the unit that is wanted is in the unit of the name: 0.001 for milliseconds of seconds. */
  readonly perUnit: number;
}

/**
 * What was recorded between two states, as a histogram whose whole numbers are `scale` units each; undefined where
 * nothing was, or more than there can be. Pure.
 *
 * @param before absent where the series was not there yet.
 */
export function growthOf(
  before: ReadHistogram | undefined,
  after: ReadHistogram,
  { scale, perUnit }: WantedUnit,
): Histogram | undefined {
  const grown =
    after.form === 'bounds'
      ? boundedGrowth(before?.form === 'bounds' ? before : undefined, after, scale * perUnit)
      : exactGrowth(before, after, scale * perUnit);
  return grown !== undefined && grown.count > 0 && grown.count <= valuesMax ? grown : undefined;
}

/**
 * All that was recorded, in the same units. A later total of the same series has at least as many in each of its buckets, so that
 * its `since()` tells what came in between. It may be what was read itself: it is not to be changed. Pure.
 *
 * @throws RangeError where a count is no finite number.
 */
export function totalOf(read: ReadHistogram, { scale, perUnit }: WantedUnit): Histogram {
  const grain = scale * perUnit;
  if (read.form !== 'bounds') return scaled(unpacked(read), read.scale / grain);
  return recordBuckets({ bounds: read.bounds, counts: countsSince(undefined, read), grain }, spreadInTurn);
}

/** The store keeps no more; whoever shows more than a million a second shows no measurement. */
const valuesMax = 100_000_000;

type Exact = Exclude<ReadHistogram, { form: 'bounds' }>;
type Bounded = Extract<ReadHistogram, { form: 'bounds' }>;

function exactGrowth(before: ReadHistogram | undefined, after: Exact, grain: number): Histogram {
  const earlier = before === undefined || before.form === 'bounds' ? new Histogram() : unpacked(before);
  const now = unpacked(after);
  // A process that has started anew has recorded all that it holds since then.
  return scaled(now.since(earlier) ?? now, after.scale / grain);
}

function unpacked(read: Exact): Histogram {
  return read.form === 'exact' ? read.histogram : Histogram.decode(read.bytes);
}

function scaled(histogram: Histogram, factor: number): Histogram {
  if (Math.abs(factor - 1) < 1e-9) return histogram;
  const all = new Histogram();
  for (const [value, count] of histogram.buckets()) all.recordMany(value * factor, count);
  return all;
}

function boundedGrowth(before: Bounded | undefined, after: Bounded, grain: number): Histogram | undefined {
  const counts = countsSince(before, after);
  // Endless ones have no difference.
  if (counts.some((count) => !(count <= valuesMax))) return undefined;
  return recordBuckets({ bounds: after.bounds, counts, grain }, spreadEvenly);
}

function countsSince(before: Bounded | undefined, after: Bounded): readonly number[] {
  const isSame = before !== undefined && before.bounds.join() === after.bounds.join();
  const isReset = !isSame || after.counts.some((count, at) => count < (before.counts[at] as number));
  const since = isReset
    ? after.counts
    : after.counts.map((count, at) => count - (before.counts[at] as number));
  return since.map((count, at) =>
    Math.max(0, Math.round(count - (at === 0 ? 0 : (since[at - 1] as number)))),
  );
}

interface Bucket {
  readonly low: number;
  readonly high: number;
  readonly count: number;
}

interface Buckets {
  readonly bounds: readonly number[];
  /** In each bucket by itself. */
  readonly counts: readonly number[];
  readonly grain: number;
}

function recordBuckets({ bounds, counts, grain }: Buckets, record: typeof spreadEvenly): Histogram {
  const all = new Histogram();
  counts.forEach((count, at) => {
    const low = (at === 0 ? 0 : (bounds[at - 1] as number)) / grain;
    const high = (bounds[at] as number) / grain;
    // Of what lies above the last bound nothing is known but that.
    if (Number.isFinite(high)) record(all, { low, high, count });
    else all.recordMany(low, count);
  });
  return all;
}

/** Into how many values a bucket is spread: Prometheus, too, takes what is in a bucket to lie evenly in it. */
const spread = 10;

/** Each part gets its share; a single value lies in the middle. */
function spreadEvenly(into: Histogram, { low, high, count }: Bucket): void {
  const parts = Math.min(spread, count);
  for (let part = 0; part < parts; part++) {
    const share = Math.floor(((part + 1) * count) / parts) - Math.floor((part * count) / parts);
    into.recordMany(low + ((high - low) * (part + 0.5)) / parts, share);
  }
}

/**
 * As evenly, but for a few values, and so that one more changes nothing of those before: the parts take turns, in leaps, from the
 * middle. A growth is better spread by itself: a single value of a look would lie now here, now there.
 */
function spreadInTurn(into: Histogram, { low, high, count }: Bucket): void {
  for (let part = 0; part < spread; part++) {
    const turn = (part * 3 + 5) % spread;
    const share = Math.floor((count + spread - 1 - turn) / spread);
    into.recordMany(low + ((high - low) * (part + 0.5)) / spread, share);
  }
}
