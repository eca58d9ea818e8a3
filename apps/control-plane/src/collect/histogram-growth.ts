import { Histogram } from 'loadline/metrics';
import type { ReadHistogram } from './reading.ts';

/**
 * What was recorded between two states, as a histogram whose whole numbers are `scale` units each; undefined where
 * nothing was, or more than there can be. Pure.
 *
 * @param before absent where the series was not there yet.
 * @param perUnit what one of the unit that is wanted is in the unit of the name: 0.001 for milliseconds of seconds.
 */
export function growthOf(
  before: ReadHistogram | undefined,
  after: ReadHistogram,
  { scale, perUnit }: { readonly scale: number; readonly perUnit: number },
): Histogram | undefined {
  const grown =
    after.form === 'bounds'
      ? boundedGrowth(before?.form === 'bounds' ? before : undefined, after, scale * perUnit)
      : exactGrowth(before, after, scale * perUnit);
  return grown !== undefined && grown.count > 0 && grown.count <= valuesMax ? grown : undefined;
}

/** The store keeps no more; whoever shows more than a million a second shows no measurement. */
const valuesMax = 100_000_000;

type Exact = Exclude<ReadHistogram, { form: 'bounds' }>;
type Bounded = Extract<ReadHistogram, { form: 'bounds' }>;

function exactGrowth(before: ReadHistogram | undefined, after: Exact, grain: number): Histogram {
  const earlier = before === undefined || before.form === 'bounds' ? new Histogram() : unpacked(before);
  const now = unpacked(after);
  // A process that has started anew has recorded all that it holds since then.
  const grown = now.since(earlier) ?? now;
  const factor = after.scale / grain;
  if (Math.abs(factor - 1) < 1e-9) return grown;
  const scaled = new Histogram();
  for (const [value, count] of grown.buckets()) scaled.recordMany(value * factor, count);
  return scaled;
}

function unpacked(read: Exact): Histogram {
  return read.form === 'exact' ? read.histogram : Histogram.decode(read.bytes);
}

/** Into how many values a bucket is spread: Prometheus, too, takes what is in a bucket to lie evenly in it. */
const spread = 10;

function boundedGrowth(before: Bounded | undefined, after: Bounded, grain: number): Histogram | undefined {
  const counts = countsSince(before, after);
  if (counts.some((count) => count > valuesMax)) return undefined;
  const grown = new Histogram();
  counts.forEach((count, at) => {
    const low = at === 0 ? 0 : (after.bounds[at - 1] as number);
    const high = after.bounds[at] as number;
    // Of what lies above the last bound nothing is known but that.
    if (!Number.isFinite(high)) grown.recordMany(low / grain, count);
    else spreadEvenly(grown, { low: low / grain, high: high / grain, count });
  });
  return grown;
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

function spreadEvenly(
  into: Histogram,
  { low, high, count }: { readonly low: number; readonly high: number; readonly count: number },
): void {
  const parts = Math.min(spread, count);
  for (let part = 0; part < parts; part++) {
    const share = Math.floor(((part + 1) * count) / parts) - Math.floor((part * count) / parts);
    into.recordMany(low + ((high - low) * (part + 0.5)) / parts, share);
  }
}
