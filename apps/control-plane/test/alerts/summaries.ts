import { Histogram } from 'loadline/metrics';
import { type Series, type Summary, scaleOf } from 'loadline/store';

/** What was measured of a series within a window, of values in its unit. */
export function summaryOf(
  series: Omit<Series, 'unit'> & { unit?: string },
  values: readonly number[],
): Summary {
  const whole: Series = { unit: 'count', ...series };
  const histogram = new Histogram();
  for (const value of values) histogram.record(Math.round(value / scaleOf(whole.unit)));
  return {
    series: whole,
    count: values.length,
    mean: values.reduce((sum, value) => sum + value, 0) / values.length,
    min: Math.min(...values),
    max: Math.max(...values),
    last: values.at(-1) as number,
    lastAtMs: 1000 * values.length,
    histogram,
  };
}
