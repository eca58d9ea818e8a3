import { advise, type ProfileSeen, reviewProfile, reviewService, type ServiceSeen } from 'loadline/advice';
import { describe, expect, it } from 'vitest';

const window = { fromMs: 0, toMs: 600_000 };
const healthy: ServiceSeen = {
  component: 'service api',
  window,
  source: '/performance/metrics',
  instances: 3,
  eventLoopRatio: 0.4,
  cpuRatio: 0.5,
  memory: { usedBytes: 200e6, limitBytes: 512e6 },
  leak: { isLeak: false, growthBytesPerSecond: 12, samples: 60 },
  pool: { connectionsMax: 10, waiting: 0.1, refused: 0, ratePerSecond: 100, holdMsMean: 20 },
  cache: { hits: 95_000, misses: 5000, hitRatioTarget: 0.85 },
  endpoints: [
    { name: 'GET /food', requests: 100_000, errors: 3 },
    { name: 'POST /claim', requests: 10_000, errors: 2 },
  ],
};

describe('reviewService()', () => {
  it('finds nothing in a healthy service, so that there is nothing to advise', () => {
    const review = reviewService(healthy);
    expect(review).toMatchObject({ findings: [], unseen: [] });
    expect(advise([review])).toMatchObject({
      recommendations: [],
      reason: expect.stringContaining('service api'),
    });
  });

  it.each<[string, Partial<ServiceSeen>, string, RegExp]>([
    ['a busy event loop', { eventLoopRatio: 0.95 }, 'event loop saturated: critical', /^Run 5 instances/],
    ['a CPU that is nearly busy', { cpuRatio: 0.82 }, 'cpu saturated: warning', /^Run 4 instances/],
    [
      'memory near its limit',
      { memory: { usedBytes: 500e6, limitBytes: 512e6 } },
      'memory near limit: critical',
      /^Give each instance/,
    ],
    [
      'a leak',
      { leak: { isLeak: true, growthBytesPerSecond: 5000, samples: 60 } },
      'memory leak: warning',
      /heap profile/,
    ],
    [
      'a pool from which callers got nothing',
      { pool: { connectionsMax: 10, waiting: 20, refused: 7, ratePerSecond: 100, holdMsMean: 300 } },
      'pool exhausted: critical',
      /from 10 to 43/,
    ],
    [
      'a cache that misses',
      { cache: { hits: 500, misses: 500, hitRatioTarget: 0.85 } },
      'low cache hit ratio: warning',
      /^Look at what misses/,
    ],
    [
      'an endpoint that fails',
      {
        endpoints: [
          { name: 'GET /food', requests: 1000, errors: 1 },
          { name: 'POST /claim', requests: 1000, errors: 99 },
        ],
      },
      'errors of one endpoint: critical',
      /^Look at the errors/,
    ],
  ])('finds %s, and the advice follows', (_, change, kind, action) => {
    const review = reviewService({ ...healthy, ...change });
    expect(review.findings.map((each) => `${each.kind}: ${each.severity}`)).toEqual([kind]);
    expect(advise([review]).recommendations[0]?.action).toMatch(action);
    for (const evidence of review.findings[0]?.evidence ?? []) {
      expect(evidence).toMatchObject({ window, source: '/performance/metrics' });
    }
  });

  it.each<[string, Partial<ServiceSeen>]>([
    ['a low hit ratio of a few lookups', { cache: { hits: 1, misses: 9, hitRatioTarget: 0.85 } }],
    ['a few errors of many requests', { endpoints: [{ name: 'GET /', requests: 1e6, errors: 20 }] }],
    ['few requests', { endpoints: [{ name: 'GET /', requests: 10, errors: 9 }] }],
    ['no requests at all', { endpoints: [] }],
    [
      'errors that every endpoint shares',
      {
        endpoints: ['a', 'b', 'c'].map((name) => ({ name, requests: 1000, errors: 100 })),
      },
    ],
  ])('makes nothing of %s', (_, change) => {
    expect(reviewService({ ...healthy, ...change }).findings).toEqual([]);
  });

  it('says what was not measured', () => {
    const { component, source, instances } = healthy;
    const review = reviewService({ component, window, source, instances });
    expect(review.subject).toBe('nothing of service api');
    expect(review.unseen).toContain('cache of service api: not measured');
    expect(review.unseen).toHaveLength(7);
  });
});

describe('reviewProfile()', () => {
  const profile: ProfileSeen = {
    component: 'service api',
    window,
    source: '/performance/profiling?id=7',
    busySamples: 9000,
    samples: 10_000,
    functions: [
      { name: 'sort (discovery.ts:42)', selfSamples: 5400 },
      { name: 'parse (json.ts:1)', selfSamples: 900 },
    ],
  };

  it('names the planted hot function, with its place', () => {
    const { findings } = reviewProfile(profile);
    expect(findings).toMatchObject([
      { kind: 'hot function', severity: 'warning', component: 'service api, sort (discovery.ts:42)' },
    ]);
    expect(findings[0]?.evidence[0]).toMatchObject({ name: 'selfShare', value: 0.6, count: 9000 });
  });

  it('takes it for a mere notice where the process has time to spare', () => {
    const { findings } = reviewProfile({ ...profile, samples: 100_000 });
    expect(findings).toMatchObject([{ severity: 'notice' }]);
  });

  it('says nothing from a handful of samples', () => {
    const few = reviewProfile({ ...profile, busySamples: 20 });
    expect(few).toMatchObject({ findings: [], unseen: [expect.stringContaining('only 20 samples')] });
  });
});
