import { type Clock, isLoadlineError } from 'loadline/base';
import type { MetricSeries, ReadingsPort, WantedMetric } from 'loadline/scaling';
import type { SeriesQuery, Store } from 'loadline/store';
import { watchedMetricOf } from './watched-metrics.ts';

const minuteMs = 60_000;
const dayMs = 86_400_000;

/** Two weeks in detail; where that is too much to read, because there are many instances, four by the hour. */
const windows = [
  { stepMs: 10 * minuteMs, lengthMs: 14 * dayMs },
  { stepMs: 60 * minuteMs, lengthMs: 28 * dayMs },
] as const;

/** The past of a group's metrics, as one number of all its instances, for forecasts. */
export function createStoreHistory({
  metrics,
  clock,
}: {
  readonly metrics: Store['metrics'];
  readonly clock: Clock;
}): NonNullable<ReadingsPort['history']> {
  async function readPast(group: string, wanted: WantedMetric): Promise<MetricSeries | undefined> {
    const [detailed, byTheHour] = windows;
    try {
      return await readWindow(group, wanted, detailed);
    } catch (error) {
      if (!isLoadlineError(error, 'STORE_QUERY_TOO_LARGE')) throw error;
      return readWindow(group, wanted, byTheHour);
    }
  }

  async function readWindow(
    group: string,
    wanted: WantedMetric,
    { stepMs, lengthMs }: (typeof windows)[number],
  ): Promise<MetricSeries | undefined> {
    // The step that goes on is seen by the rounds from now on.
    const toMs = Math.floor(clock.now() / stepMs) * stepMs;
    const fromMs = toMs - lengthMs;
    const { lines, stepMs: toldMs } = await metrics.series({
      ...figureOf(group, wanted),
      fromMs,
      toMs,
      stepMs,
    });
    const { perUnit = 1 } = watchedMetricOf(wanted);
    const points = lines.flatMap((line) => line.points);
    const [first] = points;
    if (first === undefined) return undefined;
    const values = new Float64Array(Math.ceil((toMs - first.atMs) / toldMs)).fill(Number.NaN);
    for (const { atMs, mean, max } of points)
      values[Math.round((atMs - first.atMs) / toldMs)] = (wanted.merge === 'max' ? max : mean) * perUnit;
    return { startMs: first.atMs, stepMs: toldMs, values };
  }

  return async (group, wanted) => {
    const read = await Promise.all(
      wanted.map(async (each) => [each.metric, await readPast(group, each)] as const),
    );
    return Object.fromEntries(read.filter(([, series]) => series !== undefined));
  };
}

/** What each of several instances carries is added up; what is one for all is taken together. */
function figureOf(
  service: string,
  wanted: WantedMetric,
): Pick<SeriesQuery, 'service' | 'metric' | 'unit' | 'combine'> {
  const { metric, unit } = watchedMetricOf(wanted);
  const isSum = wanted.of === 'per replica' || wanted.merge === 'sum';
  const isCustom = wanted.metric.startsWith('custom:');
  return { service, metric, ...(isCustom ? {} : { unit }), combine: isSum ? 'sum' : 'merge' };
}
