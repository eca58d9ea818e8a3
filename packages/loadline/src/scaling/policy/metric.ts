/**
 * What a group of instances may be scaled by. `per replica` is what one of them carries, on average; when one
 * goes, the others take over its share. `of the group` is one number for all, which fewer instances make grow
 * at least as much.
 */
export const scalingMetrics: Readonly<Record<KnownMetric, MetricEntry>> = {
  cpuRatio: { of: 'per replica', merge: 'mean', unit: 'ratio', says: 'busy share of its CPU, 0 to 1' },
  memoryRatio: {
    of: 'per replica',
    merge: 'mean',
    unit: 'ratio',
    says: 'used share of its memory limit, 0 to 1',
  },
  eventLoopRatio: {
    of: 'per replica',
    merge: 'mean',
    unit: 'ratio',
    says: 'busy share of its event loop, 0 to 1',
  },
  connections: { of: 'per replica', merge: 'mean', unit: 'count', says: 'open connections' },
  ratePerSecond: { of: 'per replica', merge: 'mean', unit: 'per second', says: 'requests a second' },
  latencyMsP95: { of: 'of the group', merge: 'max', unit: 'ms', says: 'response time, 95th percentile' },
  queueDepth: { of: 'of the group', merge: 'sum', unit: 'count', says: 'jobs that wait' },
  queueAgeMs: { of: 'of the group', merge: 'max', unit: 'ms', says: 'how long the oldest job has waited' },
  messagesPerSecond: {
    of: 'of the group',
    merge: 'sum',
    unit: 'per second',
    says: 'messages a second that arrive',
  },
  eventLag: { of: 'of the group', merge: 'sum', unit: 'count', says: 'events not read yet' },
  eventLagMs: { of: 'of the group', merge: 'max', unit: 'ms', says: 'how old the oldest unread event is' },
  serviceMs: {
    of: 'of the group',
    merge: 'mean',
    unit: 'ms',
    says: 'time an instance works on a request, on average, without its waiting',
  },
  serviceVariability: {
    of: 'of the group',
    merge: 'mean',
    unit: 'count',
    says: 'variance of that time over the square of its mean',
  },
  arrivalVariability: {
    of: 'of the group',
    merge: 'mean',
    unit: 'count',
    says: 'variance of the time between arrivals over the square of its mean',
  },
};

/** A metric whose unit, scope and merge are known; see `scalingMetrics`. */
export type KnownMetric =
  | 'cpuRatio'
  | 'memoryRatio'
  | 'eventLoopRatio'
  | 'connections'
  | 'ratePerSecond'
  | 'latencyMsP95'
  | 'queueDepth'
  | 'queueAgeMs'
  | 'messagesPerSecond'
  | 'eventLag'
  | 'eventLagMs'
  | 'serviceMs'
  | 'serviceVariability'
  | 'arrivalVariability';

/** One that is known, or `custom:NAME` for any value that is measured under NAME. */
export type ScalingMetric = KnownMetric | `custom:${string}`;

/** Whether a value is that of one instance, or one for all. */
export type MetricScope = 'per replica' | 'of the group';

/** How the values of several series become one. */
export type MetricMerge = 'mean' | 'sum' | 'max';

/** A metric, and how one value is made of what is measured. */
export interface WantedMetric {
  readonly metric: ScalingMetric;
  readonly of: MetricScope;
  readonly merge: MetricMerge;
}

interface MetricEntry {
  readonly of: MetricScope;
  readonly merge: MetricMerge;
  readonly unit: 'ratio' | 'count' | 'per second' | 'ms';
  readonly says: string;
}

/** All metrics that a policy may name, but for custom ones. */
export const scalingMetricNames: readonly KnownMetric[] = Object.keys(scalingMetrics) as KnownMetric[];

/** 1 to 100 of letters, digits, `_`, `.`, `:` and `-`, as metrics are named in the store. */
export const customMetricPattern: RegExp = /^custom:[A-Za-z_][\w.:-]{0,99}$/;

export function isCustomMetric(metric: string): metric is `custom:${string}` {
  return metric.startsWith('custom:');
}

/** A value for people, in the unit of its metric: `82 %`, `1,200 ms`, `35`. */
export function showMetric(metric: string, value: number): string {
  const unit = Object.hasOwn(scalingMetrics, metric) ? scalingMetrics[metric as KnownMetric].unit : 'count';
  switch (unit) {
    case 'ratio':
      return `${Number((value * 100).toPrecision(3))} %`;
    case 'ms':
      return `${rounded(value)} ms`;
    case 'per second':
      return `${rounded(value)}/s`;
    case 'count':
      return rounded(value);
  }
}

/** A decision shows a dozen numbers, most of them small: only a large one is worth its commas. */
function rounded(value: number): string {
  const number = Number(value.toPrecision(3)) + 0;
  return Math.abs(number) < 1000 ? String(number) : numbers.format(number);
}

/** Made once: `toLocaleString` looks for the language each time. */
const numbers = new Intl.NumberFormat('en-US');
