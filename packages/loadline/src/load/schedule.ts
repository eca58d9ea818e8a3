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
 * the stage's start.
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
      return stage === undefined ? undefined : stage.startMs + dueWithin(stage, index - stage.arrivalsBefore);
    },
    arrivals: open.reduce((sum, stage) => sum + stage.arrivals, 0),
    usersPeak: Math.max(
      0,
      ...stages.flatMap((stage) => (stage.kind === 'users' ? [stage.from, stage.to] : [])),
    ),
  };
}

type PlacedStage = Stage & {
  readonly startMs: number;
  readonly endMs: number;
  readonly arrivals: number;
  readonly arrivalsBefore: number;
};

function place(stages: readonly Stage[]): PlacedStage[] {
  let startMs = 0;
  let arrivalsBefore = 0;
  return stages.map((stage) => {
    const arrivals = stage.kind === 'arrivals' ? arrivalsOf(stage) : 0;
    const placed = { ...stage, startMs, endMs: startMs + stage.durationMs, arrivals, arrivalsBefore };
    startMs += stage.durationMs;
    arrivalsBefore += arrivals;
    return placed;
  });
}

/** The integral of the rate, rounded against the error of adding floats: 0.3 s at 10/s are 3, not 3.0000000004. */
function arrivalsOf({ from, to, durationMs }: Stage): number {
  return Math.ceil((((from + to) / 2) * durationMs) / 1000 - 1e-9);
}

function stageAt(placed: readonly PlacedStage[], elapsedMs: number): PlacedStage | undefined {
  return placed.find((stage) => elapsedMs >= stage.startMs && elapsedMs < stage.endMs);
}

function levelAt(stage: PlacedStage | undefined, elapsedMs: number): number {
  if (stage === undefined || stage.kind !== 'users') return 0;
  const share = (elapsedMs - stage.startMs) / stage.durationMs;
  return Math.round(stage.from + (stage.to - stage.from) * share);
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

/** Where a ramp's rounded level moves by one: at the halves between two whole numbers of users. */
function nextChangeWithin(stage: PlacedStage, elapsedMs: number): number | undefined {
  if (stage.kind !== 'users' || stage.from === stage.to) return undefined;
  const perUserMs = stage.durationMs / Math.abs(stage.to - stage.from);
  const passed = (elapsedMs - stage.startMs) / perUserMs;
  const next = stage.startMs + (Math.floor(passed + 0.5 + 1e-9) + 0.5) * perUserMs;
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
