import { createHistogram, type Histogram } from '../metrics/index.ts';
import type { Lane } from './measure/lane.ts';
import type { Recorder } from './measure/recorder.ts';

/** A line of a report: what some lanes measured, together. */
export interface ReportRow {
  readonly name: string;
  readonly requests: number;
  readonly errors: number;
  /** 0 to 1; 0 where there were no requests. */
  readonly errorRatio: number;
  readonly ratePerSecond: number;
  /** From when the request was due to its last byte; undefined where nothing was measured. */
  readonly latencyMs: LatencySummary | undefined;
  /** From when the request was sent on an open connection to its last byte. */
  readonly serviceMs: LatencySummary | undefined;
  readonly statuses: Readonly<Record<string, number>>;
  readonly failures: Readonly<Record<string, { readonly count: number; readonly example: string }>>;
  readonly checks: {
    readonly passed: number;
    readonly failed: number;
    readonly failedByName: Readonly<Record<string, number>>;
  };
  readonly bytesIn: number;
  readonly bytesOut: number;
  /** The latency histogram in microseconds, in wire form as base64: rows of several runs merge exactly. */
  readonly latencyHistogram: string;
  readonly serviceHistogram: string;
  /** From the start, without gaps: by the second, or by 2, 4, 8 … in a run of over ten minutes. */
  readonly timeline: readonly TimelineRow[];
}

/** What a row measured within an interval; a request stands in that in which it ended. */
export interface TimelineRow {
  readonly startMs: number;
  readonly durationMs: number;
  readonly requests: number;
  readonly errors: number;
  readonly latencyMs: LatencySummary | undefined;
  readonly serviceMs: LatencySummary | undefined;
  readonly latencyHistogram: string;
  readonly serviceHistogram: string;
}

/**
 * Some latencies in figures: milliseconds, but for `count`. Percentiles are never below the exact ones and less than 0.79 % above
 * them (`Histogram`); all else is exact to a microsecond.
 */
export interface LatencySummary {
  readonly count: number;
  readonly min: number;
  readonly mean: number;
  readonly p50: number;
  readonly p90: number;
  readonly p95: number;
  readonly p99: number;
  readonly p999: number;
  readonly max: number;
}

/** Sums lanes into a row. Pure; histograms merge exactly, so a row of rows is as good as a row of lanes. */
export function rowOf(name: string, lanes: readonly Lane[], recorder: Recorder, activeMs: number): ReportRow {
  const sum = (of: (lane: Lane) => number): number => lanes.reduce((total, lane) => total + of(lane), 0);
  const requests = sum((lane) => lane.requests);
  const errors = sum((lane) => lane.errors);
  const latency = mergeAll(lanes.map((lane) => lane.latency));
  const service = mergeAll(lanes.map((lane) => lane.service));
  return {
    name,
    requests,
    errors,
    errorRatio: requests === 0 ? 0 : errors / requests,
    ratePerSecond: perSecond(requests, activeMs),
    latencyMs: summarizeLatency(latency),
    serviceMs: summarizeLatency(service),
    statuses: addUp(
      lanes.flatMap((lane) => [...lane.statuses].map(([status, count]) => [String(status), count])),
    ),
    failures: failuresOf(lanes),
    checks: checksOf(lanes),
    bytesIn: sum((lane) => lane.bytesIn),
    bytesOut: sum((lane) => lane.bytesOut),
    latencyHistogram: inBase64(latency),
    serviceHistogram: inBase64(service),
    timeline: timelineOf(lanes, recorder),
  };
}

function timelineOf(lanes: readonly Lane[], recorder: Recorder): TimelineRow[] {
  const { intervalMs } = recorder;
  return Array.from({ length: recorder.intervals }, (_, interval) => {
    const points = lanes.flatMap((lane) => recorder.point(lane, interval) ?? []);
    const latency = createHistogram();
    const service = createHistogram();
    for (const point of points) {
      latency.mergeEncoded(point.latency);
      service.mergeEncoded(point.service);
    }
    return {
      startMs: interval * intervalMs,
      durationMs: intervalMs,
      requests: points.reduce((sum, point) => sum + point.requests, 0),
      errors: points.reduce((sum, point) => sum + point.errors, 0),
      latencyMs: summarizeLatency(latency),
      serviceMs: summarizeLatency(service),
      latencyHistogram: inBase64(latency),
      serviceHistogram: inBase64(service),
    };
  });
}

function inBase64(histogram: Histogram): string {
  return Buffer.from(histogram.encode()).toString('base64');
}

/** A histogram of microseconds as milliseconds; undefined where it is empty. */
export function summarizeLatency(histogram: Histogram): LatencySummary | undefined {
  if (histogram.count === 0) return undefined;
  const quantileMs = (q: number): number => histogram.quantile(q) / 1000;
  return {
    count: histogram.count,
    min: histogram.min / 1000,
    mean: histogram.mean / 1000,
    p50: quantileMs(0.5),
    p90: quantileMs(0.9),
    p95: quantileMs(0.95),
    p99: quantileMs(0.99),
    p999: quantileMs(0.999),
    max: histogram.max / 1000,
  };
}

function failuresOf(lanes: readonly Lane[]): Record<string, { count: number; example: string }> {
  const failures: Record<string, { count: number; example: string }> = {};
  for (const [reason, { count, example }] of lanes.flatMap((lane) => [...lane.failures])) {
    const known = failures[reason];
    if (known === undefined) failures[reason] = { count, example };
    else known.count += count;
  }
  return failures;
}

function checksOf(lanes: readonly Lane[]): ReportRow['checks'] {
  const checks = lanes.flatMap((lane) => lane.checks);
  return {
    passed: checks.reduce((sum, check) => sum + check.passed, 0),
    failed: checks.reduce((sum, check) => sum + check.failed, 0),
    failedByName: addUp(checks.filter(({ failed }) => failed > 0).map(({ name, failed }) => [name, failed])),
  };
}

function addUp(entries: readonly (readonly [string, number])[]): Record<string, number> {
  const sums = new Map<string, number>();
  for (const [key, count] of entries) sums.set(key, (sums.get(key) ?? 0) + count);
  return Object.fromEntries(sums);
}

/** Whether any response came, of whatever status, or any message. */
export function isAnswered(lanes: readonly Lane[]): boolean {
  return lanes.some((lane) => lane.requests > lane.errors || lane.statuses.size > 0);
}

export function mergeAll(histograms: readonly Histogram[]): Histogram {
  const merged = createHistogram();
  for (const histogram of histograms) merged.merge(histogram);
  return merged;
}

export function perSecond(count: number, durationMs: number): number {
  return durationMs > 0 ? (count / durationMs) * 1000 : 0;
}
