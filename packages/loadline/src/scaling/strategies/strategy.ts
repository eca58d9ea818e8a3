import type { RollingForecast } from '../../capacity/index.ts';
import type { ScalingMetric } from '../policy/metric.ts';
import type { RuleName, ScalingRule } from '../policy/rule.ts';
import type { Observation } from './observation.ts';

/** What a rule makes of what is seen. Pure: the same values give the same proposal. */
export type Strategy<Rule extends ScalingRule> = (
  rule: Rule,
  seen: Observation,
  context: ScalingContext,
) => Proposal;

/** What one rule says. */
export interface Proposal {
  /** The rule's name: its metric, or `calendar`. */
  readonly metric: RuleName;
  readonly kind: ScalingRule['kind'] | 'hpa';
  readonly says: 'more' | 'stay' | 'fewer' | 'nothing';
  /** How many instances it wants; of a floor, at least; where it says nothing, what there is. */
  readonly wants: number;
  /** It can ask for more and bound what is taken away, but never makes the others take something away. */
  readonly isFloor: boolean;
  /** Undefined where there was none, or none to be trusted. */
  readonly seen: number | undefined;
  /** How old the value is, and of how many it is made, where that is known. */
  readonly ageMs: number | undefined;
  readonly count: number | undefined;
  /** Above it, it would ask for more; below the other, it would agree to fewer. Undefined where it has no such limit. */
  readonly scaleOutAbove: number | undefined;
  readonly scaleInBelow: number | undefined;
  /** For people, to follow the rule's name: `is 82 %, above 70 %`. */
  readonly because: string;
}

/** What a strategy may know beside what is seen now. What is not known is not guessed. */
export interface ScalingContext {
  /** An older value is as good as none. */
  readonly staleAfterMs: number;
  /** How many a threshold adds or takes away at once. */
  readonly scaleOutStep: number;
  readonly scaleInStep: number;
  /** How long a start takes until ready, as measured. */
  readonly startMs: number | undefined;
  /** The past of metrics, for forecasts. */
  readonly series: SeriesByMetric;
  /** Forecasts that go with the time; a metric that has one needs no past beside it. */
  readonly forecasts: ForecastsByMetric;
}

/** Of the whole group, also of metrics that are one instance's: what comes does not depend on how many there are. */
export type ForecastsByMetric = Readonly<
  Partial<Record<ScalingMetric, Pick<RollingForecast, 'at' | 'verdict'>>>
>;

/** The past of metrics; one that is absent has none that is known. */
export type SeriesByMetric = Readonly<Partial<Record<ScalingMetric, MetricSeries>>>;

/** Values of one metric at even distances, oldest first; NaN where nothing was measured. */
export interface MetricSeries {
  /** Of the first value, in milliseconds since the epoch. */
  readonly startMs: number;
  readonly stepMs: number;
  readonly values: ArrayLike<number>;
}
