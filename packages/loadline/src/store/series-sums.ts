import { floorTo, hourMs, minuteMs, type Rollup } from './rollup.ts';
import type { ReadPlan } from './series-level.ts';
import type { Level, Point } from './series-query.ts';

/** What the series of a line were: by their numbers, in each span of which something is known. */
export type BySeries = ReadonlyMap<number, ReadonlyMap<number, Rollup>>;

/** The shortest span that a series of a level is known by; of raw samples it is the step. */
export function spanOf({ level, stepMs }: Pick<ReadPlan, 'level' | 'stepMs'>): number {
  return { raw: stepMs, minute: minuteMs, hour: hourMs }[level satisfies Level];
}

/**
 * What the series of a line were together: a point a step, which is the mean of the sums of its spans. Pure.
 *
 * Series are not looked at together, and come and go. So where one says nothing within a span of others, and did so within
 * five minutes before and after, or is not late yet where the window ends, it counts as it was last. And of an hour in which it
 * took the place of another, it counts for as much of it as it was there.
 */
export function sumsOf(bySeries: BySeries, plan: ReadPlan): Point[] {
  const starts = [...new Set([...bySeries.values()].flatMap((own) => [...own.keys()]))].sort((a, b) => a - b);
  const shares = new Map(starts.map((startMs) => [startMs, [] as Share[]]));
  const carry = (rollup: Rollup, from: number, untilMs: number): void => {
    for (let at = from; (starts[at] ?? untilMs) < untilMs; at++)
      shares.get(starts[at] as number)?.push({ rollup, part: 1, isCarried: true });
  };
  for (const own of bySeries.values()) {
    const shown = [...own].sort(([a], [b]) => a - b);
    shown.forEach(([startMs, rollup], at) => {
      if (at === 0 && wasThereBefore(shown, plan)) carry(rollup, 0, startMs);
      shares.get(startMs)?.push(plan.level === 'hour' ? partOf(shown, at, plan) : { rollup, part: 1 });
      carry(rollup, after(starts, startMs), countsUntil(shown, at, plan));
    });
  }
  const steps = Map.groupBy(shares, ([startMs]) => floorTo(plan.stepMs, startMs));
  return [...steps].map(([atMs, spans]) =>
    pointOf(
      atMs,
      spans.map(([, own]) => sumOf(evened(own))),
    ),
  );
}

/** A series in a span. */
interface Share {
  readonly rollup: Rollup;
  /** For how much of the span it was there, from 0 to 1. */
  readonly part: number;
  /** Where that is less than 1, whether it came or went. */
  readonly change?: 'came' | 'went';
  /** It said this before. */
  readonly isCarried?: true;
}

type Shown = readonly (readonly [startMs: number, rollup: Rollup])[];

/** Whoever is asked once a minute may miss it a few times. */
const silenceMaxMs = 5 * minuteMs;
/** Of whom nothing was heard for twice as long as before is gone. */
const lateFactor = 2;

/** Whether the first that a window has of a series is but the next of many. */
function wasThereBefore([first, second]: Shown, { fromMs }: ReadPlan): boolean {
  if (first === undefined || second === undefined) return false;
  const { lastAtMs } = first[1];
  return lastAtMs - fromMs <= Math.min(silenceMaxMs, second[1].lastAtMs - lastAtMs);
}

/** Until when a series counts as it was, after a span in which it said so. */
function countsUntil(shown: Shown, at: number, { toMs, nowMs }: ReadPlan): number {
  const [, { lastAtMs }] = shown[at] as Shown[number];
  const next = shown[at + 1];
  if (next !== undefined) return next[0] - lastAtMs <= silenceMaxMs ? next[0] : lastAtMs;
  const before = shown[at - 1];
  const everyMs = before === undefined ? minuteMs : lastAtMs - before[1].lastAtMs;
  const endMs = Math.min(toMs, nowMs);
  const isLate = endMs > lastAtMs + Math.min(silenceMaxMs, lateFactor * everyMs);
  return isLate ? lastAtMs : endMs;
}

/** The place of the first that is later. */
function after(rising: readonly number[], than: number): number {
  let [low, high] = [0, rising.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((rising[middle] as number) > than) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** Fewer values an hour say little of how long it was there. */
const valuesOfWholeMin = 30;
/** How many values there are in an hour also varies a little where it was there all the time. */
const wholeFrom = 0.95;

/** How much of an hour a series was there, by how much more it said in the hour before or after. */
function partOf(shown: Shown, at: number, { nowMs }: ReadPlan): Share {
  const [startMs, rollup] = shown[at] as Shown[number];
  const [before, next] = [shown[at - 1], shown[at + 1]];
  const cameNow = before?.[0] !== startMs - hourMs;
  const wentNow = next?.[0] !== startMs + hourMs;
  const neighbour = cameNow ? next : before;
  if (cameNow === wentNow || neighbour === undefined || startMs + hourMs > nowMs) return { rollup, part: 1 };
  const { count } = neighbour[1];
  const part = rollup.count / count;
  if (count < valuesOfWholeMin || part >= wholeFrom) return { rollup, part: 1 };
  return { rollup, part, change: cameNow ? 'came' : 'went' };
}

/** Where all of them came, or all went, it is looking that began or ended: then each was there as long as we looked. */
function evened(own: readonly Share[]): readonly Share[] {
  const [first] = own;
  if (first?.change === undefined || own.some(({ change }) => change !== first.change)) return own;
  const longest = Math.max(...own.map(({ part }) => part));
  return own.map(({ rollup, part }) => ({ rollup, part: part / longest }));
}

type Sum = Omit<Point, 'atMs' | 'quantiles'>;

function sumOf(own: readonly Share[]): Sum {
  const sum = { count: 0, mean: 0, min: 0, max: 0, last: 0 };
  const latestMs = own.reduce((latest, { rollup }) => Math.max(latest, rollup.lastAtMs), 0);
  for (const { rollup, part, isCarried } of own) {
    const { last, lastAtMs } = rollup;
    if (isCarried !== true) sum.count += rollup.count;
    sum.mean += part * (isCarried ? last : rollup.sum / rollup.count);
    // Who was not there all the time may have been missing when the others were lowest.
    if (part === 1) sum.min += isCarried ? last : rollup.min;
    sum.max += isCarried ? last : rollup.max;
    if (lastAtMs >= latestMs - silenceMaxMs) sum.last += last;
  }
  return sum;
}

function pointOf(atMs: number, sums: readonly Sum[]): Point {
  return {
    atMs,
    count: sums.reduce((all, { count }) => all + count, 0),
    mean: sums.reduce((all, { mean }) => all + mean, 0) / sums.length,
    min: Math.min(...sums.map(({ min }) => min)),
    max: Math.max(...sums.map(({ max }) => max)),
    last: (sums.at(-1) as Sum).last,
    quantiles: [],
  };
}
