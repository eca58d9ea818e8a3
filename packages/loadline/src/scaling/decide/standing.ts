import type { ManualScaling, ScalingConfiguration } from '../policy/policy.ts';
import type { ScalingRule } from '../policy/rule.ts';
import type { ForecastsByMetric, SeriesByMetric } from '../strategies/strategy.ts';
import type { Recommendation, ScalingStep } from './decision.ts';

/** What a decision stands on, beside what was seen. */
export interface Standing {
  readonly configuration: ScalingConfiguration;
  /** What somebody has set by hand; ignored once its time is over. */
  readonly manual: ManualScaling | undefined;
  /** Steps that were taken, oldest first; those older than every cooldown, period and day do not matter. */
  readonly history: readonly ScalingStep[];
  /** What the rules wanted before, oldest first; those before every window do not matter, but the last of them. */
  readonly recommendations: readonly Recommendation[];
  /** What strategies may know beside the present. */
  readonly foresight?: Foresight;
  /** Which rules take part, for flags; absent: all. */
  readonly takesPart?: (rule: ScalingRule) => boolean;
  /** What keeps the rules from changing the group now, a rollout for instance; absent: nothing. */
  readonly hold?: ScalingHold;
}

/** What keeps the rules from changing a group, from outside of its policy. */
export interface ScalingHold {
  /** `scale out`: more instances, and no fewer; `scale in`: fewer, and no more. */
  readonly allows: 'scale out' | 'scale in' | 'nothing';
  /** For people, to end a sentence with. */
  readonly because: string;
}

/** What forecasts are made of; what is absent is not known. */
export interface Foresight {
  /** How long a start takes until ready, as measured: so long as nine of ten of the last 20 took at most. */
  readonly startMs?: number;
  /** The past of the metrics that forecasts are made of. */
  readonly series?: SeriesByMetric;
  /** Forecasts of metrics of the whole group; instead of their past. */
  readonly forecasts?: ForecastsByMetric;
}
