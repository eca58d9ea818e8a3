import type { ScalingMetric } from './metric.ts';

/** What a group looked like when it was decided upon. */
export interface Observation {
  /** Milliseconds since the epoch. */
  readonly atMs: number;
  readonly wanted: number;
  readonly ready: number;
  readonly starting: number;
  readonly stopping: number;
  readonly readings: Readings;
}

/** By metric; what is absent was not measured. */
export type Readings = Readonly<Partial<Record<ScalingMetric, ScalingReading>>>;

/** A value, and when it was measured, in milliseconds since the epoch. */
export interface ScalingReading {
  readonly value: number;
  readonly atMs: number;
}

/** A step that was taken: what cooldowns are counted from. */
export interface ScalingStep {
  readonly atMs: number;
  readonly from: number;
  readonly to: number;
  /** Who asked for it; empty where it was set by hand or by a limit. */
  readonly metrics: readonly ScalingMetric[];
}

export type ScalingAction = 'scale out' | 'scale in' | 'hold';

/** How many instances to want next, and why. Also where nothing is to be changed. */
export interface Decision {
  readonly group: string;
  readonly atMs: number;
  readonly policyVersion: number;
  readonly action: ScalingAction;
  readonly from: number;
  readonly to: number;
  /** What each rule said, in the order of the policy. */
  readonly proposals: readonly Proposal[];
  /** What kept the decision from what the rules asked for, or made one that no rule had asked for. */
  readonly bound: Bound | undefined;
  /** One sentence for people. */
  readonly reason: string;
}

export interface Proposal {
  readonly metric: ScalingMetric;
  readonly says: 'more' | 'stay' | 'fewer' | 'nothing';
  /** Undefined where there was none, or none to be trusted. */
  readonly seen: number | undefined;
  readonly scaleOutAbove: number;
  readonly scaleInBelow: number;
  /** For people, to follow the metric's name: `is 82 %, above 70 %`. */
  readonly because: string;
}

export type Bound =
  | { readonly kind: 'minimum' | 'maximum'; readonly replicas: number }
  | { readonly kind: 'manual'; readonly replicas: number; readonly untilMs: number }
  | { readonly kind: 'cooldown'; readonly untilMs: number }
  | { readonly kind: 'settling'; readonly starting: number; readonly stopping: number }
  | {
      /** After a step down the rest would not carry it. */
      readonly kind: 'would not fit';
      readonly metric: ScalingMetric;
      readonly projected: number;
    }
  | { readonly kind: 'blind'; readonly missing: readonly ScalingMetric[] };

/** Whether a decision follows from the limits of the policy alone, whatever the rules said. */
export function isForced({ action, bound }: Pick<Decision, 'action' | 'bound'>): boolean {
  if (bound?.kind === 'manual') return true;
  return action !== 'hold' && bound?.kind === (action === 'scale out' ? 'minimum' : 'maximum');
}

/** The metrics that asked for the step that a decision takes; empty where none did. */
export function askersOf(decision: Decision): ScalingMetric[] {
  if (decision.action === 'hold' || isForced(decision)) return [];
  const asked = decision.action === 'scale out' ? 'more' : 'fewer';
  return decision.proposals.filter(({ says }) => says === asked).map(({ metric }) => metric);
}
