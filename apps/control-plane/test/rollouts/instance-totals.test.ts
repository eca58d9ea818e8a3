import fc from 'fast-check';
import { createRegistry, Histogram, renderPrometheus } from 'loadline/metrics';
import { observeHttp } from 'loadline/observe';
import { describe, expect, it } from 'vitest';
import { endpointsOf } from '../../src/rollouts/instance-totals.ts';
import { atSecond, readRegistry, readText } from '../collect/pages.ts';

const nothing: ReadonlySet<string> = new Set();

const requests = fc.array(
  fc.record({
    method: fc.constantFrom('GET', 'POST'),
    route: fc.constantFrom('/', '/food/:id', '/health/ready'),
    status: fc.constantFrom(200, 404, 500, 503),
    durationMs: fc.integer({ min: 1, max: 2000 }),
  }),
  { maxLength: 60 },
);

async function textOf(registry: ReturnType<typeof createRegistry>): Promise<string> {
  let text = '';
  for await (const piece of renderPrometheus(registry)) text += piece;
  return text;
}

describe('what an instance has answered', () => {
  it('is the same in both forms of its metrics, but for how finely it is timed', async () => {
    await fc.assert(
      fc.asyncProperty(requests, async (all) => {
        const registry = createRegistry();
        const observer = observeHttp(registry);
        for (const request of all) {
          observer.begin();
          observer.end(request);
        }
        const exact = endpointsOf(readRegistry(registry, atSecond(1)), nothing);
        const rough = endpointsOf(readText(await textOf(registry), atSecond(1)), nothing);
        expect([...rough.keys()].toSorted()).toEqual([...exact.keys()].toSorted());
        for (const [name, { requests: count, errors, latency }] of exact) {
          const own = all.filter(({ method, route }) => `${method} ${route}` === name);
          expect(count).toBe(own.length);
          expect(errors).toBe(own.filter(({ status }) => status >= 500).length);
          expect(latency.max).toBe(Math.max(...own.map(({ durationMs }) => durationMs)) * 1000);
          const other = rough.get(name);
          expect([other?.requests, other?.errors, other?.latency.count]).toEqual([count, errors, count]);
        }
      }),
      { numRuns: 60 },
    );
  });

  it('leaves checks out, and is nothing of one that has answered nobody', () => {
    const registry = createRegistry();
    const observer = observeHttp(registry);
    expect(endpointsOf(readRegistry(registry, atSecond(1)), nothing).size).toBe(0);
    for (const route of ['/ready', '/']) {
      observer.begin();
      observer.end({ method: 'GET', route, status: 200, durationMs: 1 });
    }
    const found = endpointsOf(readRegistry(registry, atSecond(1)), new Set(['/ready']));
    expect([...found.keys()]).toEqual(['GET /']);
  });

  it('has its failures from the counter where only that knows the status', () => {
    const page = `# TYPE http_request_duration_seconds histogram
http_request_duration_seconds_bucket{handler="/",le="0.1"} 8
http_request_duration_seconds_bucket{handler="/",le="+Inf"} 10
http_request_duration_seconds_sum{handler="/"} 3
http_request_duration_seconds_count{handler="/"} 10
# TYPE http_requests_total counter
http_requests_total{handler="/",code="200"} 7
http_requests_total{handler="/",code="503"} 3
`;
    const all = endpointsOf(readText(page, atSecond(1)), nothing).get('/');
    expect([all?.requests, all?.errors]).toEqual([10, 3]);
    expect(all?.latency.countAtOrBelow(99_000)).toBe(8);
  });

  it('counts those that were not timed as well, where they failed', () => {
    const page = `# TYPE http_request_duration_seconds histogram
http_request_duration_seconds_bucket{handler="/",le="+Inf"} 2
http_request_duration_seconds_sum{handler="/"} 1
http_request_duration_seconds_count{handler="/"} 2
# TYPE http_requests_total counter
http_requests_total{handler="/",code="200"} 2
http_requests_total{handler="/",code="500"} 90
`;
    expect(endpointsOf(readText(page, atSecond(1)), nothing).get('/')).toMatchObject({
      requests: 90,
      errors: 90,
    });
  });

  it('takes what is in a bucket to lie evenly in it, also what came from look to look', () => {
    const at = (count: number) => {
      const page = `# TYPE http_request_duration_seconds histogram
http_request_duration_seconds_bucket{status="200",le="0.1"} 0
http_request_duration_seconds_bucket{status="200",le="0.2"} ${count}
http_request_duration_seconds_bucket{status="200",le="+Inf"} ${count}
`;
      return endpointsOf(readText(page, atSecond(1)), nothing).get('all')?.latency ?? new Histogram();
    };
    expect(at(100).quantile(0.95)).toBeGreaterThan(190_000);
    expect(at(100).quantile(0.05)).toBeLessThan(110_000);
    const looks = new Histogram();
    for (let count = 100; count < 200; count++)
      looks.merge(at(count + 1).since(at(count)) ?? new Histogram());
    for (const rank of [0.25, 0.5, 0.75]) expect(looks.quantile(rank) / 100_000).toBeCloseTo(1 + rank, 1);
  });

  it('only grows, so that what lies between two looks can be told', () => {
    const page = (quick: number, slow: number): string => `# TYPE http_request_duration_seconds histogram
http_request_duration_seconds_bucket{status="200",le="0.1"} ${quick}
http_request_duration_seconds_bucket{status="200",le="+Inf"} ${quick + slow}
`;
    const at = (quick: number, slow: number) =>
      endpointsOf(readText(page(quick, slow), atSecond(1)), nothing).get('all')?.latency;
    fc.assert(
      fc.property(fc.nat(50), fc.nat(50), fc.nat(50), fc.nat(50), (quick, slow, more, slower) => {
        const [before, now] = [at(quick, slow), at(quick + more, slow + slower)];
        if (before === undefined || now === undefined) return;
        expect(now.since(before)?.count).toBe(more + slower);
      }),
      { numRuns: 50 },
    );
  });
});
