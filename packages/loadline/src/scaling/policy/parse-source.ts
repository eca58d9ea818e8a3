import type { Field, ObjectField } from '../../base/index.ts';
import {
  customMetricPattern,
  isCustomMetric,
  type MetricScope,
  type ScalingMetric,
  scalingMetricNames,
  scalingMetrics,
  type WantedMetric,
} from './metric.ts';
import type { ThresholdRule, WhenMissing } from './rule.ts';

const dayMs = 86_400_000;

/** Which metric a key names. How a known one is made is known; of a custom one the rule says it. */
export function readSource(entry: Field, key: string): WantedMetric {
  const of = entry.at('of');
  const merge = entry.at('merge');
  if (isCustomMetric(key)) {
    if (!customMetricPattern.test(key))
      entry.problem(
        'must name it by 1 to 100 letters, digits, `_`, `.`, `:` and `-`, the first a letter or `_`',
      );
    const scope: MetricScope =
      of.value === undefined || of.oneOf(['replica', 'group']) === 'group' ? 'of the group' : 'per replica';
    const absent = scope === 'of the group' ? 'sum' : 'mean';
    return {
      metric: key,
      of: scope,
      merge: merge.value === undefined ? absent : merge.oneOf(['mean', 'sum', 'max']),
    };
  }
  for (const field of [of, merge]) if (field.value !== undefined) field.problem('is for custom metrics only');
  const metric = entry.as(key).oneOf<ScalingMetric>(scalingMetricNames);
  const known = scalingMetrics[metric as (typeof scalingMetricNames)[number]];
  return { metric, of: known.of, merge: known.merge };
}

/** Of an unknown metric the unit is not known either. */
export function limitsOf(
  metric: ScalingMetric,
  key: string,
): { readonly above: number; readonly atMost?: number } {
  const isRatio = metric === key && !isCustomMetric(metric) && scalingMetrics[metric].unit === 'ratio';
  return isRatio ? { above: 0, atMost: 1 } : { above: 0 };
}

type Manners = Pick<ThresholdRule, 'whenMissing' | 'scaleOutCooldownMs' | 'scaleInCooldownMs'>;

/** What every rule on a metric may say. */
export function readManners(
  rule: ObjectField<'whenMissing' | 'scaleOutCooldown' | 'scaleInCooldown'>,
  outCooldownMs: number,
): Manners {
  return {
    whenMissing:
      rule.optional('whenMissing')?.oneOf<WhenMissing>(['hold', 'ignore', 'assume low', 'assume high']) ??
      'hold',
    scaleOutCooldownMs: rule.optional('scaleOutCooldown')?.duration({ atMost: dayMs }) ?? outCooldownMs,
    scaleInCooldownMs: rule.optional('scaleInCooldown')?.duration({ atMost: dayMs }) ?? 0,
  };
}
