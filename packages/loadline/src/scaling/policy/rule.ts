import type { Calendar } from '../../base/index.ts';
import type { MetricMerge, MetricScope, ScalingMetric } from './metric.ts';

/**
 * What one rule of a policy goes by. Each makes a proposal of its own by a strategy of the same name; `decide`
 * makes one decision of all.
 */
export type ScalingRule = ThresholdRule | TargetRule | SizingRule | ForecastRule | CalendarRule;

/**
 * What a metric that is not there, or not to be trusted, means. `hold`: nothing is taken away. `ignore`: as if
 * the rule were not there. `assume low`: the rule agrees to fewer. `assume high`: it asks for more.
 */
export type WhenMissing = 'hold' | 'ignore' | 'assume low' | 'assume high';

interface MetricRule {
  readonly metric: ScalingMetric;
  readonly of: MetricScope;
  readonly merge: MetricMerge;
  readonly whenMissing: WhenMissing;
  /** After a step up that this rule asked for, before it asks for the next. */
  readonly scaleOutCooldownMs: number;
  /** After any step, before this rule agrees to fewer; the group's own cooldown holds as well. */
  readonly scaleInCooldownMs: number;
}

/** Keeps one metric between two limits, by steps of the policy's size. */
export interface ThresholdRule extends MetricRule {
  readonly kind: 'threshold';
  /** Above it, the rule asks for more. */
  readonly scaleOutAbove: number;
  /** Below it, the rule agrees to fewer; always below `scaleOutAbove`. */
  readonly scaleInBelow: number;
}

/** Keeps one metric near a value: wants `ceil(replicas × seen / target)`. */
export interface TargetRule extends MetricRule {
  readonly kind: 'target';
  readonly target: number;
  /** Whether the target is what one instance carries of a metric of the group: `ceil(seen / target)`. */
  readonly isPerReplica: boolean;
  /** How far above the target nothing is changed yet: 0.1 is a tenth. */
  readonly scaleOutTolerance: number;
  /** How far below it. */
  readonly scaleInTolerance: number;
}

/** Wants as many instances as keep the response time within its limit, by the theory of queues. */
export interface SizingRule extends MetricRule {
  readonly kind: 'sizing';
  /** Where the arrivals are read. */
  readonly metric: 'ratePerSecond' | 'messagesPerSecond';
  /** The limit for `quantile` of the response times, waiting included. */
  readonly latencyMs: number;
  /** 0.5 to 0.999. */
  readonly quantile: number;
  /** How many requests one instance works on at once. */
  readonly concurrency: number;
  /** Taken where the metric of the same name is not measured; undefined: then the rule sees nothing. */
  readonly serviceMs: number | undefined;
  /** Squared coefficients of variation, taken where they are not measured: 0 is even, 1 is by pure chance. */
  readonly serviceVariability: number;
  readonly arrivalVariability: number;
  /** Sized is for so much more than what is seen or foreseen, as a share of it: 0.2 is a fifth. */
  readonly headroom: number;
  /** How far from what is there nothing is changed yet, as in a target's. */
  readonly scaleInTolerance: number;
}

/** Wants beforehand what will be needed when an instance that is started now is ready. Never agrees to fewer by itself. */
export interface ForecastRule extends MetricRule {
  readonly kind: 'forecast';
  /** What one instance is to carry of the metric; undefined: what `sizing` says it can. */
  readonly target: number | undefined;
  /** The policy's sizing rule, where that is by the same metric and there is no target. */
  readonly sizing: SizingRule | undefined;
  /** The share of the forecast's possible outcomes that is provided for, 0.5 to 0.99. */
  readonly quantile: number;
  /** How far ahead it looks; undefined: as long as a start has taken, as measured. */
  readonly leadMs: number | undefined;
  /** Added to that. */
  readonly marginMs: number;
}

/** Holds a floor in times that are known beforehand. Never agrees to fewer by itself. */
export interface CalendarRule {
  readonly kind: 'calendar';
  readonly floors: readonly CalendarFloor[];
}

/** So many at least, during the events of one name. */
export interface CalendarFloor {
  /** For reasons: `Saturdays in June`. */
  readonly name: string;
  /** With the events of this name alone. */
  readonly when: Calendar;
  readonly replicas: number;
  /** So long before its beginning, too. */
  readonly leadMs: number;
}

/** What a rule is called in proposals: its metric, or where it has none, its kind. Of one metric there may be several kinds. */
export function nameOf(rule: ScalingRule): RuleName {
  return rule.kind === 'calendar' ? 'calendar' : rule.metric;
}

/** As `nameOf` gives it. */
export type RuleName = ScalingMetric | 'calendar';
