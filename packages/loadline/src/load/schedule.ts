import type { Stage } from './plan.ts';

/**
 * When users come and when work is due, from the stages alone. Pure: no clock, no randomness, so that a
 * schedule can be split over machines, replayed, and held against what was achieved.
 */
export interface Schedule {
  /** From the start to the end of the last stage. */
  readonly durationMs: number;
  /** How many users a closed stage wants at this time; 0 in an open stage and outside the run. */
  usersAt(elapsedMs: number): number;
  /** When the closed stages' number of users changes next, after this time; undefined when it does not. */
  nextUserChange(elapsedMs: number): number | undefined;
  /** When the arrival of this index (from 0) is due, in milliseconds from the start; undefined past the last. */
  arrivalAt(index: number): number | undefined;
  /** How many arrivals the whole run has. */
  readonly arrivals: number;
  /** How many users the closed stages want at their highest. */
  readonly usersPeak: number;
}

/**
 * A stage's level goes evenly from `from` to `to`. Arrivals are spaced by the integral of the rate: the k-th
 * is due when `k` arrivals' worth of rate has passed, so that a rate of 50/s is one every 20 ms, the first at
 * the stage's start. An open stage that follows another goes on within the fraction that the other has left.
 */
export function createSchedule(stages: readonly Stage[]): Schedule {
  const placed = place(stages);
  const durationMs = placed.at(-1)?.endMs ?? 0;
  const open = placed.filter((stage) => stage.kind === 'arrivals');
  return {
    durationMs,
    usersAt: (elapsedMs) => levelAt(stageAt(placed, elapsedMs), elapsedMs),
    nextUserChange: (elapsedMs) => nextUserChange(placed, elapsedMs),
    arrivalAt(index) {
      const stage = open.find((each) => index < each.arrivalsBefore + each.arrivals);
      return stage === undefined
        ? undefined
        : stage.startMs + dueWithin(stage, index - stage.arrivalsBefore + stage.untilFirst);
    },
    arrivals: open.reduce((sum, stage) => sum + stage.arrivals, 0),
    usersPeak: stages.reduce(
      (peak, stage) => (stage.kind === 'users' ? Math.max(peak, stage.from, stage.to) : peak),
      0,
    ),
  };
}

type PlacedStage = Stage & {
  readonly startMs: number;
  readonly endMs: number;
  readonly arrivals: number;
  readonly arrivalsBefore: number;
  /** How much of an arrival has to pass before the stage's first one is due. */
  readonly untilFirst: number;
};

function place(stages: readonly Stage[]): PlacedStage[] {
  let startMs = 0;
  let arrivalsBefore = 0;
  let untilFirst = 0;
  return stages.map((stage) => {
    const count = stage.kind === 'arrivals' ? (((stage.from + stage.to) / 2) * stage.durationMs) / 1000 : 0;
    const arrivals = Math.max(0, wholeFrom(count - untilFirst));
    const placed = {
      ...stage,
      startMs,
      endMs: startMs + stage.durationMs,
      arrivals,
      arrivalsBefore,
      untilFirst,
    };
    startMs += stage.durationMs;
    arrivalsBefore += arrivals;
    untilFirst = stage.kind === 'arrivals' ? Math.max(0, untilFirst + arrivals - count) : 0;
    return placed;
  });
}

/** Rounds up, but not for the error of adding floats: 0.3 s at 10/s are 3 arrivals, not 3.0000000004. */
function wholeFrom(count: number): number {
  return Math.ceil(count - Math.max(1e-9, count * 1e-12));
}

function stageAt(placed: readonly PlacedStage[], elapsedMs: number): PlacedStage | undefined {
  return placed.find((stage) => elapsedMs >= stage.startMs && elapsedMs < stage.endMs);
}

function levelAt(stage: PlacedStage | undefined, elapsedMs: number): number {
  if (stage === undefined || stage.kind !== 'users') return 0;
  return stage.from + Math.sign(stage.to - stage.from) * movedUsers(stage, elapsedMs);
}

/** How many users of a ramp have come, or gone: each in the middle of its share of the time. */
function movedUsers({ from, to, startMs, durationMs }: PlacedStage, elapsedMs: number): number {
  return Math.floor((Math.abs(to - from) * (elapsedMs - startMs)) / durationMs + 0.5 + 1e-9);
}

function nextUserChange(placed: readonly PlacedStage[], elapsedMs: number): number | undefined {
  for (const stage of placed) {
    if (stage.endMs <= elapsedMs) continue;
    if (stage.startMs > elapsedMs) return stage.startMs;
    const next = nextChangeWithin(stage, elapsedMs);
    return next ?? stage.endMs;
  }
  return undefined;
}

/** When the next user of a ramp comes or goes. */
function nextChangeWithin(stage: PlacedStage, elapsedMs: number): number | undefined {
  if (stage.kind !== 'users' || stage.from === stage.to) return undefined;
  const perUserMs = stage.durationMs / Math.abs(stage.to - stage.from);
  const next = stage.startMs + (movedUsers(stage, elapsedMs) + 0.5) * perUserMs;
  return next < stage.endMs ? next : undefined;
}

/**
 * When the k-th arrival of a stage is due after its start. With rate r(t) = a + b·t the count is
 * N(t) = a·t + b·t²/2; solved for t in the form 2k / (a + √(a² + 2·b·k)), which stays exact as b goes to 0.
 */
function dueWithin({ from, to, durationMs }: Stage, k: number): number {
  const seconds = durationMs / 1000;
  const slope = (to - from) / seconds;
  const root = Math.sqrt(Math.max(0, from * from + 2 * slope * k));
  return k === 0 ? 0 : Math.min(durationMs, (2000 * k) / (from + root));
}
