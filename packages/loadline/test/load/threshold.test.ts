import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  judgeThreshold,
  type Measured,
  parseThreshold,
  type Statistic,
  type Threshold,
  type ThresholdMetric,
  thresholdMetrics,
} from '../../src/load/threshold.ts';

function threshold(metric: ThresholdMetric, text: string, scope?: string): Threshold {
  const parsed = parseThreshold(metric, scope, text);
  if ('problem' in parsed) throw new Error(parsed.problem);
  return parsed;
}

describe('parseThreshold()', () => {
  it.each<[ThresholdMetric, string, Statistic, string, number]>([
    ['latency', 'p95 < 200ms', { kind: 'quantile', quantile: 0.95 }, '<', 200],
    ['latency', 'p99.9<=1.5s', { kind: 'quantile', quantile: 0.9990000000000001 }, '<=', 1500],
    ['service', '  max  <  1m  ', { kind: 'max' }, '<', 60_000],
    ['latency', 'mean > 0', { kind: 'mean' }, '>', 0],
    ['errors', 'ratio < 0.1%', { kind: 'ratio' }, '<', 0.001],
    ['errors', 'ratio < 0.001', { kind: 'ratio' }, '<', 0.001],
    ['errors', 'count < 5', { kind: 'count' }, '<', 5],
    ['checks', 'ratio >= 100%', { kind: 'ratio' }, '>=', 1],
    ['rate', '> 100/s', { kind: 'rate' }, '>', 100],
    ['dropped', 'count <= 0', { kind: 'count' }, '<=', 0],
  ])('reads %s: %s', (metric, text, statistic, comparison, limit) => {
    const parsed = threshold(metric, text);
    expect(parsed).toMatchObject({ metric, comparison, limit });
    expect(parsed.statistic.kind).toBe(statistic.kind);
    if (parsed.statistic.kind === 'quantile' && statistic.kind === 'quantile')
      expect(parsed.statistic.quantile).toBeCloseTo(statistic.quantile, 12);
  });

  it.each<[ThresholdMetric, string, RegExp]>([
    ['latency', 'p95 < 200', /limit "200", which must read like/],
    ['latency', 'p95 = 200ms', /must read like "p95 < 200ms"/],
    ['latency', 'p100 < 1s', /knows no "p100" of latency/],
    ['latency', 'ratio < 1s', /knows no "ratio" of latency/],
    ['latency', '< 1s', /knows no "" of latency/],
    ['latency', '', /must read like/],
    ['errors', 'p95 < 1s', /knows no "p95" of errors/],
    ['errors', 'ratio < 5', /limit "5"/],
    ['errors', 'ratio < 101%', /limit "101%"/],
    ['errors', 'ratio < 5/s', /limit "5\/s"/],
    ['errors', 'count < 5%', /limit "5%"/],
    ['rate', 'mean > 5/s', /knows no "mean" of rate/],
    ['rate', '> 100', /limit "100"/],
    ['rate', '> -1/s', /limit "-1\/s"/],
  ])('refuses %s: %s with an example', (metric, text, problem) => {
    expect(parseThreshold(metric, undefined, text)).toEqual({ problem: expect.stringMatching(problem) });
  });

  it('never throws and never takes long', () => {
    fc.assert(
      fc.property(fc.constantFrom(...thresholdMetrics), fc.string(), (metric, text) => {
        parseThreshold(metric, undefined, text);
      }),
    );
    const before = performance.now();
    parseThreshold('latency', undefined, `${' '.repeat(200_000)}x`);
    expect(performance.now() - before).toBeLessThan(1000);
  });
});

describe('judgeThreshold()', () => {
  const measured: Measured = {
    requests: 1000,
    errors: 2,
    checksPassed: 90,
    checksFailed: 10,
    dropped: 250,
    durationMs: 10_000,
    isAnswered: true,
    latency: () => 200,
    service: () => 50,
  };
  const nothing: Measured = {
    requests: 0,
    errors: 0,
    checksPassed: 0,
    checksFailed: 0,
    dropped: undefined,
    durationMs: 0,
    isAnswered: false,
    latency: () => undefined,
    service: () => undefined,
  };

  it.each<[ThresholdMetric, string, string, string]>([
    ['latency', 'p95 < 200ms', 'failed', '200 ms'],
    ['latency', 'p95 <= 200ms', 'passed', '200 ms'],
    ['latency', 'p95 > 200ms', 'failed', '200 ms'],
    ['latency', 'p95 >= 200ms', 'passed', '200 ms'],
    ['service', 'max < 51ms', 'passed', '50 ms'],
    ['errors', 'ratio < 0.2%', 'failed', '0.2 %'],
    ['errors', 'ratio <= 0.2%', 'passed', '0.2 %'],
    ['errors', 'count < 3', 'passed', '2'],
    ['checks', 'ratio > 90%', 'failed', '90 %'],
    ['checks', 'count < 11', 'passed', '10'],
    ['rate', '> 99/s', 'passed', '100/s'],
    ['dropped', 'ratio < 20%', 'failed', '20 %'],
    ['dropped', 'count < 251', 'passed', '250'],
  ])('holds %s: %s: %s at %s', (metric, text, verdict, shown) => {
    expect(judgeThreshold(threshold(metric, text), measured)).toMatchObject({ verdict, shown });
  });

  it('lets times of failures alone fail a threshold, and never pass one', () => {
    const refused = { ...measured, isAnswered: false };
    for (const metric of ['latency', 'service'] as const) {
      expect(judgeThreshold(threshold(metric, 'p95 < 1s'), refused)).toMatchObject({
        verdict: 'no data',
        measured: undefined,
      });
    }
    // Who waits for 200 ms in vain waits for longer than that.
    expect(judgeThreshold(threshold('latency', 'p95 < 199ms'), refused)).toMatchObject({
      verdict: 'failed',
      shown: '200 ms',
    });
    expect(judgeThreshold(threshold('errors', 'count < 3'), refused).verdict).toBe('passed');
  });

  it.each<[ThresholdMetric, string]>([
    ['latency', 'p95 < 1s'],
    ['service', 'p95 < 1s'],
    ['errors', 'ratio < 1%'],
    ['errors', 'count < 5'],
    ['checks', 'ratio > 1%'],
    ['checks', 'count < 5'],
    ['rate', '> 1/s'],
    ['dropped', 'ratio < 1%'],
  ])('does not call %s: %s a pass where nothing was measured', (metric, text) => {
    expect(judgeThreshold(threshold(metric, text, 'claim'), nothing)).toEqual({
      text: `claim.${metric}: ${text}`,
      verdict: 'no data',
      measured: undefined,
      shown: 'no data',
    });
  });
});
