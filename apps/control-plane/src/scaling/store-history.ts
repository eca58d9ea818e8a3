import { type Clock, isLoadlineError } from 'loadline/base';
import type { MetricSeries, ReadingsPort, WantedMetric } from 'loadline/scaling';
import type { Point, SeriesQuery, Store } from 'loadline/store';
import { watchedMetricOf } from './watched-metrics.ts';

const minuteMs = 60_000;
const dayMs = 86_400_000;

interface Window {
  readonly stepMs: number;
  readonly lengthMs: number;
  /** So much of it is asked for at once: the store bounds an answer. */
  readonly partMs: number;
}

/** Two weeks by the minute. */
const closely: Window = { stepMs: minuteMs, lengthMs: 14 * dayMs, partMs: 2 * dayMs };
/** Four by the hour, where that is too much to read, because there are many instances. */
const byTheHour: Window = { stepMs: 60 * minuteMs, lengthMs: 28 * dayMs, partMs: 28 * dayMs };
/** Who asks waits for ten seconds. */
const patienceMs = 5000;

/** The past of a group's metrics, as one number of all its instances, for forecasts. */
export function createStoreHistory({
  metrics,
  clock,
}: {
  readonly metrics: Store['metrics'];
  readonly clock: Clock;
}): NonNullable<ReadingsPort['history']> {
  async function readPast(group: string, wanted: WantedMetric, signal: AbortSignal): Promise<Past> {
    try {
      const past = await readWindow(group, wanted, closely, signal);
      if (past !== 'too much') return past;
    } catch (error) {
      if (!isLoadlineError(error, 'STORE_QUERY_TOO_LARGE')) throw error;
    }
    const past = await readWindow(group, wanted, byTheHour, signal);
    return past === 'too much' ? undefined : past;
  }

  async function readWindow(
    group: string,
    wanted: WantedMetric,
    { stepMs, lengthMs, partMs }: Window,
    signal: AbortSignal,
  ): Promise<Past | 'too much'> {
    const startMs = clock.monotonicMs();
    // The step that goes on is seen by the rounds from now on.
    const endMs = Math.floor(clock.now() / stepMs) * stepMs;
    const points: Point[] = [];
    let toldMs = stepMs;
    // The latest first: if there is too much of it, that is where.
    for (let toMs = endMs; toMs > endMs - lengthMs; toMs -= partMs) {
      signal.throwIfAborted();
      // Or the store has kept it less closely.
      if (toldMs !== stepMs || clock.monotonicMs() - startMs > patienceMs) return 'too much';
      const part = await metrics.series({
        ...figureOf(group, wanted),
        fromMs: toMs - partMs,
        toMs,
        stepMs,
      });
      toldMs = part.stepMs;
      points.unshift(...part.lines.flatMap((line) => line.points));
    }
    const [first] = points;
    if (first === undefined) return undefined;
    const values = new Float64Array(Math.ceil((endMs - first.atMs) / toldMs)).fill(Number.NaN);
    for (const { atMs, mean, max } of points)
      values[Math.round((atMs - first.atMs) / toldMs)] = wanted.merge === 'max' ? max : mean;
    return { startMs: first.atMs, stepMs: toldMs, values };
  }

  return async (group, wanted, signal) => {
    const read = await Promise.all(
      wanted.map(async (each) => [each.metric, await readPast(group, each, signal)] as const),
    );
    return Object.fromEntries(read.filter(([, series]) => series !== undefined));
  };
}

type Past = MetricSeries | undefined;

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
