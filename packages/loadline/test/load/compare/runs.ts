import { createRandom, normal, type Random } from 'loadline/base';
import { createHistogram, type Histogram } from 'loadline/metrics';
import type { ReportedRow, ReportedRun } from '../../../src/load/compare/reported-run.ts';

/** An endpoint of a service that only exists in numbers: its times are lognormal. */
export interface SimulatedEndpoint {
  readonly medianMs: number;
  readonly perSecond: number;
  /** 0 to 1; default 0. */
  readonly errorRatio?: number;
}

export interface SimulationOptions {
  readonly seed: number | string;
  readonly seconds?: number;
  readonly endpoints?: Readonly<Record<string, SimulatedEndpoint>>;
  /** By how much of themselves all times of a run differ from those of another run, as one standard deviation. */
  readonly betweenRuns?: number;
  /** The same for seconds of one run; a second keeps 0.8 of what the one before had. */
  readonly withinRun?: number;
  readonly startedAt?: number;
  /** All times grow evenly to so many times what they were. */
  readonly rampTo?: number;
}

const defaults: Readonly<Record<string, SimulatedEndpoint>> = {
  list: { medianMs: 8, perSecond: 40 },
  search: { medianMs: 20, perSecond: 30 },
  order: { medianMs: 35, perSecond: 15, errorRatio: 0.002 },
};

interface Span {
  requests: number;
  errors: number;
  readonly latency: Histogram;
  readonly service: Histogram;
}

/** A run with what real ones have: runs that differ, seconds that hang together, and chance. */
export function simulateRun(options: SimulationOptions): ReportedRun {
  const {
    seed,
    seconds = 20,
    endpoints = defaults,
    betweenRuns = 0.02,
    withinRun = 0.05,
    rampTo = 1,
  } = options;
  const random = createRandom(seed);
  const ofRun = normal(random, 0, betweenRuns);
  const spans = new Map(Object.keys(endpoints).map((name) => [name, [] as Span[]]));
  let ofSecond = 0;
  for (let second = 0; second < seconds; second++) {
    ofSecond = 0.8 * ofSecond + normal(random, 0, 0.6 * withinRun);
    const ofRamp = Math.log(1 + ((rampTo - 1) * second) / seconds);
    for (const [name, endpoint] of Object.entries(endpoints)) {
      spans.get(name)?.push(simulateSecond(random, endpoint, ofRun + ofSecond + ofRamp));
    }
  }
  const rows = [...spans].map(([name, own]) => rowOf(name, own));
  const total = Array.from({ length: seconds }, (_, second) =>
    merge([...spans.values()].map((own) => own[second] as Span)),
  );
  return reportedRun({
    seed: typeof seed === 'number' ? seed : 1,
    startedAt: new Date(options.startedAt ?? Date.UTC(2026, 0, 1)).toISOString(),
    plannedMs: seconds * 1000,
    activeMs: seconds * 1000,
    total: rowOf('total', total),
    endpoints: rows,
  });
}

/** A run without content, but for what is given. */
export function reportedRun(given: Partial<ReportedRun> = {}): ReportedRun {
  return {
    name: 'shop',
    target: 'http://127.0.0.1:8080',
    startedAt: '2026-01-01T00:00:00.000Z',
    seed: 1,
    plannedMs: 10_000,
    activeMs: 10_000,
    verdict: { status: 'passed', reasons: [] },
    environment: {
      loadline: '0.1.0',
      node: 'v26.10.0',
      os: 'linux',
      arch: 'x64',
      cpuModel: 'A CPU',
      cores: 2,
      memoryBytes: 2 ** 33,
      workers: 1,
    },
    total: rowOf('total', []),
    endpoints: [],
    ...given,
  };
}

function simulateSecond(random: Random, endpoint: SimulatedEndpoint, shift: number): Span {
  const span = { requests: 0, errors: 0, latency: createHistogram(), service: createHistogram() };
  const { medianMs, perSecond, errorRatio = 0 } = endpoint;
  const count = Math.max(1, Math.round(normal(random, perSecond, Math.sqrt(perSecond))));
  for (let i = 0; i < count; i++) {
    const serviceMs = medianMs * Math.exp(shift + normal(random, 0, 0.3));
    span.requests++;
    if (random() < errorRatio) span.errors++;
    span.service.record(serviceMs * 1000);
    span.latency.record(serviceMs * 1000 + random() * 500);
  }
  return span;
}

function rowOf(name: string, spans: readonly Span[]): ReportedRow {
  const whole = merge(spans);
  return {
    name,
    statuses: whole.requests === 0 ? {} : { 200: whole.requests },
    ...reportedSpan(whole),
    timeline: spans.map((span) => ({ durationMs: 1000, ...reportedSpan(span) })),
  };
}

function reportedSpan({
  requests,
  errors,
  latency,
  service,
}: Span): Omit<ReportedRow['timeline'][0], 'durationMs'> {
  return {
    requests,
    errors,
    latencyHistogram: Buffer.from(latency.encode()).toString('base64'),
    serviceHistogram: Buffer.from(service.encode()).toString('base64'),
  };
}

function merge(spans: readonly Span[]): Span {
  const merged = { requests: 0, errors: 0, latency: createHistogram(), service: createHistogram() };
  for (const span of spans) {
    merged.requests += span.requests;
    merged.errors += span.errors;
    merged.latency.merge(span.latency);
    merged.service.merge(span.service);
  }
  return merged;
}
