import type { ScalingMetric } from 'loadline/scaling';

/** Under which name a metric of scaling is in the store. */
export interface WatchedMetric {
  readonly metric: string;
  readonly unit: string;
  /** What one of the store's is in the unit of scaling: percents are hundredths. */
  readonly perUnit?: number;
  readonly merge: 'mean' | 'sum' | 'max';
}

/** Where each metric comes from. */
export const instanceMetrics: Readonly<Record<ScalingMetric, WatchedMetric>> = {
  cpuRatio: { metric: 'cpu_ratio', unit: 'ratio', merge: 'mean' },
  memoryRatio: { metric: 'memory_ratio', unit: 'ratio', merge: 'mean' },
  eventLoopRatio: { metric: 'event_loop_ratio', unit: 'ratio', merge: 'mean' },
  connections: { metric: 'connections', unit: 'count', merge: 'mean' },
  ratePerSecond: { metric: 'requests', unit: 'rps', merge: 'mean' },
  latencyMsP95: { metric: 'latency_ms', unit: 'ms', merge: 'max' },
  queueDepth: { metric: 'queue_depth', unit: 'count', merge: 'sum' },
  queueAgeMs: { metric: 'queue_age', unit: 'ms', merge: 'max' },
};
