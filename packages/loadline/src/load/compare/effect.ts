import { type Interval, meanOf, sampleSizeFor } from '../../statistics/index.ts';
import { type ComparedMetric, changeOf, fromScale } from './metrics.ts';

/** What became of one metric of one endpoint, from A to B. */
export interface Effect {
  /** An endpoint's name; undefined is the whole run. */
  readonly endpoint: string | undefined;
  /** `latency p95`, `throughput`, `errors` … */
  readonly metric: string;
  readonly unit: 'ms' | '/s' | 'ratio';
  /** The runs' mean; of times and rates the geometric one. 0 is the throughput where no run had a good answer. */
  readonly a: number;
  readonly b: number;
  /** Relative to A: 0.1 is 10 % more. Of errors, the ratios' difference: 0.01 is one percentage point more. */
  readonly change: number;
  /** The change lies between these, and so does every other effect's at once; undefined where nothing tells. */
  readonly low: number | undefined;
  readonly high: number | undefined;
  /**
   * `same`: the interval lies within the margin. `worse`, `better`: it excludes no change, and the change is
   * beyond the margin. `inconclusive`: it is too wide to say.
   */
  readonly verdict: EffectVerdict;
  /**
   * Of an inconclusive one: how many runs each side needs, these included; 1,000 stands for that and more.
   * Undefined where nothing tells, and for any other verdict.
   */
  readonly runsNeeded: number | undefined;
}

/** What became of a metric from A to B; `Effect.verdict` says when it is which. */
export type EffectVerdict = 'worse' | 'inconclusive' | 'better' | 'same';

/** One metric of one endpoint, with its figures on the metric's scale, one a run. */
export interface Observed {
  readonly endpoint: string | undefined;
  readonly metric: ComparedMetric;
  readonly a: readonly number[];
  readonly b: readonly number[];
  /** Whether the side's figures are stand-ins for none at all. */
  readonly isNone: { readonly a: boolean; readonly b: boolean };
}

/** What is known of how far B's figures lie above A's. */
export interface Inference {
  readonly interval: Interval;
  /** Of one run's figure. */
  readonly variance: number;
  /** Of that variance, beside what the runs themselves give it. */
  readonly priorDegrees: number;
  /** That lets all intervals hold at once where it is this one's, by Bonferroni's inequality. */
  readonly confidenceAlone: number;
}

/** Judges one metric. Pure. @param margin changes within ± this are none, on the metric's scale. */
export function judgeEffect(observed: Observed, inference: Inference, margin: number): Effect {
  const { metric } = observed;
  const { low, high } = inference.interval;
  const verdict = verdictOf(metric, inference.interval, margin);
  return {
    ...seenEffect(observed),
    low: changeOf(metric, low),
    high: changeOf(metric, high),
    verdict,
    runsNeeded: verdict === 'inconclusive' ? runsNeeded(observed, inference, margin) : undefined,
  };
}

/** What was seen of a metric that cannot be judged. */
export function seenEffect({ endpoint, metric, a, b, isNone }: Observed): Effect {
  return {
    endpoint,
    metric: metric.name,
    unit: metric.unit,
    a: isNone.a ? 0 : fromScale(metric, meanOf(a)),
    b: isNone.b ? 0 : fromScale(metric, meanOf(b)),
    change: changeOf(metric, meanOf(b) - meanOf(a)),
    low: undefined,
    high: undefined,
    verdict: 'inconclusive',
    runsNeeded: undefined,
  };
}

/** What an interval on the metric's scale says. Pure. @param margin as of `judgeEffect`. */
export function verdictOf(
  metric: ComparedMetric,
  { value, low, high }: Interval,
  margin: number,
): EffectVerdict {
  if (low >= -margin && high <= margin) return 'same';
  const isApart = low > 0 || high < 0;
  if (!isApart || Math.abs(value) <= margin) return 'inconclusive';
  return value > 0 === (metric.better === 'higher') ? 'better' : 'worse';
}

/**
 * For the change that was seen: beyond the margin it must be told from none, within it from the margin. A
 * change that lies near the margin is held as far from it as a quarter of it, or no number would ever do.
 */
function runsNeeded({ a, b }: Observed, inference: Inference, margin: number): number {
  const { variance, priorDegrees, confidenceAlone: confidence, interval } = inference;
  const had = Math.max(a.length, b.length);
  const seen = Math.abs(interval.value);
  const distance = seen > margin ? seen : Math.max(margin - seen, margin / 4);
  const aim = { variance, priorDegrees, distance, confidence, power: 0.8, sizeMax: runsMax };
  return Math.min(runsMax, Math.max(sampleSizeFor(aim), had + 1));
}

const runsMax = 1000;
