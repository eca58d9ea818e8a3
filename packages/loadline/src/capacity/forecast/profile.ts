import { Level, type LevelHabits } from './level.ts';
import type { Predictor } from './predictor.ts';

export interface ProfileShape {
  /** Steps of a season, and of a day: a profile is drawn anew once a day. */
  readonly season: number;
  readonly day: number;
  /** So many of the last seasons are looked at. */
  readonly seasonsMax: number;
  /** So many steps before and after are looked at together. */
  readonly reach: number;
  /** Before this step nobody asks, and none is drawn. */
  readonly askedFrom: number;
}

/** Profiles of one history by the step that they were drawn after: what several predictors share is drawn once. */
export type DrawnProfiles = Map<number, Float64Array>;

/**
 * For each step of the season the median of the last seasons, so that a burst or an outage leaves no trace; and the
 * deviation from it, as a level that goes back to none.
 *
 * @param drawn shared by predictors of the same shape that go through the same history.
 */
export function createProfile(shape: ProfileShape, habits: LevelHabits, drawn: DrawnProfiles): Predictor {
  const { season, day, seasonsMax, askedFrom } = shape;
  const kept = new Float64Array(season * seasonsMax).fill(Number.NaN);
  let profile: Float64Array | undefined;
  let deviation = new Level(habits);
  let at = -1;

  /** What was a deviation from the old profile is another one from the new. */
  function begin(fresh: Float64Array): void {
    deviation = new Level(habits);
    for (let back = Math.min(day, at); back >= 0; back--) {
      const step = at - back;
      deviation.observe((kept[step % kept.length] as number) - (fresh[step % season] as number));
    }
    profile = fresh;
  }

  return {
    observe(value) {
      at++;
      kept[at % kept.length] = value;
      if (profile !== undefined) deviation.observe(value - (profile[at % season] as number));
      const isDue = (at + 1) % day === 0 && at + 1 >= season && at + day >= askedFrom;
      if (!isDue) return;
      const fresh = drawn.get(at) ?? drawProfile(kept, shape);
      // A forecast that goes on for months keeps the last few.
      if (drawn.size > drawnMax) drawn.clear();
      drawn.set(at, fresh);
      begin(fresh);
    },
    predict: (steps) =>
      profile === undefined
        ? Number.NaN
        : deviation.predict(steps) + (profile[(at + steps) % season] as number),
    predictAfter: (value, steps) =>
      profile === undefined
        ? Number.NaN
        : deviation.predictAfter(value - (profile[(at + 1) % season] as number), steps) +
          (profile[(at + 1 + steps) % season] as number),
  };
}

const drawnMax = 20;

function drawProfile(kept: Float64Array, { season, reach }: ProfileShape): Float64Array {
  const medians = new Float64Array(season);
  const seasons = kept.length / season;
  const buffer = new Float64Array(seasons);
  for (let step = 0; step < season; step++) {
    let count = 0;
    for (let each = 0; each < seasons; each++) {
      const value = kept[each * season + step] as number;
      if (!Number.isNaN(value)) buffer[count++] = value;
    }
    medians[step] = medianOf(buffer, count);
  }
  return smooth(fillGaps(medians), reach);
}

/** By insertion: there are few, and they come in nearly the same order again and again. */
function medianOf(buffer: Float64Array, count: number): number {
  if (count === 0) return Number.NaN;
  for (let at = 1; at < count; at++) {
    const value = buffer[at] as number;
    let to = at;
    for (; to > 0 && (buffer[to - 1] as number) > value; to--) buffer[to] = buffer[to - 1] as number;
    buffer[to] = value;
  }
  const middle = count >> 1;
  return count % 2 === 1
    ? (buffer[middle] as number)
    : ((buffer[middle - 1] as number) + (buffer[middle] as number)) / 2;
}

/** What was never measured is as it was before it. */
function fillGaps(values: Float64Array): Float64Array {
  let last = values.find((value) => !Number.isNaN(value)) ?? 0;
  return values.map((value) => {
    if (!Number.isNaN(value)) last = value;
    return last;
  });
}

/** The mean of each step and its neighbours, round the season. */
function smooth(values: Float64Array, reach: number): Float64Array {
  const { length } = values;
  const wrapped = (at: number): number => values[((at % length) + length) % length] as number;
  let sum = 0;
  for (let at = -reach; at <= reach; at++) sum += wrapped(at);
  return values.map((_, at) => {
    const mean = sum / (2 * reach + 1);
    sum += wrapped(at + reach + 1) - wrapped(at - reach);
    return mean;
  });
}
