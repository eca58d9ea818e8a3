import { advise, reviewLoadTest } from 'loadline/advice';
import type { LoadReport } from 'loadline/load';
import { describe, expect, it } from 'vitest';
import { type FixtureOptions, reportFixture } from '../load/output/fixtures.ts';

const source = '/performance/tests/7/results';
const missed = [{ text: 'latency p95 < 50 ms', verdict: 'failed', measured: 183, shown: '183 ms' }] as const;

function failed(further: FixtureOptions = {}): LoadReport {
  return reportFixture({ status: 'failed', thresholds: missed, ...further });
}

/** A resource that was quiet in the first half, as in a ramp, and then as high as given. */
function resource(name: string, value: number): LoadReport['resources'][number] {
  const points = Array.from(
    { length: 60 },
    (_, second) => [second * 1000, second < 30 ? 0.1 : value] as const,
  );
  return { source: 'process 4711', name, unit: 'ratio', points };
}

describe('reviewLoadTest()', () => {
  it('finds nothing in a run that passed', () => {
    const review = reviewLoadTest({ report: reportFixture({ resources: [resource('cpu', 1)] }), source });
    expect(review).toMatchObject({ findings: [], unseen: [] });
  });

  it('names the thresholds that were missed, with what was measured', () => {
    const { findings, unseen } = reviewLoadTest({ report: failed({ resources: [] }), source });
    expect(findings).toMatchObject([
      {
        kind: 'thresholds missed',
        severity: 'critical',
        summary: expect.stringContaining('latency p95 < 50 ms (measured 183 ms)'),
        evidence: [{ name: 'thresholdsMissed', value: 1, source }],
      },
    ]);
    expect(unseen).toEqual([expect.stringContaining('not watched')]);
  });

  it.each([
    ['cpu', 1.9, 'cpuRatio', 0.95, /^Run 5 instances instead of 3/],
    ['event loop utilization', 0.99, 'eventLoopRatio', 0.99, /^Run 5 instances instead of 3/],
    ['connections of the limit', 0.97, 'connectionRatio', 0.97, /^Look at the slow statements/],
    ['memory of the limit', 0.9, 'memoryRatio', 0.9, /^Give it more memory/],
  ])('names the resource that was full: %s', (name, value, evidence, ratio, action) => {
    const report = failed({ resources: [resource(name, value), resource('hit ratio', 0.99)] });
    const review = reviewLoadTest({ report, source, instances: 3, coresPerInstance: 2 });
    expect(review.findings[0]?.evidence.at(-1)).toMatchObject({
      name: evidence,
      value: expect.closeTo(ratio, 9),
      count: 60,
      source: `process 4711 ${name}`,
    });
    const [first] = advise([review]).recommendations;
    expect(first?.action).toMatch(action);
    expect(first?.reasoning).toContain(`process 4711 ${name} was at its limit`);
  });

  it('says so when nothing that was watched was full', () => {
    const review = reviewLoadTest({ report: failed({ resources: [resource('cpu', 0.5)] }), source });
    expect(advise([review]).recommendations[0]).toMatchObject({
      action: expect.stringMatching(/^Take a CPU profile/),
      expected: { kind: 'not known' },
    });
  });

  it('takes the numbers of a run for worthless whose generator was the bottleneck', () => {
    const report = failed({ status: 'invalid', reasons: ['the generator was busy'] });
    const { findings } = reviewLoadTest({ report, source });
    expect(findings).toMatchObject([
      { kind: 'generator saturated', summary: expect.stringContaining('busy') },
    ]);
  });
});
