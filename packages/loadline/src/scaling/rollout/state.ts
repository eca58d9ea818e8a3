import type { Evidence } from './evidence.ts';
import type { Usual } from './guard.ts';
import type { RolloutEffect } from './judge.ts';
import { type RolloutPlan, type RolloutStep, stepAt } from './plan.ts';

/** What is to be rolled out. */
export interface RolloutOrder {
  /** Names it for good: 1 to 100 characters. */
  readonly id: string;
  /** The service; of each one at most one rollout is under way. */
  readonly group: string;
  /** Names of the builds, for people and for the ports. */
  readonly baseline: string;
  readonly candidate: string;
  readonly plan: RolloutPlan;
  readonly startedBy: string;
}

/**
 * A rollout as it stands. Plain data: whoever has it goes on from here, after a restart too.
 *
 * ```
 *             ┌─────── the next step ──────┐
 *  start ─▸ preparing ─▸ watching ─────────┴─▸ finishing ─▸ promoted
 *             │           │ ▴
 *             │           ▾ │
 *             │         paused
 *             └─────┬─────┘
 *                   ▾
 *             rolling back ─▸ rolled back
 * ```
 */
export interface RolloutState extends RolloutOrder {
  readonly startedAtMs: number;
  readonly phase: RolloutPhase;
  /** When this phase began, in milliseconds since the epoch. */
  readonly phaseAtMs: number;
  /** The step whose share the candidate has, or is being prepared for. */
  readonly step: number;
  /** What the candidate is to have of the new requests. */
  readonly share: number;
  /** Whether whatever splits the traffic has taken up that share. */
  readonly isShareTaken: boolean;
  /** Time in this step in which traffic was seen. */
  readonly seenMs: number;
  /** When the candidate's traffic was last seen, or was first to be seen. */
  readonly sightAtMs: number;
  /** That the candidate answered in this step since it settled. */
  readonly requests: number;
  readonly evidence: Evidence;
  /** How the baseline did when it was last seen with traffic of its own. */
  readonly usual: Usual | undefined;
  readonly pausedBy: PauseCause | undefined;
  /** Why it stands as it does: one sentence for people. */
  readonly reason: string;
  /** What has happened, oldest first; past 100 the oldest are forgotten. */
  readonly log: readonly RolloutEntry[];
  /** From 1, one more with each change that is remembered. */
  readonly version: number;
}

/** Where a rollout is; the drawing of `RolloutState` has the ways between them. */
export type RolloutPhase =
  | 'preparing'
  | 'watching'
  | 'paused'
  | 'finishing'
  | 'promoted'
  | 'rolling back'
  | 'rolled back';

/** A pause that a person made ends by a person; the others end when there is something to see or to say. */
export type PauseCause = 'person' | 'blind' | 'inconclusive';

/** A turn that a rollout took. */
export interface RolloutEntry {
  /** Milliseconds since the epoch. */
  readonly atMs: number;
  readonly phase: RolloutPhase;
  readonly share: number;
  readonly reason: string;
  /** What a judgement stood on; absent where there was none. */
  readonly effects?: readonly RolloutEffect[];
}

export function startRollout(order: RolloutOrder, atMs: number): RolloutState {
  const { candidate, baseline, group, startedBy } = order;
  const reason = `${startedBy} rolls out ${candidate} in place of ${baseline} at ${group}.`;
  return {
    ...order,
    startedAtMs: atMs,
    phase: 'preparing',
    phaseAtMs: atMs,
    step: 0,
    share: 0,
    isShareTaken: false,
    seenMs: 0,
    sightAtMs: atMs,
    requests: 0,
    evidence: [],
    usual: undefined,
    pausedBy: undefined,
    reason,
    log: [{ atMs, phase: 'preparing', share: 0, reason }],
    version: 1,
  };
}

export interface Turn {
  readonly phase: RolloutPhase;
  readonly atMs: number;
  readonly reason: string;
  readonly step?: number;
  readonly share?: number;
  readonly pausedBy?: PauseCause;
  readonly effects?: readonly RolloutEffect[];
}

/** The state after a turn, which is written into its log. Pure. */
export function turn(state: RolloutState, { phase, atMs, reason, ...further }: Turn): RolloutState {
  const { step = state.step, share = state.share, effects } = further;
  const entry = {
    atMs,
    phase,
    share,
    reason,
    ...(effects === undefined ? {} : { effects: shorten(effects) }),
  };
  return {
    ...state,
    phase,
    phaseAtMs: atMs,
    step,
    share,
    isShareTaken: state.isShareTaken && share === state.share,
    pausedBy: further.pausedBy,
    reason,
    log: [...state.log, entry].slice(-entriesMax),
  };
}

/** What a new share shows, it shows from the beginning. */
export function forgetSeen(state: RolloutState, atMs: number): RolloutState {
  return { ...state, seenMs: 0, requests: 0, evidence: [], sightAtMs: atMs };
}

export function stepOf({ plan, step }: RolloutState): RolloutStep {
  return stepAt(plan, step);
}

/** How long its share has been watched since that has settled; below 0 before. Without traffic nothing has to settle. */
export function watchedMsOf({ seenMs, share, plan }: RolloutState): number {
  return seenMs - (share === 0 ? 0 : plan.settleMs);
}

export function isSettled(state: RolloutState): boolean {
  return state.phase !== 'preparing' && state.isShareTaken && watchedMsOf(state) >= 0;
}

/** Whether it is still open how it ends: the candidate is judged, and can be promoted or rolled back. Pure. */
export function isRolloutUnderWay({ phase }: Pick<RolloutState, 'phase'>): boolean {
  return phase === 'preparing' || phase === 'watching' || phase === 'paused';
}

/** Whether it has ended, and nothing is done for it any more; false while it is finishing or rolling back. Pure. */
export function isRolloutOver({ phase }: Pick<RolloutState, 'phase'>): boolean {
  return phase === 'promoted' || phase === 'rolled back';
}

const entriesMax = 100;

/** Infinite ends, which JSON has no word for, are those of nothing known: left out of a log. */
function shorten(effects: readonly RolloutEffect[]): RolloutEffect[] {
  return effects
    .filter(({ low, high }) => Number.isFinite(low) && Number.isFinite(high))
    .slice(0, effectsMax);
}

const effectsMax = 20;
