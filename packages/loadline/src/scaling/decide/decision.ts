import type { RuleName } from '../policy/rule.ts';
import type { Proposal } from '../strategies/strategy.ts';

/** A step that was taken: what cooldowns are counted from. */
export interface ScalingStep {
  readonly atMs: number;
  readonly from: number;
  readonly to: number;
  /** Which rules asked for it; empty where it was set by hand or by a limit. */
  readonly askers: readonly StepAsker[];
}

/** A rule by its kind and its name: several may go by one metric, and each has its own cooldown. */
export type StepAsker = `${Proposal['kind']} ${RuleName}`;

/** What the rules wanted at a time, before windows, cooldowns and limits. */
export interface Recommendation {
  readonly atMs: number;
  readonly replicas: number;
}

/** What is done about the size of a group; also to do nothing is a decision. */
export type ScalingAction = 'scale out' | 'scale in' | 'hold';

/** How many instances to want next, and why. Also where nothing is to be changed. */
export interface Decision {
  readonly group: string;
  readonly atMs: number;
  readonly policyVersion: number;
  readonly action: ScalingAction;
  readonly from: number;
  readonly to: number;
  /** What the rules wanted together, before windows, cooldowns and limits; undefined where nothing is to be remembered of it. */
  readonly recommended: number | undefined;
  /** What each rule said, in the order of the policy. */
  readonly proposals: readonly Proposal[];
  /** What kept the decision from what the rules asked for, or made one that no rule had asked for. */
  readonly bound: Bound | undefined;
  /** How sure it is, 0 to 1: how fresh and complete the values are, and how far from where another would follow. */
  readonly sure: number;
  /** One sentence for people. */
  readonly reason: string;
  /** What would have changed it, for people; empty where nothing simple would. */
  readonly otherwise: string;
}

/** What bounds a decision, with its figures: instances, and times in milliseconds. */
export type Bound =
  | { readonly kind: 'minimum' | 'maximum'; readonly replicas: number }
  | { readonly kind: 'manual'; readonly replicas: number; readonly untilMs: number }
  | { readonly kind: 'cooldown'; readonly untilMs: number }
  | { readonly kind: 'settling'; readonly starting: number; readonly stopping: number }
  | {
      /** After a step down the rest would not carry it. */
      readonly kind: 'would not fit';
      readonly metric: RuleName;
      readonly projected: number;
    }
  | { readonly kind: 'blind'; readonly missing: readonly RuleName[] }
  | {
      /** A forecast or a calendar needs so many. */
      readonly kind: 'floor';
      readonly metric: RuleName;
      readonly replicas: number;
    }
  | {
      /** Within the window the rules wanted less of a change, or none. */
      readonly kind: 'stabilizing';
      readonly windowMs: number;
      readonly replicas: number;
    }
  | {
      /** No more may be changed within its period. */
      readonly kind: 'rate';
      readonly limit: RateLimitBound;
      readonly replicas: number;
    }
  | {
      /** No faster, by the limits of an autoscaler object. */
      readonly kind: 'limited';
      readonly direction: 'scale out' | 'scale in';
      readonly replicas: number;
    }
  | { readonly kind: 'disabled'; readonly direction: 'scale out' | 'scale in' }
  | { readonly kind: 'frozen'; readonly name: string }
  | { readonly kind: 'cost'; readonly replicas: number; readonly limit: string }
  | { readonly kind: 'paused' }
  | {
      /** By a rollout, a flag, a rolling restart, or an engine that does not make what it was told. */
      readonly kind: 'held';
      readonly because: string;
    };

interface RateLimitBound {
  readonly kind: 'instances' | 'percent';
  readonly value: number;
  readonly periodMs: number;
}

/** Whether a decision follows from the limits of the policy alone, whatever the rules said. */
export function isForced({ action, bound }: Pick<Decision, 'action' | 'bound'>): boolean {
  if (bound?.kind === 'manual' || bound?.kind === 'paused') return true;
  return action !== 'hold' && bound?.kind === (action === 'scale out' ? 'minimum' : 'maximum');
}

/** What the rules said that asked for the step that a decision takes; empty where none did. */
export function askersOf(decision: Decision): readonly Proposal[] {
  if (decision.action === 'hold' || isForced(decision)) return [];
  const asked = decision.action === 'scale out' ? 'more' : 'fewer';
  return decision.proposals.filter(({ says }) => says === asked);
}
