import type { Calendar } from '../../base/index.ts';
import type { HpaSpec } from '../hpa/spec.ts';
import type { ScalingRule } from './rule.ts';

/**
 * How one group of instances is scaled: as data, complete and checked. Written ones become this by
 * `parseScalingPolicy`, once, at the door; those that an older version has kept, by `upgradeConfiguration`.
 */
export interface ScalingPolicy {
  /** The format of this value. Without one it is 1, of before there was a second. */
  readonly format: 2;
  /** `dry run`: everything is decided and nothing done. `paused`: nothing is decided but what is set by hand. */
  readonly mode: 'active' | 'dry run' | 'paused';
  /** From one look at the group to the next; undefined: as often as the scaler looks at all groups. */
  readonly intervalMs: number | undefined;
  /** Never fewer and never more, whatever the rules say. */
  readonly replicas: { readonly min: number; readonly max: number };
  /** How fast it may grow. */
  readonly scaleOut: DirectionPolicy;
  /** How fast it may shrink. */
  readonly scaleIn: DirectionPolicy;
  /** Any one may ask for more; fewer only when all agree. At least one, unless `hpa` decides. */
  readonly rules: readonly ScalingRule[];
  /** An older value is as good as none. */
  readonly staleAfterMs: number;
  /** When it is left as it is, whatever the rules say; not against `replicas`, and not against what is set by hand. */
  readonly freezes: readonly FreezeWindow[];
  /** What it may cost at most. */
  readonly cost: CostLimit;
  /** Where it is there, it decides instead of the rules, as Kubernetes' own controller does. */
  readonly hpa: HpaSpec | undefined;
}

/** How fast a group may grow, or shrink. */
export interface DirectionPolicy {
  /** How many instances a threshold adds or takes away at once, at most. */
  readonly step: number;
  /** After any step of the group, in either direction, before the next one in this direction. */
  readonly cooldownMs: number;
  /** So long the rules have to want it without a break; of all that they wanted meanwhile the least change is made. */
  readonly stabilizationMs: number;
  /** The most that may be changed within a period; none: as much as the rules want. */
  readonly limits: readonly RateLimit[];
  /** Which of several limits counts: the one that allows the most, the least, or none at all: no change in this direction. */
  readonly select: 'max' | 'min' | 'disabled';
}

/** So many instances, or percent of those that there were at its beginning, within any period of this length. */
export interface RateLimit {
  readonly kind: 'instances' | 'percent';
  readonly value: number;
  readonly periodMs: number;
}

/** A time in which nothing is changed, or nothing taken away. */
export interface FreezeWindow {
  /** For reasons: `wedding Saturdays`. */
  readonly name: string;
  /** With the events of this name alone. */
  readonly when: Calendar;
  readonly stops: 'scale in' | 'everything';
}

/** What a group may cost. A limit stops growth; it takes nothing away that is there. */
export interface CostLimit {
  /** In any currency; with `perHourMax` it caps the number of instances. */
  readonly pricePerInstanceHour: number | undefined;
  readonly perHourMax: number | undefined;
  /** Of the last 24 hours. */
  readonly instanceHoursPerDayMax: number | undefined;
}

/** A policy as it stands: who set it when, and under which number a later change must name it. */
export interface ScalingConfiguration {
  readonly group: string;
  /** From 1, one more with each change. */
  readonly version: number;
  readonly policy: ScalingPolicy;
  readonly changedBy: string;
  /** Milliseconds since the epoch. */
  readonly changedAtMs: number;
}

/** A number that somebody has set by hand, until its time is over. */
export interface ManualScaling {
  readonly group: string;
  readonly replicas: number;
  /** Milliseconds since the epoch; from then on the policy decides again. */
  readonly untilMs: number;
  readonly setBy: string;
  readonly setAtMs: number;
  readonly reason: string;
}

/** No group may have more than this: a mistyped maximum is dearer than a refused one. */
export const replicasMaxOfAll = 10_000;

/** What a policy has where it says nothing else. */
export const policyDefaults: Omit<ScalingPolicy, 'replicas' | 'scaleOut' | 'scaleIn' | 'rules'> = {
  format: 2,
  mode: 'active',
  intervalMs: undefined,
  staleAfterMs: 60_000,
  freezes: [],
  cost: { pricePerInstanceHour: undefined, perHourMax: undefined, instanceHoursPerDayMax: undefined },
  hpa: undefined,
};

/** A direction without limits, one instance at a time. */
export const directionDefaults: DirectionPolicy = {
  step: 1,
  cooldownMs: 0,
  stabilizationMs: 0,
  limits: [],
  select: 'max',
};
