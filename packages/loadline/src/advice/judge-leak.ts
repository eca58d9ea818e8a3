/** What a heap held after its collections, at some moment. */
export interface HeapPoint {
  /** Milliseconds, in any zero. */
  readonly atMs: number;
  readonly bytes: number;
}

/** Whether a heap grows without end. */
export interface LeakVerdict {
  readonly isLeak: boolean;
  /** Below 0 where it shrinks. */
  readonly growthBytesPerSecond: number;
  /** Of how many points since the process began. */
  readonly samples: number;
}

const pointsMin = 8;
const pointsMax = 200;
/** A heap that falls by so much at once is that of a new process. */
const fallRatio = 0.7;
/** One such trend in 200 series of mere chance. */
const trendMin = 2.58;
/** Less than this of the heap, and of memory at all, is no trouble of the next hours. */
const growthRatioMin = 0.1;
const growthBytesMin = 8 * 2 ** 20;
/** What fills a cache grows ever more slowly; a leak goes on. */
const laterShareMin = 0.5;

/**
 * Judges whether a heap leaks, by what it held after collections over some hours: it has to rise steadily (Kendall's rank
 * test), by a tenth and 8 MiB in all, and in the second half at least half as fast as in all. The growth is the median of the
 * slopes between any two points (Theil and Sen), which a few outliers do not move.
 *
 * @param points in the order of time; of more than 200 the latest count.
 * @returns undefined where there are fewer than 8 since the process began. Pure.
 */
export function judgeLeak(points: readonly HeapPoint[]): LeakVerdict | undefined {
  const own = sinceStart(points).slice(-pointsMax);
  const [first, last] = [own[0], own.at(-1)];
  if (own.length < pointsMin || first === undefined || last === undefined) return undefined;
  const growthBytesPerMs = slopeOf(own);
  const grownBytes = growthBytesPerMs * (last.atMs - first.atMs);
  const startBytes = Math.max(0, last.bytes - grownBytes);
  const later = slopeOf(own.slice(Math.floor(own.length / 2)));
  const isLeak =
    trendOf(own) >= trendMin &&
    grownBytes >= Math.max(growthBytesMin, growthRatioMin * startBytes) &&
    later >= laterShareMin * growthBytesPerMs;
  return { isLeak, growthBytesPerSecond: growthBytesPerMs * 1000, samples: own.length };
}

/** One point that stands out is no fall: what comes after it is held against the one before, too. */
function sinceStart(points: readonly HeapPoint[]): readonly HeapPoint[] {
  const fall = points.findLastIndex(({ bytes }, index) => {
    const before = points.slice(Math.max(0, index - 2), index);
    return before.length > 0 && bytes < fallRatio * Math.min(...before.map((each) => each.bytes));
  });
  return points.slice(Math.max(0, fall));
}

function slopeOf(points: readonly HeapPoint[]): number {
  const slopes = pairsOf(points)
    .filter(([a, b]) => b.atMs > a.atMs)
    .map(([a, b]) => (b.bytes - a.bytes) / (b.atMs - a.atMs))
    .toSorted((a, b) => a - b);
  return slopes[slopes.length >> 1] ?? 0;
}

/** How many deviations more pairs rise than fall, of what chance would make of them. */
function trendOf(points: readonly HeapPoint[]): number {
  const count = points.length;
  const rises = pairsOf(points).reduce((sum, [a, b]) => sum + Math.sign(b.bytes - a.bytes), 0);
  const deviation = Math.sqrt((count * (count - 1) * (2 * count + 5)) / 18);
  return (rises - Math.sign(rises)) / deviation;
}

function pairsOf(points: readonly HeapPoint[]): (readonly [HeapPoint, HeapPoint])[] {
  return points.flatMap((a, index) => points.slice(index + 1).map((b) => [a, b] as const));
}
