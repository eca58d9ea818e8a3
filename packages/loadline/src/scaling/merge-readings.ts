import type { MetricMerge } from './policy/metric.ts';
import { isValue, type ScalingReading } from './strategies/observation.ts';

/**
 * One value of many, as old as the oldest of them, and over as long as the longest; undefined of none. A mean goes without those
 * that can be no values, and tells how many they were: the others say what it is. Of a sum or a maximum nobody knows what they
 * would have been, so that one of them makes all no value. Pure.
 */
export function mergeReadings(
  readings: readonly ScalingReading[],
  merge: MetricMerge,
): ScalingReading | undefined {
  if (readings.length === 0) return undefined;
  const good = readings.filter(isValue);
  const bad = readings.find((reading) => !isValue(reading));
  if (bad !== undefined && (merge !== 'mean' || good.length === 0)) return { ...bad, count: readings.length };
  const values = good.map(({ value }) => value);
  const sum = values.reduce((total, value) => total + value, 0);
  const overMs = Math.max(...good.map((each) => each.overMs ?? 0));
  const setAside = readings.length - good.length;
  return {
    value: merge === 'max' ? Math.max(...values) : merge === 'sum' ? sum : sum / values.length,
    atMs: Math.min(...good.map(({ atMs }) => atMs)),
    count: values.length,
    ...(overMs === 0 ? {} : { overMs }),
    ...(setAside === 0 ? {} : { setAside }),
  };
}
