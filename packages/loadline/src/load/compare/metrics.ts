import { Histogram } from '../../metrics/index.ts';
import type { ReportedSpan } from './reported-run.ts';

/** What was counted in some time, with its histograms of microseconds opened. */
export interface Tally {
  readonly durationMs: number;
  readonly requests: number;
  readonly errors: number;
  readonly latency: Histogram;
  readonly service: Histogram;
}

/** One figure of a run that is held against another run's. */
export interface ComparedMetric {
  readonly name: string;
  readonly unit: 'ms' | '/s' | 'ratio';
  readonly better: 'lower' | 'higher';
  /** Whether two figures are compared by their ratio, or, as what may well be 0, by their difference. */
  readonly by: 'ratio' | 'difference';
  /**
   * By how much of a figure (one standard deviation) runs of one build are taken to differ where a single run
   * stands on each side and nothing tells: an assumption, drawn from what runs on shared machines do.
   */
  readonly assumedDeviation: number;
  /** NaN where nothing was measured. */
  readonly of: (tally: Tally) => number;
}

/** In the order in which they are shown. Their number times the rows' is how many chances there are to be wrong. */
export const comparedMetrics: readonly ComparedMetric[] = [
  time('latency mean', 0.1, (tally) => tally.latency.mean),
  time('latency p50', 0.05, (tally) => quantileOf(tally.latency, 0.5)),
  time('latency p95', 0.1, (tally) => quantileOf(tally.latency, 0.95)),
  time('latency p99', 0.3, (tally) => quantileOf(tally.latency, 0.99)),
  time('service p50', 0.05, (tally) => quantileOf(tally.service, 0.5)),
  time('service p95', 0.1, (tally) => quantileOf(tally.service, 0.95)),
  {
    name: 'throughput',
    unit: '/s',
    better: 'higher',
    by: 'ratio',
    assumedDeviation: 0.1,
    // Only good answers count: a target that fails at once is not a quicker one. Where there was none, half an
    // answer stands for it, so that a ratio can be told.
    of: ({ requests, errors, durationMs }) =>
      requests === 0 ? Number.NaN : (Math.max(requests - errors, 0.5) / durationMs) * 1000,
  },
  {
    name: 'errors',
    unit: 'ratio',
    better: 'lower',
    by: 'difference',
    assumedDeviation: 0.2,
    of: ({ requests, errors }) => (requests === 0 ? Number.NaN : errors / requests),
  },
];

/** A figure on the scale on which it is compared: the logarithm for a ratio. */
export function toScale({ by }: ComparedMetric, figure: number): number {
  return by === 'ratio' ? Math.log(figure) : figure;
}

export function fromScale({ by }: ComparedMetric, scaled: number): number {
  return by === 'ratio' ? Math.exp(scaled) : scaled;
}

/** A difference on that scale as people tell it: 0.1 is 10 % more, or 10 percentage points. */
export function changeOf({ by }: ComparedMetric, difference: number): number {
  return by === 'ratio' ? Math.expm1(difference) : difference;
}

/**
 * @param isAnswered where nothing answered, times are those of refusals, and count for nothing.
 */
export function tallyOf(span: ReportedSpan, durationMs: number, isAnswered: boolean): Tally {
  const open = (text: string): Histogram =>
    isAnswered ? Histogram.decode(Buffer.from(text, 'base64')) : new Histogram();
  return {
    durationMs,
    requests: span.requests,
    errors: span.errors,
    latency: open(span.latencyHistogram),
    service: open(span.serviceHistogram),
  };
}

/** Tallies as one, as if all had been counted together. */
export function mergeTallies(tallies: readonly Tally[]): Tally {
  const merged = {
    durationMs: 0,
    requests: 0,
    errors: 0,
    latency: new Histogram(),
    service: new Histogram(),
  };
  for (const tally of tallies) {
    merged.durationMs += tally.durationMs;
    merged.requests += tally.requests;
    merged.errors += tally.errors;
    merged.latency.merge(tally.latency);
    merged.service.merge(tally.service);
  }
  return merged;
}

/** A time in milliseconds, read from microseconds. */
function time(
  name: string,
  assumedDeviation: number,
  ofMicroseconds: (tally: Tally) => number,
): ComparedMetric {
  return {
    name,
    unit: 'ms',
    better: 'lower',
    by: 'ratio',
    assumedDeviation,
    // The clock's step is a microsecond: nothing took no time.
    of: (tally) => Math.max(ofMicroseconds(tally), 1) / 1000,
  };
}

function quantileOf(histogram: Histogram, q: number): number {
  return histogram.count === 0 ? Number.NaN : histogram.quantile(q);
}
