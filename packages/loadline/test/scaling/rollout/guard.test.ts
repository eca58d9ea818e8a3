import { createRandom } from 'loadline/base';
import { createHistogram } from 'loadline/metrics';
import { describe, expect, it } from 'vitest';
import { breachOf, usualOf } from '../../../src/scaling/rollout/guard.ts';
import type { RolloutGuard } from '../../../src/scaling/rollout/plan.ts';
import type { BuildSpan, Counted } from '../../../src/scaling/rollout/traffic-seen.ts';
import { drawLatencyUs, good } from './stage.ts';

const guard: RolloutGuard = { errorRatio: 0.05, latencyTimes: 2, latencyMsAbove: 20, windowMs: 3000 };

function counted({
  requests,
  errors = 0,
  slow = 0,
}: {
  requests: number;
  errors?: number;
  slow?: number;
}): Counted {
  const latency = createHistogram();
  latency.recordMany(20_000, requests - slow);
  latency.recordMany(500_000, slow);
  return { requests, errors, latency };
}

function span(whole: Counted, endpoints: Readonly<Record<string, Counted>> = {}): BuildSpan {
  return { whole, endpoints: new Map(Object.entries(endpoints)) };
}

const baseline = span(counted({ requests: 1000, errors: 1 }));

describe('breachOf()', () => {
  it('needs few requests where all of them fail', () => {
    const failing = (requests: number) => span(counted({ requests, errors: requests }));
    expect(breachOf({ baseline, candidate: failing(4) }, guard, undefined)).toBeUndefined();
    expect(breachOf({ baseline, candidate: failing(5) }, guard, undefined)).toContain(
      'requests failed: 5 of 5',
    );
  });

  it('is raised by more errors than requests, which whoever times only successes counts', () => {
    const failing = span(counted({ requests: 100, errors: 500 }));
    expect(breachOf({ baseline, candidate: failing }, guard, undefined)).toContain(
      'requests failed: 500 of 100',
    );
  });

  it('is not raised by a few bad ones among many, nor by chance among few', () => {
    for (const [requests, errors] of [
      [20, 3],
      [100, 10],
      [2000, 110],
    ] as const) {
      expect(
        breachOf({ baseline, candidate: span(counted({ requests, errors })) }, guard, undefined),
      ).toBeUndefined();
    }
  });

  it('forgives what fails as often in the baseline', () => {
    const both = span(counted({ requests: 1000, errors: 400 }));
    expect(breachOf({ baseline: both, candidate: both }, guard, undefined)).toBeUndefined();
  });

  it('finds that the p95 is far beyond the baseline’s, and not that one request in thirty is', () => {
    const slow = (share: number) => span(counted({ requests: 300, slow: 300 * share }));
    expect(breachOf({ baseline, candidate: slow(0.5) }, guard, undefined)).toContain(
      "150 of 300 took longer than 40 ms, where the baseline's p95 is 20 ms",
    );
    expect(breachOf({ baseline, candidate: slow(1 / 30) }, guard, undefined)).toBeUndefined();
  });

  it('makes nothing of a few milliseconds', () => {
    const at = (us: number): BuildSpan => {
      const latency = createHistogram();
      latency.recordMany(us, 300);
      return span({ requests: 300, errors: 0, latency });
    };
    expect(breachOf({ baseline: at(1000), candidate: at(20_000) }, guard, undefined)).toBeUndefined();
    expect(breachOf({ baseline: at(1000), candidate: at(22_000) }, guard, undefined)).toContain(
      'longer than 21 ms',
    );
  });

  it('finds one endpoint that fails among many that do not', () => {
    const cart = counted({ requests: 20, errors: 15 });
    const candidate = span(counted({ requests: 2000, errors: 15 }), { '/cart': cart });
    const other = span(counted({ requests: 5000 }), { '/cart': counted({ requests: 200 }) });
    expect(breachOf({ baseline: other, candidate }, guard, undefined)).toContain('/cart failed: 15 of 20');
  });

  it('holds the candidate against what was usual where the baseline has no traffic', () => {
    const none = span(counted({ requests: 0 }));
    const candidate = span(counted({ requests: 300, slow: 200 }));
    expect(breachOf({ baseline: none, candidate }, guard, undefined)).toBeUndefined();
    expect(breachOf({ baseline: none, candidate }, guard, usualOf(baseline))).toContain('are slow');
  });

  it('is never raised by a build against itself, in an hour of looks', () => {
    const random = createRandom('guard');
    const draw = (requests: number): BuildSpan => {
      const latency = createHistogram();
      let errors = 0;
      for (let each = 0; each < requests; each++) {
        latency.record(drawLatencyUs(random, good));
        if (random() < 0.02) errors++;
      }
      return span({ requests, errors, latency });
    };
    for (let look = 0; look < 3600; look++) {
      const recent = { baseline: draw(100 + (look % 200)), candidate: draw(5 + (look % 60)) };
      expect(breachOf(recent, guard, undefined)).toBeUndefined();
    }
  });
});

describe('usualOf()', () => {
  it('says nothing of a few requests', () => {
    expect(usualOf(span(counted({ requests: 99 })))).toBeUndefined();
    expect(usualOf(baseline)).toEqual({ errorRatio: 0.001, latencyP95: 20_000 });
  });
});
