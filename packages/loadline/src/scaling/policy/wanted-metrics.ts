import { hpaMetricOf } from './hpa-metric.ts';
import { type KnownMetric, scalingMetrics, type WantedMetric } from './metric.ts';
import type { ScalingPolicy } from './policy.ts';

/** What has to be read for a policy, each metric once. Pure. */
export function wantedMetrics({ rules, hpa }: Pick<ScalingPolicy, 'rules' | 'hpa'>): readonly WantedMetric[] {
  const wanted = new Map<string, WantedMetric>();
  for (const metric of hpa?.metrics ?? []) {
    const each = hpaMetricOf(metric);
    if (each !== undefined) wanted.set(each.metric, each);
  }
  for (const rule of rules) {
    if (rule.kind === 'calendar') continue;
    const { metric, of, merge } = rule;
    wanted.set(metric, { metric, of, merge });
    if (rule.kind === 'sizing') for (const each of ofQueueing) wanted.set(each.metric, each);
  }
  return [...wanted.values()];
}

const ofQueueing = (['serviceMs', 'serviceVariability', 'arrivalVariability'] as const).map(
  (metric: KnownMetric): WantedMetric => {
    const { of, merge } = scalingMetrics[metric];
    return { metric, of, merge };
  },
);
