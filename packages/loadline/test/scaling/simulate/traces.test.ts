import fc from 'fast-check';
import { parseScalingPolicy, type ScalingPolicy, writeScalingPolicy } from 'loadline/scaling';
import {
  frontOf,
  readTraceCsv,
  sweepPolicy,
  type Trace,
  tellLeftOut,
  traceOfPoints,
  varyPolicy,
  violatedRatioAt,
} from 'loadline/scaling/simulate';
import { describe, expect, it } from 'vitest';

const noonMs = Date.UTC(2026, 5, 6, 12);

function readCsv(text: string): Trace {
  const read = readTraceCsv(text, 'load.csv');
  if (!read.ok) throw new Error(JSON.stringify(read.problems));
  return read.value;
}

function problemsOf(read: ReturnType<typeof readTraceCsv>): string[] {
  return read.ok ? [] : read.problems.map(({ path, message }) => `${path.join('.')} ${message}`.trim());
}

describe('readTraceCsv()', () => {
  const rates = [10, 20.5, 30];

  it.each([
    [
      'a title and ISO times',
      'time,rate\n2026-06-06T12:00:00Z,10\n2026-06-06T12:01:00Z,20.5\n2026-06-06T12:02:00Z,30\n',
    ],
    [
      'times without a zone, which are in UTC',
      '2026-06-06 12:00,10\n2026-06-06 12:01,20.5\n2026-06-06 12:02,30',
    ],
    [
      'seconds since the epoch',
      [0, 60, 120].map((each, at) => `${noonMs / 1000 + each};${rates[at]}`).join('\n'),
    ],
    [
      'milliseconds, tabs and another order',
      [2, 0, 1].map((at) => `${noonMs + at * 60_000}\t${rates[at]}`).join('\r\n'),
    ],
    [
      'quotes, comments and further columns',
      '# from yesterday\n"2026-06-06T12:00:00Z","10",x\n2026-06-06T12:01:00Z,20.5,y\n\n2026-06-06T12:02:00Z,30,z',
    ],
  ])('reads %s', (_, text) => {
    expect(readCsv(text)).toEqual({
      name: 'load.csv',
      startMs: noonMs,
      stepMs: 60_000,
      ratesPerSecond: Float64Array.from(rates),
    });
  });

  it('takes a leap second for the one after it, and no day that the calendar has not', () => {
    const read = readTraceCsv('2016-12-31 23:59:00,1\n2016-12-31 23:59:60,2\n2017-01-01T00:01:00Z,3', 'x');
    expect(read).toMatchObject({
      ok: true,
      value: { startMs: Date.UTC(2016, 11, 31, 23, 59), stepMs: 60_000 },
    });
    expect(problemsOf(readTraceCsv('time,rate\n2026-02-30T12:00:00Z,1', 'x'))).toHaveLength(1);
  });

  it('tells the lines that it cannot read, the first five at once', () => {
    const read = readTraceCsv(
      `time,rate\n${Array.from({ length: 7 }, (_, at) => `day ${at},1`).join('\n')}`,
      'x',
    );
    expect(problemsOf(read)).toHaveLength(6);
    expect(problemsOf(read)[0]).toMatch(/^line 2 must be a time and requests a second.*got "day 0,1"$/);
    expect(problemsOf(read)[5]).toBe('2 more lines cannot be read');
    expect(problemsOf(readTraceCsv('time,rate\n2026-06-06T12:00:00Z,-1', 'x'))).toHaveLength(1);
  });

  it('bears any text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 200 }), (text) => {
        readTraceCsv(text, 'x');
      }),
    );
  });
});

describe('traceOfPoints()', () => {
  const at = (...pairs: readonly (readonly [seconds: number, value: number])[]) =>
    traceOfPoints(
      pairs.map(([seconds, value]) => ({ atMs: noonMs + seconds * 1000, value })),
      'points',
    );

  it('takes the distance that most have for the step, and leaves gaps where nothing was', () => {
    const read = at([0, 1], [15, 2], [30.01, 3], [90, 7], [105, 8]);
    expect(read).toMatchObject({ ok: true, value: { stepMs: 15_000 } });
    if (read.ok)
      expect([...read.value.ratesPerSecond]).toEqual([1, 2, 3, Number.NaN, Number.NaN, Number.NaN, 7, 8]);
  });

  it('averages what falls into one step, and leaves out what is no rate', () => {
    const read = at([0, 1], [60, 4], [61, 6], [120, Number.POSITIVE_INFINITY], [180, 3]);
    if (read.ok) expect([...read.value.ratesPerSecond]).toEqual([1, 5, Number.NaN, 3]);
    expect(read.ok).toBe(true);
  });

  it('refuses what is no series', () => {
    expect(problemsOf(at())).toEqual(['must have at least 2 values at different times, got 0']);
    expect(problemsOf(at([0, 1], [0, 2]))).toEqual([
      'must have a value every second to every hour, got one every 0 s',
    ]);
    expect(problemsOf(at([0, 1], [86_400, 2]))).toEqual([
      'must have a value every second to every hour, got one every 86400 s',
    ]);
    expect(problemsOf(at([0, Number.NaN], [60, Number.NaN]))).toEqual([
      'must have a value somewhere, got only gaps',
    ]);
    expect(problemsOf(at([0, 1], [1, 1], [2, 1], [5e6, 1]))).toEqual([
      'must span at most 1000000 steps, got 5000001',
    ]);
  });
});

describe('the curve of a policy', () => {
  const point = (instanceHours: number, violatedRatio: number) => ({ instanceHours, violatedRatio });
  const points = [point(300, 0.01), point(100, 0.1), point(200, 0.2), point(400, 0.01), point(500, 0)];

  it('is made of what nothing else beats in both', () => {
    expect(frontOf(points)).toEqual([point(100, 0.1), point(300, 0.01), point(500, 0)]);
  });

  it('is read between its points, and never guessed below its cheapest', () => {
    expect(violatedRatioAt(points, 200)).toBeCloseTo(0.055, 12);
    expect(violatedRatioAt(points, 100)).toBe(0.1);
    expect(violatedRatioAt(points, 99)).toBeUndefined();
    expect(violatedRatioAt(points, 1000)).toBe(0);
    expect(violatedRatioAt([], 10)).toBeUndefined();
  });
});

describe('varyPolicy()', () => {
  const replicas = { min: 1, max: 10 };

  it('makes targets, thresholds, headroom and forecasts more generous together', () => {
    const policy = policyOf({
      replicas,
      metrics: { cpuRatio: { scaleOutAbove: 0.8, scaleInBelow: 0.4 }, connections: { target: 100 } },
      sizing: { latency: '200ms', service: '20ms', headroom: 0.2 },
      forecast: { ratePerSecond: {} },
    });
    expect(varyPolicy(policy, 2).rules).toMatchObject([
      { scaleOutAbove: 0.4, scaleInBelow: 0.2 },
      { target: 50 },
      { headroom: 1.4 },
      { sizing: { headroom: 1.4 } },
    ]);
    expect(varyPolicy(policy, 1)).toEqual(policy);
    expect(varyPolicy(policy, 0.5).rules).toMatchObject([{}, {}, { headroom: 0 }, {}]);
  });

  it('makes an autoscaler more generous by its targets, which stay whole', () => {
    const hpa = policyOf(hpaOf(75));
    expect(varyPolicy(hpa, 1.5).hpa?.metrics).toMatchObject([
      { target: { type: 'Utilization', percent: 50 } },
    ]);
    expect(writeScalingPolicy(varyPolicy(hpa, 1))).toEqual(writeScalingPolicy(hpa));
  });
});

describe('sweepPolicy()', () => {
  const replicas = { min: 1, max: 10 };
  const tried = (written: object): number[] =>
    sweepPolicy(policyOf(written)).variations.map(({ generosity }) => generosity);
  const sizing = { latency: '200ms', service: '20ms' };

  it('varies what follows a number from 0.7 to 2', () => {
    expect(tried({ replicas, metrics: { cpuRatio: { target: 0.6 } } })).toEqual([
      0.7, 0.8, 0.9, 1, 1.15, 1.35, 1.6, 2,
    ]);
  });

  it('sizes nothing for less than comes, by itself, by a forecast or beside a target', () => {
    const upwards = [1, 1.15, 1.35, 1.6, 2];
    expect(tried({ replicas, sizing })).toEqual(upwards);
    expect(tried({ replicas, sizing, metrics: { cpuRatio: { target: 0.6 } } })).toEqual(upwards);
    expect(tried({ replicas, sizing, forecast: { ratePerSecond: {} } })).toEqual(upwards);
    expect(tried({ replicas, sizing: { ...sizing, headroom: 0.25 } })).toEqual([0.8, 0.9, ...upwards]);
  });

  it('tries no autoscaler twice whose whole numbers stay as they are', () => {
    expect(tried(hpaOf(3))).toEqual([0.7, 0.8, 1, 1.35, 1.6, 2]);
  });

  it('says what it left out and why', () => {
    const { leftOut } = sweepPolicy(policyOf({ replicas, sizing: { ...sizing, headroom: 0.25 } }));
    expect(tellLeftOut(leftOut.map((each) => ({ policy: 'sized.yaml', ...each })))).toEqual([
      'Left out: sized.yaml × 0.7, as it would be sized for less than comes.',
    ]);
  });
});

/** Wants the CPU to be so busy, in percent. */
function hpaOf(averageUtilization: number): object {
  return {
    apiVersion: 'autoscaling/v2',
    kind: 'HorizontalPodAutoscaler',
    metadata: { name: 'api' },
    spec: {
      scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'api' },
      maxReplicas: 5,
      metrics: [
        { type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization } } },
      ],
    },
  };
}

function policyOf(written: object): ScalingPolicy {
  const parsed = parseScalingPolicy(written);
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  return parsed.value;
}
