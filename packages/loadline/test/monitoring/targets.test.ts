import { judgeTargets, type Target, targetPresets } from 'loadline/monitoring';
import { describe, expect, it } from 'vitest';

const latency: Target = { metric: 'latencyMsP95', limit: 1500, direction: 'at most' };
const rate: Target = { metric: 'ratePerSecond', limit: 1000, direction: 'at least' };

describe('judgeTargets()', () => {
  it('meets a latency at its limit and misses it above', () => {
    expect(judgeTargets([latency], { latencyMsP95: 1500 })[0]?.verdict).toBe('met');
    expect(judgeTargets([latency], { latencyMsP95: 1501 })[0]?.verdict).toBe('missed');
  });

  it('misses a throughput when it falls', () => {
    expect(judgeTargets([rate], { ratePerSecond: 999 })[0]?.verdict).toBe('missed');
    expect(judgeTargets([rate], { ratePerSecond: 1000 })[0]?.verdict).toBe('met');
  });

  it('calls a target that cannot be judged not applicable, with the reason', () => {
    const judged = judgeTargets([rate], {
      ratePerSecond: { notApplicable: 'the run had a tenth of the users' },
    });
    expect(judged).toMatchObject([{ verdict: 'not applicable', reason: 'the run had a tenth of the users' }]);
  });

  it('neither meets nor misses by a number that is none, such as a ratio of nothing', () => {
    expect(judgeTargets([latency, rate], { latencyMsP95: Number.NaN, ratePerSecond: 0 / 0 })).toMatchObject([
      { verdict: 'not applicable', measured: undefined, reason: 'the measurement is not a number' },
      { verdict: 'not applicable', measured: undefined },
    ]);
  });

  it('never meets what was not measured', () => {
    expect(judgeTargets([latency], {})).toMatchObject([{ verdict: 'not applicable', measured: undefined }]);
  });
});

describe('targetPresets', () => {
  it('holds the food-sharing platform to p50 0.5 s, p95 1.5 s, p99 2 s and 0.1 % errors', () => {
    const limits = Object.fromEntries(targetPresets.foodshare.map(({ metric, limit }) => [metric, limit]));
    expect(limits).toMatchObject({
      latencyMsP50: 500,
      latencyMsP95: 1500,
      latencyMsP99: 2000,
      errorRatio: 0.001,
    });
  });
});
