import type { Parsed } from '../../base/index.ts';
import type { Metrics } from '../../store/index.ts';
import type { Trace } from './trace.ts';
import { traceOfPoints } from './trace-of-points.ts';

/** What is read of the store. Times are milliseconds since the epoch. */
export interface StoreTrace {
  readonly service: string;
  /** A metric that is requests a second; what its instances have is added up. */
  readonly metric: string;
  /** Needed where series of different units have the name. */
  readonly unit?: string;
  readonly fromMs: number;
  readonly toMs: number;
  readonly stepMs: number;
}

/** The store answers no question of more than 50,000 points. */
const stepsAtOnce = 10_000;

/**
 * Reads a trace of a service from the store, in as many questions as that takes.
 *
 * @throws STORE_QUERY_INVALID, STORE_QUERY_TOO_LARGE where it has too many instances for one question.
 */
export async function readTraceStore(
  metrics: Pick<Metrics, 'series'>,
  { fromMs, toMs, stepMs, ...of }: StoreTrace,
): Promise<Parsed<Trace>> {
  const points: { atMs: number; value: number }[] = [];
  for (let atMs = fromMs; atMs < toMs; atMs += stepsAtOnce * stepMs) {
    const untilMs = Math.min(toMs, atMs + stepsAtOnce * stepMs);
    const { lines } = await metrics.series({ ...of, combine: 'sum', fromMs: atMs, toMs: untilMs, stepMs });
    for (const point of lines.flatMap((line) => line.points))
      points.push({ atMs: point.atMs, value: point.mean });
  }
  return traceOfPoints(points, `${of.service} ${of.metric}`);
}
