/**
 * What a group of instances may be scaled by. `per replica` is what one of them carries, on average; when one
 * goes, the others take over its share. `of the group` is one number for all, which fewer instances make grow
 * at least as much.
 */
export const scalingMetrics: Readonly<Record<ScalingMetric, MetricEntry>> = {
  cpuRatio: { of: 'per replica', unit: 'ratio', says: 'busy share of its CPU, 0 to 1' },
  memoryRatio: { of: 'per replica', unit: 'ratio', says: 'used share of its memory limit, 0 to 1' },
  eventLoopRatio: { of: 'per replica', unit: 'ratio', says: 'busy share of its event loop, 0 to 1' },
  connections: { of: 'per replica', unit: 'count', says: 'open connections' },
  ratePerSecond: { of: 'per replica', unit: 'per second', says: 'requests a second' },
  latencyMsP95: { of: 'of the group', unit: 'ms', says: 'response time, 95th percentile' },
  queueDepth: { of: 'of the group', unit: 'count', says: 'jobs that wait' },
  queueAgeMs: { of: 'of the group', unit: 'ms', says: 'how long the oldest job has waited' },
};

export type ScalingMetric =
  | 'cpuRatio'
  | 'memoryRatio'
  | 'eventLoopRatio'
  | 'connections'
  | 'ratePerSecond'
  | 'latencyMsP95'
  | 'queueDepth'
  | 'queueAgeMs';

interface MetricEntry {
  readonly of: 'per replica' | 'of the group';
  readonly unit: 'ratio' | 'count' | 'per second' | 'ms';
  readonly says: string;
}

export const scalingMetricNames: readonly ScalingMetric[] = Object.keys(scalingMetrics) as ScalingMetric[];

/** A value for people, in the unit of its metric: `82 %`, `1,200 ms`, `35`. */
export function showMetric(metric: ScalingMetric, value: number): string {
  const { unit } = scalingMetrics[metric];
  const rounded = (Number(value.toPrecision(3)) + 0).toLocaleString('en-US');
  switch (unit) {
    case 'ratio':
      return `${Number((value * 100).toPrecision(3))} %`;
    case 'ms':
      return `${rounded} ms`;
    case 'per second':
      return `${rounded}/s`;
    case 'count':
      return rounded;
  }
}
