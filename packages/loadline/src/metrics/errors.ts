import { errorsOf, type LoadlineError, type LoadlineErrorOptions } from '../base/index.ts';

/** What can go wrong where metrics are named, labelled and carried. */
export const metricsErrorTable = {
  METRICS_NAME_INVALID: {
    means: 'A metric has a name, a help text or label names that Prometheus or its linter would refuse.',
    remedy: 'Follow the message: snake_case, base units (_seconds, _bytes), _total on counters only.',
  },
  METRICS_NAME_TAKEN: {
    means: 'The registry already has a metric of this name, of another kind, labels, help or buckets.',
    remedy: 'Register the same shape again to share it, or choose another name.',
  },
  METRICS_LABELS_INVALID: {
    means: 'A series was asked for without a value, as text, for each label of its metric.',
    remedy: 'Pass a string for every label that the metric was registered with.',
  },
  METRICS_BUCKETS_INVALID: {
    means: 'The buckets or the scale of a histogram are no rising list of numbers above 0, or are missing.',
    remedy: 'Give rising bounds in the exposed unit; only names that end in _seconds have defaults.',
  },
  METRICS_WIRE_INVALID: {
    means: 'Bytes that should hold a histogram are cut short, damaged, or of a newer version.',
    remedy: 'Send the bytes of Histogram.encode() unchanged, and run the same version on both sides.',
  },
  METRICS_SNAPSHOT_INVALID: {
    means: 'Bytes that should hold a snapshot are cut short, damaged, too much, or of a newer version.',
    remedy:
      'Send what encodeSnapshot() or renderSnapshot() gave unchanged, and run the same version on both sides.',
  },
  METRICS_SHAPES_DIFFER: {
    means: 'Snapshots that are merged hold a metric of one name with different kinds, labels or scales.',
    remedy: 'Run the same version in every process whose metrics are merged.',
  },
  METRICS_EXPORT_INVALID: {
    means:
      'Metrics cannot be sent as asked: the address, a header or a label is not one that a receiver takes.',
    remedy: 'Give an http: or https: address, headers with plain values, and labels with Prometheus names.',
  },
  METRICS_SCRAPE_UNAVAILABLE: {
    means: 'The address at which metrics should be served is taken, or may not be used.',
    remedy: 'Choose another port, or 0 for any that is free.',
  },
} as const;

/** Creates an error of this room. */
export const metricsError: (
  code: keyof typeof metricsErrorTable,
  message: string,
  options?: LoadlineErrorOptions,
) => LoadlineError = errorsOf(metricsErrorTable);
