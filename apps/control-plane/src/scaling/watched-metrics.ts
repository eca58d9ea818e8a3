import type { KnownMetric, WantedMetric } from 'loadline/scaling';

/** Under which name a metric of scaling is in the store. */
export interface WatchedMetric {
  readonly metric: string;
  readonly unit: string;
  readonly merge: 'mean' | 'sum' | 'max';
}

/** Where each metric comes from. */
export const instanceMetrics: Readonly<Record<KnownMetric, WatchedMetric>> = {
  cpuRatio: { metric: 'cpu_ratio', unit: 'ratio', merge: 'mean' },
  memoryRatio: { metric: 'memory_ratio', unit: 'ratio', merge: 'mean' },
  eventLoopRatio: { metric: 'event_loop_ratio', unit: 'ratio', merge: 'mean' },
  connections: { metric: 'connections', unit: 'count', merge: 'mean' },
  ratePerSecond: { metric: 'requests', unit: 'rps', merge: 'mean' },
  latencyMsP95: { metric: 'latency_ms', unit: 'ms', merge: 'max' },
  queueDepth: { metric: 'queue_depth', unit: 'count', merge: 'sum' },
  queueAgeMs: { metric: 'queue_age', unit: 'ms', merge: 'max' },
  messagesPerSecond: { metric: 'messages', unit: 'rps', merge: 'sum' },
  eventLag: { metric: 'event_lag', unit: 'count', merge: 'sum' },
  eventLagMs: { metric: 'event_lag_age', unit: 'ms', merge: 'max' },
  serviceMs: { metric: 'service_time', unit: 'ms', merge: 'mean' },
  serviceVariability: { metric: 'service_variability', unit: 'count', merge: 'mean' },
  arrivalVariability: { metric: 'arrival_variability', unit: 'count', merge: 'mean' },
};

/** Where a wanted metric comes from: a custom one is in the store under its own name. */
export function watchedMetricOf({ metric, merge }: WantedMetric): WatchedMetric {
  return metric in instanceMetrics
    ? instanceMetrics[metric as KnownMetric]
    : { metric: metric.slice('custom:'.length), unit: 'count', merge };
}
