import type { ScalingMetric } from './metric.ts';

/**
 * How one group of instances is scaled: as data, complete and checked. Written ones become this by
 * `parseScalingPolicy`, once, at the door.
 */
export interface ScalingPolicy {
  /** Never fewer and never more, whatever the metrics say. */
  readonly replicas: { readonly min: number; readonly max: number };
  readonly scaleOut: { readonly step: number };
  readonly scaleIn: {
    readonly step: number;
    /** After any step of the group, in either direction, before the next one down. */
    readonly cooldownMs: number;
  };
  /** At least one, each metric once. Any one may ask for more; fewer only when all agree. */
  readonly rules: readonly ThresholdRule[];
  /** An older value is as good as none. */
  readonly staleAfterMs: number;
}

/** Keeps one metric between two limits. */
export interface ThresholdRule {
  readonly metric: ScalingMetric;
  /** Above it, the rule asks for more. */
  readonly scaleOutAbove: number;
  /** Below it, the rule agrees to fewer; always below `scaleOutAbove`. */
  readonly scaleInBelow: number;
  /** After a step up that this metric asked for, before it asks for the next. */
  readonly scaleOutCooldownMs: number;
  /** After any step, before this metric agrees to fewer; the group's own cooldown holds as well. */
  readonly scaleInCooldownMs: number;
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
