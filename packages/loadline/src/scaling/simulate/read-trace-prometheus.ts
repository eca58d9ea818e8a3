import type { Field, Parsed } from '../../base/index.ts';
import { askPrometheus } from '../prometheus/ask-prometheus.ts';
import type { Trace } from './trace.ts';
import { type TracePoint, traceOfPoints } from './trace-of-points.ts';

/** What is read of which Prometheus. Times are milliseconds since the epoch. */
export interface PrometheusTrace {
  /** Where its HTTP API is: `http://prometheus:9090`. */
  readonly url: URL;
  /** For requests a second, in PromQL; several series are added up. */
  readonly query: string;
  readonly fromMs: number;
  readonly toMs: number;
  readonly stepMs: number;
  /** Sent as `Authorization`, where it wants one. */
  readonly authorization?: string;
}

/** Prometheus gives no more than 11,000 values of a series at once. */
const stepsAtOnce = 10_000;
const seriesMax = 1000;
const fitsNothing = 'fits nothing that Prometheus has of that time; look at its names and labels';

/**
 * Reads a trace from Prometheus, or whatever speaks its HTTP API, in as many questions as that takes.
 *
 * @throws Error where it cannot be reached, refuses the query, or answers with something else.
 */
export async function readTracePrometheus(
  asked: PrometheusTrace,
  signal: AbortSignal,
): Promise<Parsed<Trace>> {
  const { fromMs, toMs, stepMs, query } = asked;
  const sums = new Map<number, number>();
  for (let atMs = fromMs; atMs <= toMs; atMs += stepsAtOnce * stepMs) {
    const untilMs = Math.min(toMs, atMs + (stepsAtOnce - 1) * stepMs);
    for (const point of await ask(asked, [atMs, untilMs], signal))
      sums.set(point.atMs, (sums.get(point.atMs) ?? 0) + point.value);
  }
  if (sums.size === 0) return { ok: false, problems: [{ path: [], message: fitsNothing }] };
  const points = [...sums].map(([atMs, value]) => ({ atMs, value }));
  return traceOfPoints(points, query);
}

function ask(
  { query, stepMs, ...access }: PrometheusTrace,
  [fromMs, toMs]: readonly [number, number],
  signal: AbortSignal,
): Promise<readonly TracePoint[]> {
  const times = { start: String(fromMs / 1000), end: String(toMs / 1000), step: String(stepMs / 1000) };
  return askPrometheus(access, { path: 'query_range', words: { query, ...times }, read: readMatrix }, signal);
}

function readMatrix(data: Field): readonly TracePoint[] {
  data.at('resultType').oneOf(['matrix']);
  const series = data.at('result').array((each) => each.at('values').array(readPoint));
  if (series.length > seriesMax)
    data.at('result').problem(`must be at most ${seriesMax} series, got ${series.length}`);
  return series.flat();
}

/** `[1735689600.123, "0.5"]`; `NaN` and `+Inf` are texts, too. */
function readPoint(pair: Field): TracePoint {
  return { atMs: Math.round(pair.at(0).number() * 1000), value: Number(pair.at(1).string()) };
}
