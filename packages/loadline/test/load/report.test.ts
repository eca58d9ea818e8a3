import { Histogram } from 'loadline/metrics';
import { describe, expect, it } from 'vitest';
import type { Recorder } from '../../src/load/measure/recorder.ts';
import { answers, calm, overloaded, reportWith, threshold } from '../cli/reports.ts';

const missed = threshold('latency', 'p95 < 1ms');
const met = threshold('latency', 'p95 < 10s');
const unknown = threshold('latency', 'p95 < 1s', 'rare');

describe('the verdict', () => {
  const verdict = (...options: Parameters<typeof reportWith>): string =>
    reportWith(...options).verdict.status;
  const someAnswers = (recorder: Parameters<typeof answers>[0]): void => answers(recorder, 'discovery', 5);

  it('is passed where everything was met, also without thresholds', () => {
    expect(verdict({ record: someAnswers })).toBe('passed');
    expect(verdict({ record: someAnswers, plan: { thresholds: [met] } })).toBe('passed');
  });

  it('is failed where a threshold was missed, and says which and by what', () => {
    const report = reportWith({ record: someAnswers, plan: { thresholds: [met, missed] } });
    expect(report.verdict).toEqual({ status: 'failed', reasons: ['latency: p95 < 1ms, got 24 ms'] });
  });

  it('is failed where nothing answered, and says why', () => {
    const report = reportWith({
      record: (recorder) => {
        recorder.lane('visit', 'a').failure('refused', 'nobody listens at the target', 1, undefined);
        recorder.lane('visit', 'b').failure('refused', 'nobody listens at the target', 1, undefined);
        recorder.lane('visit', 'b').failure('timeout', 'no answer', 1, 1);
      },
    });
    expect(report.verdict).toEqual({
      status: 'failed',
      reasons: ['Nothing answered: 2 × refused (nobody listens at the target); 1 × timeout (no answer).'],
    });
    expect(reportWith().verdict.reasons).toEqual(['Nothing answered: no request was sent.']);
    const dropped = reportWith({
      record: (recorder) => {
        recorder.dropped = 7;
      },
    });
    expect(dropped.verdict.reasons).toEqual(['Nothing answered: 7 arrivals could not be started.']);
  });

  it('passes no time by refusals, which are quick, and fails one by time-outs, which are not', () => {
    const thresholds = [
      threshold('latency', 'p95 < 200ms'),
      threshold('latency', 'p95 < 200ms', 'refused'),
      threshold('latency', 'p95 < 200ms', 'silent'),
      threshold('latency', 'p95 < 200ms', 'quick'),
    ];
    const report = reportWith({
      plan: { thresholds },
      record: (recorder) => {
        recorder.lane('visit', 'refused').failure('refused', 'nobody listens at the target', 2, undefined);
        recorder.lane('visit', 'silent').failure('timeout', 'no answer', 10_000, 10_000);
        answers(recorder, 'quick', 100);
      },
    });
    expect(report.thresholds.map(({ verdict, shown }) => `${verdict}: ${shown}`)).toEqual([
      'passed: 115 ms',
      'no data: no data',
      'failed: 10 s',
      'passed: 114 ms',
    ]);
  });

  it('is failed where every answer was an error, also without thresholds', () => {
    const report = reportWith({
      record: (recorder) => {
        for (const latencyMs of [1, 2, 3]) {
          recorder.lane('visit', 'a').response(500, true, latencyMs, latencyMs);
        }
      },
    });
    expect(report.verdict).toEqual({
      status: 'failed',
      reasons: ['Nothing answered as expected: 3 × status 500.'],
    });
  });

  it('says beside itself that a threshold has ended the run, whatever it is', () => {
    const abortedBecause = 'errors: ratio < 1%, got 7 %: the run was ended after 12 s';
    const report = reportWith({ record: someAnswers, facts: { abortedBecause }, samples: [overloaded] });
    expect([report.verdict.status, report.endedBecause]).toEqual(['invalid', abortedBecause]);
    expect(reportWith({ record: someAnswers })).not.toHaveProperty('endedBecause');
  });

  it('is invalid where this machine had no sockets left', () => {
    const report = reportWith({
      record: (recorder) => {
        answers(recorder, 'a', 10);
        recorder.lane('visit', 'a').failure('exhausted', 'connect EADDRNOTAVAIL', 1, undefined);
      },
    });
    expect(report.verdict.status).toBe('invalid');
    expect(report.verdict.reasons[0]).toMatch(/^1 request had no socket here \(connect EADDRNOTAVAIL\)/);
  });

  it('is inconclusive where a threshold had nothing to be held against', () => {
    const report = reportWith({ record: someAnswers, plan: { thresholds: [met, unknown] } });
    expect(report.verdict).toEqual({
      status: 'inconclusive',
      reasons: ['rare.latency: p95 < 1s: nothing was measured'],
    });
  });

  it('is inconclusive where iterations were cut short and none was completed, and says why', () => {
    const ended = (
      iterations: Partial<Recorder['iterations']>,
      cutShort: number,
    ): Parameters<typeof reportWith> => [
      {
        record: (recorder) => {
          someAnswers(recorder);
          Object.assign(recorder.iterations, { completed: 0, ...iterations });
          for (let count = 0; count < cutShort; count++) recorder.cutShort('visit: boom');
        },
      },
    ];
    expect(reportWith(...ended({ started: 5 }, 5)).verdict).toEqual({
      status: 'inconclusive',
      reasons: ['No iteration was completed; of 5, 5 were cut short: 5 × visit: boom.'],
    });
    expect(verdict(...ended({ started: 99, interrupted: 1 }, 98))).toBe('inconclusive');
    expect(verdict(...ended({ started: 99, completed: 1 }, 98))).toBe('passed');
  });

  it('is passed where iterations are so long that none came to its end in time', () => {
    const record: typeof someAnswers = (recorder) => {
      someAnswers(recorder);
      Object.assign(recorder.iterations, { started: 5, completed: 0, interrupted: 4 });
      recorder.cutShort('visit: no value for id');
    };
    expect(verdict({ record })).toBe('passed');
  });

  it('says also what answered nothing where the generator cannot tell why', () => {
    const { reasons } = reportWith({ samples: [overloaded, overloaded, calm] }).verdict;
    expect(reasons).toEqual([expect.stringMatching(/bottleneck/), 'Nothing answered: no request was sent.']);
  });

  it('prefers what says most: interrupted, invalid, nothing answered, failed, inconclusive', () => {
    const all = { plan: { thresholds: [missed, unknown, met] }, record: someAnswers };
    const samples = [overloaded, overloaded, calm];
    expect(verdict({ ...all, samples, facts: { wasInterrupted: true } })).toBe('interrupted');
    expect(verdict({ ...all, record: () => undefined, samples })).toBe('invalid');
    expect(verdict({ ...all, samples })).toBe('invalid');
    expect(verdict({ ...all, record: () => undefined })).toBe('failed');
    expect(verdict(all)).toBe('failed');
    expect(verdict({ ...all, plan: { thresholds: [unknown, met] } })).toBe('inconclusive');
  });
});

describe('the rows', () => {
  it('add up over scenarios and endpoints, and their histograms merge to the total', () => {
    const report = reportWith({
      record: (recorder) => {
        answers(recorder, 'a', 10, { latencyMs: 5 });
        answers(recorder, 'b', 5, { latencyMs: 500, status: 503 });
        recorder.lane('other', 'a').failure('timeout', 'no answer', 1000, 1000);
      },
    });
    expect(report.endpoints.map(({ name, requests, errors }) => [name, requests, errors])).toEqual([
      ['a', 11, 1],
      ['b', 5, 5],
    ]);
    expect(report.scenarios.map(({ name, requests }) => [name, requests])).toEqual([
      ['visit', 15],
      ['other', 1],
    ]);
    expect(report.total).toMatchObject({
      requests: 16,
      errors: 6,
      errorRatio: 6 / 16,
      ratePerSecond: 1.6,
      statuses: { 200: 10, 503: 5 },
    });
    const merged = new Histogram();
    for (const row of report.endpoints)
      merged.merge(Histogram.decode(Buffer.from(row.latencyHistogram, 'base64')));
    expect(Buffer.from(merged.encode()).toString('base64')).toBe(report.total.latencyHistogram);
    expect(report.offered).toMatchObject({ requests: 16, achieved: 10, achievedPerSecond: 1 });
  });

  it('stay plain data under whatever names the file chose', () => {
    const report = reportWith({
      record: (recorder) => {
        for (const name of ['__proto__', 'constructor', 'toString']) {
          recorder.lane(name, name).check(name).failed++;
          answers(recorder, name, 1);
          recorder.cutShort(name);
        }
      },
    });
    const read = JSON.parse(JSON.stringify(report)) as typeof report;
    expect(read.endpoints.map(({ name }) => name)).toEqual(['__proto__', 'constructor', 'toString']);
    for (const counts of [read.total.checks.failedByName, read.iterations.cutShortBecause]) {
      expect(Object.entries(counts)).toEqual([
        ['__proto__', 1],
        ['constructor', 1],
        ['toString', 1],
      ]);
    }
    expect(Object.getPrototypeOf(report.total.checks.failedByName)).toBe(Object.prototype);
  });

  it('hold thresholds against the scenario or step that they name', () => {
    const thresholds = [
      threshold('latency', 'max < 1s', 'slow'),
      threshold('errors', 'ratio < 1%', 'visit'),
      threshold('rate', '> 1.4/s'),
    ];
    const report = reportWith({
      plan: { thresholds },
      record: (recorder) => {
        answers(recorder, 'quick', 14);
        answers(recorder, 'slow', 1, { latencyMs: 2000 });
      },
    });
    expect(report.thresholds.map(({ verdict, shown }) => [verdict, shown])).toEqual([
      ['failed', '2 s'],
      ['passed', '0 %'],
      ['passed', '1.5/s'],
    ]);
  });

  it('are made of 10,000 steps within seconds', () => {
    const thresholds = Array.from({ length: 100 }, (_, index) =>
      threshold('latency', 'p95 < 1s', `step ${index}`),
    );
    const before = performance.now();
    const report = reportWith({
      plan: { thresholds },
      record: (recorder) => {
        for (let index = 0; index < 10_000; index++) answers(recorder, `step ${index}`, 1);
      },
    });
    expect(report.endpoints).toHaveLength(10_000);
    expect(performance.now() - before).toBeLessThan(10_000);
  });
});
