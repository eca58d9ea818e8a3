/** How a new build takes over from the one that runs, complete and checked. */
export interface RolloutPlan {
  readonly kind: 'canary' | 'blue-green';
  /** At least one; the last one's share is 1. */
  readonly steps: readonly RolloutStep[];
  readonly judge: RolloutJudge;
  readonly guard: RolloutGuard;
  /** After each change of the shares: what is measured then is guarded, not judged, and nothing is scaled. */
  readonly settleMs: number;
  /** What becomes of a step that nothing can be said of when its time is over. */
  readonly whenInconclusive: InconclusiveChoice;
  /** How long instances may take to be ready for the next share; then it is rolled back. */
  readonly prepareMsMax: number;
  /** How long a pause may last, whoever made it; then it is rolled back. */
  readonly pauseMsMax: number;
  /** So long without a sight of the traffic, and it pauses until there is one. */
  readonly blindMsMax: number;
  /** Has to be on where it is started; absent: the flag of all rollouts alone. */
  readonly flag?: string;
}

export type InconclusiveChoice = (typeof inconclusiveChoices)[number];
export const inconclusiveChoices = ['pause', 'go on', 'roll back'] as const;

/** A share of the traffic, and how long it is watched before the next. */
export interface RolloutStep {
  /** Of new requests, for the candidate: 0 to 1. */
  readonly share: number;
  /** What the candidate's instances must be able to carry: at least `share`. */
  readonly capacity: number;
  /** Time in which the traffic was seen, after it has settled. */
  readonly watchMs: number;
  /** Where nothing can be said yet, it is watched for so long; at least `watchMs`. */
  readonly watchMsMax: number;
  /** Requests that the candidate must have answered in this step. */
  readonly requestsMin: number;
}

/** When a difference between the builds counts; the first three mean what they mean to `compare`. */
export interface RolloutJudge {
  /** Changes of times within ± this are none. */
  readonly margin: number;
  /** Changes of the error ratio within ± this are none. */
  readonly errorMargin: number;
  /** That a build which is the same is never called worse or better, in all looks of all steps. */
  readonly confidence: number;
  /** The least length of a block: within it one moment is much like the next, between blocks less so. */
  readonly blockMs: number;
  /** Requests that each build must have in a block. */
  readonly blockRequests: number;
}

/** What is too bad to wait for a judgement. */
export interface RolloutGuard {
  /** Above the baseline's by so much, errors end it at once. */
  readonly errorRatio: number;
  /** The 95th percentile beyond so many times the baseline's ends it at once, */
  readonly latencyTimes: number;
  /** where it is above it by at least this: of a millisecond, twice as much is nothing. */
  readonly latencyMsAbove: number;
  /** How far it looks back. */
  readonly windowMs: number;
}

/** The step's index is within the plan. */
export function stepAt(plan: RolloutPlan, index: number): RolloutStep {
  return plan.steps[index] as RolloutStep;
}
