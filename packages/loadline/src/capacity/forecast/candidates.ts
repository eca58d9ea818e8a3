import { createHoltWinters } from './holt-winters.ts';
import { Level, type LevelHabits } from './level.ts';
import type { Predictor } from './predictor.ts';
import { createProfile, type DrawnProfiles } from './profile.ts';
import { createSeasonalNaive } from './seasonal-naive.ts';

/** A way to forecast that a back-test may choose. */
export interface Candidate {
  readonly name: string;
  /** How long what it foresees repeats; undefined where it knows no season. */
  readonly season: 'day' | 'week' | undefined;
  /** Whether it is what the others have to beat. */
  readonly isNaive: boolean;
  /** So many seasons have to have gone by before it may be judged. */
  create(): Predictor;
}

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
export const dayMs: number = 24 * hourMs;

/**
 * What is tried on a history. Seasons are tried once two of them are there, and as whole numbers of steps; without
 * one, the naive forecast is the last value.
 *
 * @param steps how long the history is.
 * @param askedFrom the first step after which they are asked.
 */
export function candidatesFor(stepMs: number, steps: number, askedFrom: number): readonly Candidate[] {
  const day = dayMs / stepMs;
  const isWhole = Number.isInteger(day) && day >= 2;
  const seasons = (['day', 'week'] as const)
    .map((name) => ({ name, length: name === 'day' ? day : 7 * day }))
    .filter(({ length }) => isWhole && steps >= 2 * length);
  return [
    ...seasonless(stepMs, seasons.length === 0),
    ...seasons.flatMap(({ name, length }) => seasonal(name, length, { day, stepMs, askedFrom })),
  ];
}

function seasonless(stepMs: number, isAlone: boolean): Candidate[] {
  const candidate = (name: string, habits: LevelHabits, isNaive = false): Candidate => ({
    name,
    season: undefined,
    isNaive,
    create: () => new Level(habits),
  });
  return [
    candidate('last value', { pace: 1, trendPace: 0, trendKept: 1, levelKept: 1 }, isAlone),
    candidate('level', levelOf(stepMs, { paceMs: 5 * minuteMs })),
    candidate('quick trend', levelOf(stepMs, { paceMs: 1, trendMs: 5 * minuteMs })),
    candidate('damped trend', levelOf(stepMs, { paceMs: 2 * minuteMs, trendMs: 10 * minuteMs })),
  ];
}

function seasonal(
  season: 'day' | 'week',
  length: number,
  { day, stepMs, askedFrom }: { readonly day: number; readonly stepMs: number; readonly askedFrom: number },
): Candidate[] {
  const shape = {
    season: length,
    day,
    seasonsMax: season === 'day' ? 14 : 4,
    reach: Math.floor((5 * minuteMs) / stepMs),
    askedFrom,
  };
  const drawn: DrawnProfiles = new Map();
  const profile = (name: string, times: LevelTimes): Candidate => ({
    name: `profile of the ${season}, ${name}`,
    season,
    isNaive: false,
    create: () => createProfile(shape, levelOf(stepMs, times), drawn),
  });
  const holtWinters = (name: string, seasonPace: number, times: LevelTimes): Candidate => ({
    name: `Holt-Winters by ${season}, ${name}`,
    season,
    isNaive: false,
    create: () => createHoltWinters(length, seasonPace, levelOf(stepMs, times)),
  });
  return [
    {
      name: `seasonal naive by ${season}`,
      season,
      isNaive: true,
      create: () => createSeasonalNaive(length),
    },
    profile('deviations as last seen', { paceMs: 1, keptMs: 2 * hourMs }),
    profile('deviations last minutes', { paceMs: 2 * minuteMs, keptMs: 20 * minuteMs }),
    profile('deviations last an hour', { paceMs: 3 * minuteMs, keptMs: hourMs }),
    profile('deviations last half a day', { paceMs: 10 * minuteMs, keptMs: 12 * hourMs }),
    profile('deviations with a quick trend', { paceMs: 1, keptMs: 2 * hourMs, trendMs: 5 * minuteMs }),
    profile('deviations with a trend', { paceMs: 2 * minuteMs, keptMs: hourMs, trendMs: 10 * minuteMs }),
    holtWinters('quick', 0.2, { paceMs: 5 * minuteMs, trendMs: 30 * minuteMs }),
    holtWinters('steady', 0.2, { paceMs: hourMs }),
  ];
}

/** A level's habits as times, so that they are the same whatever the step. */
interface LevelTimes {
  /** In this time it takes over all but 1/e of a change. */
  readonly paceMs: number;
  /** In this time it falls to 1/e; it stays where this is absent. */
  readonly keptMs?: number;
  /** In this time its trend levels off, which follows half as quickly as the level; absent: it has none. */
  readonly trendMs?: number;
}

function levelOf(stepMs: number, { paceMs, keptMs, trendMs }: LevelTimes): LevelHabits {
  const pace = 1 - Math.exp(-stepMs / paceMs);
  return {
    pace,
    trendPace: trendMs === undefined ? 0 : pace / 2,
    trendKept: trendMs === undefined ? 1 : Math.exp(-stepMs / trendMs),
    levelKept: keptMs === undefined ? 1 : Math.exp(-stepMs / keptMs),
  };
}
