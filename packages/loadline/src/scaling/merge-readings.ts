import type { MetricMerge } from './policy/metric.ts';
import type { ScalingReading } from './strategies/observation.ts';

/** One value of many, as old as the oldest of them, and over as long as the longest; undefined of none. Pure. */
export function mergeReadings(
  readings: readonly ScalingReading[],
  merge: MetricMerge,
): ScalingReading | undefined {
  if (readings.length === 0) return undefined;
  const values = readings.map(({ value }) => value);
  const sum = values.reduce((total, value) => total + value, 0);
  const overMs = Math.max(...readings.map((each) => each.overMs ?? 0));
  return {
    value: merge === 'max' ? Math.max(...values) : merge === 'sum' ? sum : sum / values.length,
    atMs: Math.min(...readings.map(({ atMs }) => atMs)),
    count: values.length,
    ...(overMs === 0 ? {} : { overMs }),
  };
}
