import type { Stage } from './plan.ts';
import { constantRate } from './shapes/constant-rate.ts';
import { constantUsers } from './shapes/constant-users.ts';
import { iterations } from './shapes/iterations.ts';
import { poissonArrivals } from './shapes/poisson-arrivals.ts';
import { rampingRate } from './shapes/ramping-rate.ts';
import { rampingUsers } from './shapes/ramping-users.ts';
import type { Shape } from './shapes/shape.ts';

/**
 * When users come and when work is due, from the stages alone. Pure: no clock, and its chance is seeded, so
 * that a schedule can be split over machines, replayed, and held against what was achieved.
 */
export interface Schedule {
  /** From the start to the end of the last stage. */
  readonly durationMs: number;
  /** How many users a closed stage wants at this time; 0 in an open stage and outside the run. */
  usersAt(elapsedMs: number): number;
  /** When the closed stages' number of users changes next, after this time; undefined when it does not. */
  nextUserChange(elapsedMs: number): number | undefined;
  /** Which stage it is at this time, from 0; −1 outside the run. */
  stageAt(elapsedMs: number): number;
  /** How many iterations a user of the stage at this time may begin. */
  iterationsPerUserAt(elapsedMs: number): number;
  /** When the arrival of this index (from 0) is due, in milliseconds from the start; undefined past the last. */
  arrivalAt(index: number): number | undefined;
  /** How many arrivals the whole run has. */
  readonly arrivals: number;
  /** How many users the closed stages want at their highest. */
  readonly usersPeak: number;
  /** The last stage, where it is over as soon as all users have done their iterations; undefined where it is not. */
  readonly countedStage: number | undefined;
}

/**
 * Puts stages one after another. An open stage that follows another goes on within the fraction of an arrival
 * that the other has left.
 *
 * @param seed repeats the random arrivals.
 */
export function createSchedule(stages: readonly Stage[], seed = ''): Schedule {
  const placed = place(stages, seed);
  const durationMs = placed.at(-1)?.endMs ?? 0;
  const open = placed.filter(({ shape }) => shape.arrivals > 0);
  const at = (elapsedMs: number): PlacedShape | undefined =>
    placed.find((stage) => isWithin(stage, elapsedMs));
  return {
    durationMs,
    usersAt(elapsedMs) {
      const stage = at(elapsedMs);
      return stage === undefined ? 0 : stage.shape.usersAt(elapsedMs - stage.startMs);
    },
    stageAt: (elapsedMs) => placed.findIndex((stage) => isWithin(stage, elapsedMs)),
    nextUserChange: (elapsedMs) => nextUserChange(placed, elapsedMs),
    iterationsPerUserAt: (elapsedMs) => at(elapsedMs)?.shape.iterationsPerUser ?? Number.POSITIVE_INFINITY,
    arrivalAt(index) {
      const stage = open.find((each) => index < each.arrivalsBefore + each.shape.arrivals);
      return stage === undefined
        ? undefined
        : stage.startMs + stage.shape.arrivalAt(index - stage.arrivalsBefore);
    },
    arrivals: open.reduce((sum, { shape }) => sum + shape.arrivals, 0),
    usersPeak: placed.reduce((peak, { shape }) => Math.max(peak, shape.usersPeak), 0),
    countedStage: stages.at(-1)?.kind === 'iterations' ? stages.length - 1 : undefined,
  };
}

interface PlacedShape {
  readonly shape: Shape;
  readonly startMs: number;
  readonly endMs: number;
  readonly arrivalsBefore: number;
}

function isWithin({ startMs, endMs }: PlacedShape, elapsedMs: number): boolean {
  return elapsedMs >= startMs && elapsedMs < endMs;
}

function place(stages: readonly Stage[], seed: string): PlacedShape[] {
  let startMs = 0;
  let arrivalsBefore = 0;
  let untilFirst = 0;
  return stages.map((stage, index) => {
    const shape = shapeOf(stage, untilFirst, `${seed}/${index}`);
    const placed = { shape, startMs, endMs: startMs + stage.durationMs, arrivalsBefore };
    startMs += stage.durationMs;
    arrivalsBefore += shape.arrivals;
    untilFirst = shape.untilNext;
    return placed;
  });
}

function shapeOf(stage: Stage, untilFirst: number, seed: string): Shape {
  const { durationMs } = stage;
  if (stage.kind === 'iterations') return iterations(stage.users, stage.perUser);
  const { from, to } = stage;
  if (stage.kind === 'users') return from === to ? constantUsers(from) : rampingUsers(from, to, durationMs);
  if (stage.spacing === 'poisson') return poissonArrivals(from, to, durationMs, seed);
  return from === to
    ? constantRate(from, durationMs, untilFirst)
    : rampingRate(from, to, durationMs, untilFirst);
}

function nextUserChange(placed: readonly PlacedShape[], elapsedMs: number): number | undefined {
  for (const { shape, startMs, endMs } of placed) {
    if (endMs <= elapsedMs) continue;
    if (startMs > elapsedMs) return startMs;
    const within = shape.nextUserChange(elapsedMs - startMs);
    return within === undefined ? endMs : startMs + within;
  }
  return undefined;
}
