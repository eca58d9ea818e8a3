import { createRandom, normal, type Random } from 'loadline/base';
import type { LoadReport, ReportRow, ThresholdResult } from 'loadline/load';
import { createHistogram, type Histogram } from 'loadline/metrics';
import { summarizeLatency } from '../../../src/load/report-row.ts';

/** What a made-up run looked like; all of it has a default. */
export interface FixtureOptions {
  readonly name?: string;
  readonly seconds?: number;
  /** Length of a row of the timelines. */
  readonly rowSeconds?: number;
  readonly endpoints?: readonly string[];
  readonly requestsPerSecond?: number;
  /** Share of failed requests, 0 to 1, in each second. */
  readonly errorRatio?: (second: number) => number;
  readonly status?: LoadReport['verdict']['status'];
  readonly reasons?: readonly string[];
  readonly thresholds?: readonly ThresholdResult[];
  readonly overloaded?: LoadReport['generator']['overloaded'];
  readonly dropped?: number;
  readonly resources?: LoadReport['resources'];
  readonly seed?: number;
}

const visits = ['discovery', 'food details', 'claim', 'log in'];

/** A report with believable figures: latencies are log-normal and stall for a tenth of the run. Seeded. */
export function reportFixture(options: FixtureOptions = {}): LoadReport {
  const { seconds = 60, rowSeconds = 1, endpoints = visits, requestsPerSecond = 40, seed = 1 } = options;
  const random = createRandom(seed);
  const recordings = endpoints.map((name, at) =>
    record(name, { seconds, rowSeconds, random, medianMs: 8 + at * 4, requestsPerSecond, ...options }),
  );
  const activeMs = seconds * 1000;
  const total = rowFrom('total', recordings, activeMs);
  const half = Math.ceil(recordings.length / 2);
  const dropped = options.dropped ?? 0;
  const requests = total.requests + dropped;
  const achieved = total.requests - total.errors;
  const overloaded = options.overloaded ?? [];
  return {
    schema: 'loadline.load-report/3',
    name: options.name ?? 'evening peak',
    target: 'http://127.0.0.1:8080',
    startedAt: '2026-11-02T18:30:00.000Z',
    seed,
    planned: { load: [`${requestsPerSecond}/s for ${seconds} s`], fingerprint: '0123456789abcdef' },
    plannedMs: activeMs,
    activeMs,
    environment,
    verdict: { status: options.status ?? 'passed', reasons: options.reasons ?? [] },
    offered: {
      requests,
      ratePerSecond: requests / seconds,
      achieved,
      achievedPerSecond: achieved / seconds,
      arrivals: requests,
      dropped,
      waited: Math.round(dropped / 3),
      unfinished: 0,
      unreported: 0,
    },
    iterations: {
      started: total.requests,
      completed: total.requests,
      cutShort: 0,
      cutShortBecause: {},
      interrupted: 0,
    },
    total,
    endpoints: recordings.map((each) => rowFrom(each.name, [each], activeMs)),
    scenarios: [
      rowFrom('browse', recordings.slice(0, half), activeMs),
      ...(recordings.length > half ? [rowFrom('share', recordings.slice(half), activeMs)] : []),
    ],
    users: rowStarts(seconds, rowSeconds).map((startMs) => ({
      startMs,
      durationMs: rowSeconds * 1000,
      users: Math.round(200 * Math.min(1, (startMs + 1) / (activeMs / 4))),
    })),
    workers: [],
    resources: options.resources ?? resourcesOf(seconds, rowSeconds, random),
    unseen: [],
    thresholds: options.thresholds ?? metThresholds,
    generator: {
      wasBottleneck: options.status === 'invalid',
      statement: overloaded.length === 0 ? 'The generator kept up.' : 'The generator was the bottleneck.',
      overloaded,
      lateStepRatio: overloaded.length === 0 ? 0.0002 : 0.21,
      loopUtilizationMax: overloaded.length === 0 ? 0.31 : 0.99,
      cpuRatioMean: 0.42,
      loopDelayMsMax: 7.3,
      latenessMsP99Max: 1.8,
    },
  };
}

export const passedRun = (): LoadReport => reportFixture();

export const failedRun = (): LoadReport =>
  reportFixture({
    status: 'failed',
    reasons: ['latency: p95 < 40ms, got 62.1 ms', 'errors: ratio < 0.1%, got 4.2 %'],
    errorRatio: (second) => (second > 30 && second < 40 ? 0.3 : 0.002),
    thresholds: [
      { text: 'latency: p95 < 40ms', verdict: 'failed', measured: 62.1, shown: '62.1 ms' },
      { text: 'claim.latency: p99 < 500ms', verdict: 'passed', measured: 310, shown: '310 ms' },
      { text: 'errors: ratio < 0.1%', verdict: 'failed', measured: 0.042, shown: '4.2 %' },
      { text: 'log in.latency: p99 < 1s', verdict: 'no data', measured: undefined, shown: 'no data' },
    ],
    dropped: 120,
  });

export const invalidRun = (): LoadReport =>
  reportFixture({
    status: 'invalid',
    reasons: [
      'The generator was the bottleneck in 14 of 60 samples, 512 of 9600 steps began over 20 ms late: lower the load, or give it a core of its own.',
    ],
    overloaded: [
      { fromMs: 18_000, toMs: 23_000 },
      { fromMs: 41_000, toMs: 50_000 },
    ],
    dropped: 900,
  });

/** Made by three machines, one of which was lost and replaced by nobody. */
export const distributedRun = (): LoadReport => ({
  ...reportFixture({ status: 'invalid', reasons: ['alpha was lost, and nobody took over its share.'] }),
  generator: { ...reportFixture({ seconds: 1 }).generator, wasBottleneck: false },
  workers: [
    {
      name: 'alpha',
      clockOffsetMs: 12.4,
      clockErrorMs: 0.3,
      lost: { atMs: 31_000, because: 'no word for 2 s', takenOverBy: undefined },
    },
    {
      name: 'beta',
      clockOffsetMs: -3.1,
      clockErrorMs: 0.2,
      lost: { atMs: 40_000, because: 'it has ended', takenOverBy: 'gamma' },
    },
    { name: 'gamma', clockOffsetMs: 0, clockErrorMs: 0.1, lost: undefined },
  ],
});

/** A threshold ended it, which is met by all that was measured until then. */
export const abortedRun = (): LoadReport => ({
  ...reportFixture({ status: 'failed', reasons: [abortedBecause] }),
  endedBecause: abortedBecause,
});

const abortedBecause = 'errors: ratio < 1%, got 7 %: the run was ended after 12 s';

export const interruptedRun = (): LoadReport => ({
  ...reportFixture({
    status: 'interrupted',
    seconds: 12,
    reasons: ['The run was interrupted; it was not judged.'],
  }),
  plannedMs: 60_000,
});

/** Nothing answered. */
export const emptyRun = (): LoadReport => {
  const run = reportFixture({
    status: 'failed',
    seconds: 5,
    endpoints: [],
    thresholds: [{ text: 'latency: p95 < 200ms', verdict: 'no data', measured: undefined, shown: 'no data' }],
    reasons: ['Nothing answered: no request was sent.'],
    resources: [],
  });
  return { ...run, users: [] };
};

/** Ten minutes at one row a second, ten endpoints. */
export const longRun = (): LoadReport =>
  reportFixture({
    seconds: 600,
    endpoints: Array.from({ length: 10 }, (_, at) => `${visits[at % 4]} ${at + 1}`),
    requestsPerSecond: 12,
    errorRatio: (second) => (second % 97 === 0 ? 0.2 : 0.001),
  });

export const crowdedRun = (): LoadReport =>
  reportFixture({
    seconds: 30,
    requestsPerSecond: 8,
    endpoints: Array.from(
      { length: 40 },
      (_, at) =>
        `GET /api/v2/organisations/{organisation}/regions/{region}/deliveries/{delivery}/items/${at}`,
    ),
  });

export const unicodeRun = (): LoadReport =>
  reportFixture({
    name: 'Übernahme – 夕方のピーク 🍜',
    endpoints: ['食べ物を探す', 'Größe wählen', 'الطعام المشترك', '🍕 pizza'],
  });

/** What a server, or a file from a stranger, may put into a report to steer whoever reads it. */
export const hostile =
  '</script><img src=x onerror="window.wasHacked=1">\'`|@everyone]]>\u0000\u001b[31m\r\n=1+1';

export const hostileRun = (): LoadReport => {
  const run = reportFixture({
    name: hostile,
    seconds: 5,
    endpoints: [hostile, '=HYPERLINK("http://x")', '@cmd', '-2+3'],
    status: 'failed',
    reasons: [hostile],
    thresholds: [{ text: `${hostile}.latency: p95 < 1s`, verdict: 'failed', measured: 1, shown: hostile }],
    resources: [
      {
        source: hostile,
        name: hostile,
        unit: hostile,
        points: [
          [0, 1],
          [1000, 2],
        ],
      },
    ],
  });
  const poisoned = (row: ReportRow): ReportRow => ({
    ...row,
    failures: { [hostile]: { count: 3, example: hostile } },
    statuses: { [hostile]: 5 },
    checks: { passed: 1, failed: 2, failedByName: { [hostile]: 2 } },
  });
  return {
    ...run,
    target: `http://127.0.0.1/${hostile}`,
    environment: { ...run.environment, cpuModel: hostile },
    generator: { ...run.generator, statement: hostile },
    unseen: [hostile],
    iterations: { ...run.iterations, cutShort: 1, cutShortBecause: { [hostile]: 1 } },
    total: poisoned(run.total),
    endpoints: run.endpoints.map(poisoned),
  };
};

const environment: LoadReport['environment'] = {
  loadline: '0.1.0',
  node: '26.10.0',
  os: 'Linux 6.1.0',
  arch: 'x64',
  cpuModel: 'AMD EPYC 7B13',
  cores: 2,
  memoryBytes: 8_201_334_784,
  workers: 1,
};

const metThresholds: readonly ThresholdResult[] = [
  { text: 'latency: p95 < 200ms', verdict: 'passed', measured: 62.1, shown: '62.1 ms' },
  { text: 'claim.latency: p99 < 500ms', verdict: 'passed', measured: 310, shown: '310 ms' },
  { text: 'errors: ratio < 0.1%', verdict: 'passed', measured: 0, shown: '0 %' },
];

interface Second {
  readonly startMs: number;
  readonly durationMs: number;
  readonly latency: Histogram;
  readonly service: Histogram;
  requests: number;
  errors: number;
}

interface Recording {
  readonly name: string;
  readonly rows: readonly Second[];
}

interface Course {
  readonly seconds: number;
  readonly rowSeconds: number;
  readonly random: Random;
  readonly medianMs: number;
  readonly requestsPerSecond: number;
  readonly errorRatio?: (second: number) => number;
}

function record(name: string, course: Course): Recording {
  const { seconds, rowSeconds, random, medianMs, requestsPerSecond } = course;
  const rows = rowStarts(seconds, rowSeconds).map((startMs): Second => {
    const second = startMs / 1000;
    const row = {
      startMs,
      durationMs: rowSeconds * 1000,
      latency: createHistogram(),
      service: createHistogram(),
      requests: 0,
      errors: 0,
    };
    const isStalled = second >= seconds * 0.6 && second < seconds * 0.7;
    const errorRatio = course.errorRatio?.(second) ?? 0;
    const count = Math.round(requestsPerSecond * rowSeconds * (0.9 + random() * 0.2));
    for (let i = 0; i < count; i++) {
      const serviceMs = medianMs * Math.exp(normal(random, 0, 0.6)) * (isStalled ? 2 : 1);
      const waitMs = isStalled ? random() * 180 : random() * 0.4;
      row.requests++;
      if (random() < errorRatio) row.errors++;
      row.service.record(Math.round(serviceMs * 1000));
      row.latency.record(Math.round((serviceMs + waitMs) * 1000));
    }
    return row;
  });
  return { name, rows };
}

function rowFrom(name: string, recordings: readonly Recording[], activeMs: number): ReportRow {
  const seconds = recordings.flatMap((each) => each.rows);
  const requests = seconds.reduce((sum, each) => sum + each.requests, 0);
  const errors = seconds.reduce((sum, each) => sum + each.errors, 0);
  const timedOut = Math.floor(errors / 3);
  const [first] = recordings;
  return {
    name,
    requests,
    errors,
    errorRatio: requests === 0 ? 0 : errors / requests,
    ratePerSecond: (requests / activeMs) * 1000,
    ...measuredIn(seconds),
    statuses: {
      ...(requests > errors ? { '200': requests - errors } : {}),
      ...(errors > timedOut ? { '503': errors - timedOut } : {}),
    },
    failures:
      timedOut === 0 ? {} : { timeout: { count: timedOut, example: 'no answer within 5 s of GET /api' } },
    checks: {
      passed: requests - errors,
      failed: errors,
      failedByName: errors === 0 ? {} : { 'status is 200': errors },
    },
    bytesIn: requests * 2100,
    bytesOut: requests * 240,
    timeline: (first?.rows ?? []).map(({ startMs, durationMs }, at) => {
      const rows = recordings.flatMap((each) => each.rows.slice(at, at + 1));
      return {
        startMs,
        durationMs,
        requests: rows.reduce((sum, each) => sum + each.requests, 0),
        errors: rows.reduce((sum, each) => sum + each.errors, 0),
        ...measuredIn(rows),
      };
    }),
  };
}

function measuredIn(rows: readonly Second[]) {
  const latency = merged(rows.map((each) => each.latency));
  const service = merged(rows.map((each) => each.service));
  return {
    latencyMs: summarizeLatency(latency),
    serviceMs: summarizeLatency(service),
    latencyHistogram: Buffer.from(latency.encode()).toString('base64'),
    serviceHistogram: Buffer.from(service.encode()).toString('base64'),
  };
}

function merged(histograms: readonly Histogram[]): Histogram {
  const all = createHistogram();
  for (const histogram of histograms) all.merge(histogram);
  return all;
}

function rowStarts(seconds: number, rowSeconds: number): number[] {
  return Array.from({ length: Math.ceil(seconds / rowSeconds) }, (_, at) => at * rowSeconds * 1000);
}

function resourcesOf(seconds: number, rowSeconds: number, random: Random): LoadReport['resources'] {
  const times = rowStarts(seconds, rowSeconds);
  const wave = (base: number, swing: number): [number, number][] =>
    times.map((ms) => [ms, base + swing * Math.sin((ms / 1000 / seconds) * 6) + swing * 0.2 * random()]);
  return [
    { source: 'process 4711', name: 'cpu', unit: 'ratio', points: wave(0.5, 0.3) },
    { source: 'process 4711', name: 'memory', unit: 'bytes', points: wave(180e6, 20e6) },
    {
      source: 'postgres',
      name: 'connections',
      unit: 'count',
      points: wave(18, 6).map(([ms, value]) => [ms, Math.round(value)]),
    },
  ];
}
