import type { Parsed } from '../../base/index.ts';
import type { Trace } from './trace.ts';

/** What was measured at a time, in milliseconds since the epoch. */
export interface TracePoint {
  readonly atMs: number;
  /** Requests a second; NaN where nobody looked. */
  readonly value: number;
}

const stepMsMin = 1000;
const stepMsMax = 3_600_000;
const stepsMax = 1_000_000;

/**
 * Makes a trace of points, as a store or Prometheus gives them. Its step is the distance that most neighbours have;
 * points of one step are averaged, and where none is, nobody looked.
 */
export function traceOfPoints(points: readonly TracePoint[], name: string): Parsed<Trace> {
  const sorted = points.toSorted((a, b) => a.atMs - b.atMs);
  const [first, last] = [sorted[0], sorted.at(-1)];
  const unfit = (message: string): Parsed<Trace> => ({ ok: false, problems: [{ path: [], message }] });
  if (first === undefined || last === undefined || sorted.length < 2)
    return unfit(`must have at least 2 values at different times, got ${sorted.length}`);
  const stepMs = commonDistance(sorted);
  if (stepMs === undefined || stepMs < stepMsMin || stepMs > stepMsMax)
    return unfit(`must have a value every second to every hour, got one every ${(stepMs ?? 0) / 1000} s`);
  const steps = Math.round((last.atMs - first.atMs) / stepMs) + 1;
  if (steps > stepsMax) return unfit(`must span at most ${stepsMax} steps, got ${steps}`);
  const sums = new Float64Array(steps);
  const counts = new Uint32Array(steps);
  for (const { atMs, value } of sorted) {
    if (!(value >= 0 && value < Number.POSITIVE_INFINITY)) continue;
    const step = Math.min(steps - 1, Math.round((atMs - first.atMs) / stepMs));
    sums[step] = (sums[step] as number) + value;
    counts[step] = (counts[step] as number) + 1;
  }
  if (!counts.some((count) => count > 0)) return unfit('must have a value somewhere, got only gaps');
  const ratesPerSecond = sums.map((sum, step) =>
    counts[step] === 0 ? Number.NaN : sum / (counts[step] as number),
  );
  return { ok: true, value: { name, startMs: first.atMs, stepMs, ratesPerSecond } };
}

/** The median of the distances between neighbours at different times, in whole seconds where it is nearly that. */
function commonDistance(sorted: readonly TracePoint[]): number | undefined {
  const distances = sorted
    .slice(1)
    .map(({ atMs }, at) => atMs - (sorted[at] as TracePoint).atMs)
    .filter((distance) => distance > 0)
    .sort((a, b) => a - b);
  const median = distances[distances.length >> 1];
  if (median === undefined) return undefined;
  const seconds = Math.round(median / 1000);
  return Math.abs(median - seconds * 1000) < 50 ? seconds * 1000 : median;
}
