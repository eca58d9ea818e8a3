import { floorTo, hourMs, minuteMs } from './rollup.ts';
import type { ReadPlan } from './series-level.ts';
import type { Point } from './series-query.ts';
import type { Shown, SpansOfSeries } from './series-spans.ts';

/** The shortest span that all series of a level are known by; of raw samples it is the step. */
export function spanOf({ level, stepMs }: Pick<ReadPlan, 'level' | 'stepMs'>): number {
  return { raw: stepMs, minute: minuteMs, hour: hourMs }[level];
}

/**
 * What the series of a line were together: a point a step, which is the mean of the sums of its spans. Yields where others may
 * have their turn. Pure.
 *
 * Series are not looked at together, and come and go. So where one says nothing within a span of others, and did so within
 * five minutes before and after, or is not late yet where the window ends, it counts as it was last. And of an hour in which it
 * took the place of another, it counts for as much of it as it was there.
 */
export function* sumsOf(all: readonly SpansOfSeries[], plan: ReadPlan): Generator<undefined, Point[]> {
  const sums = new Map<number, SpanSum>();
  let work = 0;
  for (const series of all) {
    const shown = series.shown();
    work += shown.length;
    shown.forEach((each, at) => {
      const known = sums.get(each.startMs) ?? new SpanSum();
      known.expect(each, shareOf(shown, at, plan));
      sums.set(each.startMs, known);
    });
    if (work >= workAtOnce) {
      work = 0;
      yield;
    }
  }
  const starts = [...sums.keys()].sort((a, b) => a - b);
  const carry = (last: number, from: number, untilMs: number): void => {
    for (let at = from; (starts[at] ?? untilMs) < untilMs; at++)
      sums.get(starts[at] as number)?.addCarried(last);
  };
  for (const series of all) {
    const shown = series.shown();
    work += shown.length;
    shown.forEach((each, at) => {
      if (at === 0 && wasThereBefore(shown, plan)) carry(each.last, 0, each.startMs);
      sums.get(each.startMs)?.add(each, shareOf(shown, at, plan));
      carry(each.last, after(starts, each.startMs), countsUntil(shown, at, plan));
    });
    if (work >= workAtOnce) {
      work = 0;
      yield;
    }
  }
  const steps = Map.groupBy(starts, (startMs) => floorTo(plan.stepMs, startMs));
  return [...steps].map(([atMs, own]) =>
    pointOf(
      atMs,
      own.map((startMs) => sums.get(startMs) as SpanSum),
    ),
  );
}

/** Some milliseconds; what is less is done at once, since a turn of a busy process takes as long. */
const workAtOnce = 2000;

/** For how much of a span a series was there, from 0 to 1; where that is less than 1, whether it came or went. */
interface Share {
  readonly part: number;
  readonly change: 'came' | 'went' | 'none';
}

const whole: Share = { part: 1, change: 'none' };

/** Whoever is asked once a minute may miss it a few times. */
const silenceMaxMs = 5 * minuteMs;
/** Of whom nothing was heard for twice as long as before is gone. */
const lateFactor = 2;

/** Whether the first that a window has of a series is but the next of many. */
function wasThereBefore([first, second]: readonly Shown[], { fromMs }: ReadPlan): boolean {
  if (first === undefined || second === undefined) return false;
  return first.lastAtMs - fromMs <= Math.min(silenceMaxMs, second.lastAtMs - first.lastAtMs);
}

/** Until when a series counts as it was, after a span in which it said so. */
function countsUntil(shown: readonly Shown[], at: number, { toMs, nowMs }: ReadPlan): number {
  const { lastAtMs } = shown[at] as Shown;
  const next = shown[at + 1];
  if (next !== undefined) return next.startMs - lastAtMs <= silenceMaxMs ? next.startMs : lastAtMs;
  const before = shown[at - 1];
  const everyMs = before === undefined ? minuteMs : lastAtMs - before.lastAtMs;
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
function shareOf(shown: readonly Shown[], at: number, { level, nowMs }: ReadPlan): Share {
  if (level !== 'hour') return whole;
  const { startMs, count } = shown[at] as Shown;
  const [before, next] = [shown[at - 1], shown[at + 1]];
  const cameNow = before?.startMs !== startMs - hourMs;
  const wentNow = next?.startMs !== startMs + hourMs;
  const neighbour = cameNow ? next : before;
  if (cameNow === wentNow || neighbour === undefined || startMs + hourMs > nowMs) return whole;
  const part = count / neighbour.count;
  if (neighbour.count < valuesOfWholeMin || part >= wholeFrom) return whole;
  return { part, change: cameNow ? 'came' : 'went' };
}

/** What the series of a line were together in one span. All of them are told of before the first is added. */
class SpanSum {
  count = 0;
  mean = 0;
  min = 0;
  max = 0;
  last = 0;
  #latestMs = 0;
  #longest = 0;
  #change: Share['change'] | 'several' | undefined;

  expect({ lastAtMs }: Shown, { part, change }: Share): void {
    this.#latestMs = Math.max(this.#latestMs, lastAtMs);
    this.#longest = Math.max(this.#longest, part);
    this.#change = this.#change === undefined || this.#change === change ? change : 'several';
  }

  add({ count, sum, min, max, last, lastAtMs }: Shown, { part }: Share): void {
    // Where all came, or all went, it is looking that began or ended: each was there for as much as we looked.
    const share = this.#change === 'several' ? part : part / this.#longest;
    this.count += count;
    this.mean += (share * sum) / count;
    // Who was not there all the time may have been missing when the others were lowest.
    if (share === 1) this.min += min;
    this.max += max;
    if (lastAtMs >= this.#latestMs - silenceMaxMs) this.last += last;
  }

  addCarried(last: number): void {
    this.mean += last;
    this.min += last;
    this.max += last;
    this.last += last;
  }
}

function pointOf(atMs: number, sums: readonly SpanSum[]): Point {
  return {
    atMs,
    count: sums.reduce((all, { count }) => all + count, 0),
    mean: sums.reduce((all, { mean }) => all + mean, 0) / sums.length,
    min: Math.min(...sums.map(({ min }) => min)),
    max: Math.max(...sums.map(({ max }) => max)),
    last: (sums.at(-1) as SpanSum).last,
    quantiles: [],
  };
}
