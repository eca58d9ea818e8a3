import { createHistogram } from '../metrics/index.ts';
import type { GeneratorSample } from './measure/generator.ts';
import type { Lane } from './measure/lane.ts';
import type { IterationCounts, Recorder } from './measure/recorder.ts';
import { isAnswered } from './report-row.ts';

/** How far a run is, for a terminal or a stream. */
export interface LoadProgress {
  readonly elapsedMs: number;
  readonly durationMs: number;
  /** Users that are in an iteration. */
  readonly users: number;
  readonly requests: number;
  readonly errors: number;
  readonly dropped: number;
  /** Requests a second over the last complete interval of the time line. */
  readonly ratePerSecond: number;
  /** Over the whole run so far; undefined before the first answer. */
  readonly latencyMsP50: number | undefined;
  readonly latencyMsP95: number | undefined;
}

/** All that was measured until now, for outputs that show a run while it lasts. Only valid during the call. */
export interface LoadSample {
  readonly endpoints: readonly Lane[];
  readonly users: number;
  readonly dropped: number;
  readonly iterations: Readonly<IterationCounts>;
  /** Of the last second; of several, the busiest figures and the CPU time of all. Undefined before there was one. */
  readonly generator: GeneratorSample | undefined;
}

/** Pure, but for reading the recorder as it stands. */
export function progressOf(
  recorder: Recorder,
  { elapsedMs, durationMs, users }: Pick<LoadProgress, 'elapsedMs' | 'durationMs' | 'users'>,
): LoadProgress {
  recorder.at(elapsedMs);
  const latency = createHistogram();
  let requests = 0;
  let errors = 0;
  for (const lane of recorder.lanes) {
    requests += lane.requests;
    errors += lane.errors;
    latency.merge(lane.latency);
  }
  const last = recorder.intervals - 2;
  const requestsInLast = recorder.lanes.reduce(
    (sum, lane) => sum + (recorder.point(lane, last)?.requests ?? 0),
    0,
  );
  const wasAnswered = isAnswered(recorder.lanes);
  const quantileMs = (q: number): number | undefined =>
    latency.count === 0 || !wasAnswered ? undefined : latency.quantile(q) / 1000;
  return {
    elapsedMs,
    durationMs,
    users,
    requests,
    errors,
    dropped: recorder.dropped,
    ratePerSecond: (requestsInLast / recorder.intervalMs) * 1000,
    latencyMsP50: quantileMs(0.5),
    latencyMsP95: quantileMs(0.95),
  };
}
