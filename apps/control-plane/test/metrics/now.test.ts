import { createVirtualClock } from 'loadline/base';
import { createRegistry, type Registry } from 'loadline/metrics';
import { describe, expect, it } from 'vitest';
import type { Pull } from '../../src/collect/index.ts';
import { readRegistry } from '../collect/pages.ts';
import type { Answer, Plane } from '../plane.ts';
import { startPlane } from '../plane.ts';

/** Instances of a service by host, and a control plane that watches them every five seconds. */
async function watching(instances: Readonly<Record<string, Registry>>): Promise<Plane> {
  const clock = createVirtualClock();
  const pull: Pull = async ({ url }) => {
    const registry = instances[url.host];
    if (registry === undefined) throw new Error('connection refused');
    return readRegistry(registry, { atMs: clock.now(), monotonicMs: clock.monotonicMs() });
  };
  const services = Object.keys(instances).map((host) => ({
    service: 'shop',
    url: new URL(`http://${host}/metrics`),
  }));
  const watch = { services, postgres: [], valkey: [], policy: {}, intervalMs: 5000 };
  return await startPlane({ clock, pull, configuration: { watch } });
}

/** What an instance of the shop does: requests that take so long, some of which fail. */
function shop(): {
  readonly registry: Registry;
  answer(count: number, ms: number, status?: string): void;
} {
  const registry = createRegistry();
  const labels = ['method', 'route', 'status'] as const;
  const requests = registry.counter({ name: 'http_requests_total', help: 'All.', labels });
  const durations = registry.histogram({ name: 'http_request_duration_seconds', help: 'Times.', labels });
  return {
    registry,
    answer(count, ms, status = '200') {
      const values = { method: 'GET', route: '/food/:id', status };
      requests.with(values).add(count);
      for (let time = 0; time < count; time++) durations.with(values).record(ms * 1000);
    },
  };
}

async function shopNow(plane: Plane, query = ''): Promise<Answer['json']> {
  const { status, json } = await plane.ask('viewer', 'GET', `/performance/metrics${query}`);
  expect(status).toBe(200);
  return json.items[0];
}

describe('what a service does now', () => {
  it('is the sum or the mean of its instances, or what the fullest of them has', async () => {
    const [a, b] = [shop(), shop()];
    for (const [{ registry }, bytes, ratio] of [
      [a, 100, 0.2],
      [b, 300, 0.6],
    ] as const) {
      registry.gauge({ name: 'process_resident_memory_bytes', help: 'RAM.' }).set(bytes);
      registry.gauge({ name: 'nodejs_heap_limit_bytes', help: 'Limit.' }).set(1000);
      registry
        .gauge({ name: 'nodejs_heap_bytes', help: 'Heap.', labels: ['state'] })
        .with({ state: 'used' })
        .set(ratio * 1000);
    }
    await using plane = await watching({ '10.0.0.1': a.registry, '10.0.0.2': b.registry });
    await plane.clock.advance(1);
    a.answer(50, 10);
    b.answer(150, 20);
    await plane.clock.advance(5000);
    const now = await shopNow(plane, '?by=instance');
    expect(now).toMatchObject({
      service: 'shop',
      instancesUp: 2,
      instancesDown: 0,
      memoryBytes: 400,
      memoryRatioMax: 0.6,
      errorsPerSecond: 0,
      errorRatio: 0,
      latencyMs: { count: 200 },
    });
    expect(now.latencyMs.p50).toBeCloseTo(20, 0);
    expect(now.instances).toMatchObject([
      { instance: '10.0.0.1:80', state: 'up', memoryBytes: 100, requestsPerSecond: 10 },
      { instance: '10.0.0.2:80', state: 'up', memoryBytes: 300, requestsPerSecond: 30 },
    ]);
    expect(await shopNow(plane)).not.toHaveProperty('instances');
  });

  it('leaves out what nobody measures, and says nothing of who is down', async () => {
    const { registry } = shop();
    registry.gauge({ name: 'process_resident_memory_bytes', help: 'RAM.' }).set(100);
    const instances: Record<string, Registry> = { '10.0.0.1': registry };
    await using plane = await watching(instances);
    await plane.clock.advance(5000);
    const now = await shopNow(plane);
    expect(now).toMatchObject({ memoryBytes: 100, instancesUp: 1 });
    for (const absent of [
      'network',
      'database',
      'cache',
      'webVitals',
      'speedRatings',
      'apdex',
      'activeUsers',
    ])
      expect(now).not.toHaveProperty(absent);
    delete instances['10.0.0.1'];
    await plane.clock.advance(60_000);
    const later = await shopNow(plane);
    expect(later).toMatchObject({ instancesUp: 0, instancesDown: 1 });
    expect(later).not.toHaveProperty('memoryBytes');
  });

  it('has an Apdex in which failures are frustrated, however quick they were', async () => {
    const { registry, answer } = shop();
    await using plane = await watching({ '10.0.0.1': registry });
    await plane.clock.advance(1);
    answer(60, 100);
    answer(20, 1000);
    answer(10, 5000);
    answer(10, 1, '503');
    await plane.clock.advance(5000);
    const expected = { satisfied: 60, tolerating: 20, frustrated: 20 };
    expect((await shopNow(plane)).apdex).toEqual({ score: 0.7, targetMs: 500, ...expected });
    const { apdex } = await shopNow(plane, '?apdexTargetMs=1500');
    expect(apdex).toMatchObject({ score: 0.85, satisfied: 80, tolerating: 10 });
  });

  it('has an Apdex that does not flatter where durations do not tell what failed', async () => {
    const registry = createRegistry();
    const requests = registry.counter({ name: 'http_requests_total', help: 'All.', labels: ['status'] });
    const durations = registry.histogram({ name: 'http_request_duration_seconds', help: 'Times.' });
    await using plane = await watching({ '10.0.0.1': registry });
    await plane.clock.advance(1);
    requests.with({ status: '200' }).add(70);
    requests.with({ status: '500' }).add(30);
    for (let time = 0; time < 100; time++) durations.record(time < 80 ? 100_000 : 1_000_000);
    await plane.clock.advance(5000);
    const { apdex } = await shopNow(plane);
    expect(apdex).toEqual({ score: 0.6, targetMs: 500, satisfied: 50, tolerating: 20, frustrated: 30 });
  });

  it('has a health score of its parts, which one bad part holds down', async () => {
    const { registry, answer } = shop();
    await using plane = await watching({ '10.0.0.1': registry });
    await plane.clock.advance(1);
    answer(100, 20);
    await plane.clock.advance(5000);
    const { health } = await shopNow(plane);
    expect(health).toMatchObject({ score: 100, missing: expect.arrayContaining(['cacheHitRatio']) });
    answer(100, 20, '500');
    await plane.clock.advance(5000);
    const worse = (await shopNow(plane)).health;
    expect(worse).toMatchObject({ score: 20, heldDownBy: 'errorRatio' });
    expect(worse.parts).toContainEqual({ part: 'errorRatio', value: 0.5, score: 0 });
  });

  it('has web vitals and speed ratings of the last hour, each judged', async () => {
    const { registry } = shop();
    const page = { page: '/food/:id' };
    const lcp = registry.histogram({ name: 'web_vitals_lcp_seconds', help: 'LCP.', labels: ['page'] });
    const cls = registry.histogram({
      name: 'web_vitals_cls',
      help: 'CLS.',
      labels: ['page'],
      scale: 1e-4,
      buckets: [0.1, 0.25],
    });
    const labels = ['page', 'rating'] as const;
    const ratings = registry.counter({ name: 'web_speed_ratings_total', help: 'Ratings.', labels });
    await using plane = await watching({ '10.0.0.1': registry });
    await plane.clock.advance(1);
    for (let view = 0; view < 4; view++) lcp.with(page).record(view < 3 ? 2_000_000 : 9_000_000);
    cls.with(page).record(3000);
    for (const rating of ['5', '4', '4', '1']) ratings.with({ ...page, rating }).add(1);
    await plane.clock.advance(1_800_000);
    const { webVitals, speedRatings, health } = await shopNow(plane);
    expect(webVitals.lcp).toMatchObject({ count: 4, goodRatio: 0.75, verdict: 'good' });
    expect(webVitals.cls).toMatchObject({ count: 1, goodRatio: 0, verdict: 'poor' });
    expect(webVitals.cls.p75).toBeCloseTo(0.3, 2);
    expect(speedRatings).toEqual({ count: 4, fastRatio: 0.75 });
    expect(health.parts).toContainEqual({ part: 'satisfiedRatio', value: 0, score: 0 });
  });

  it('is empty for a service that nobody knows', async () => {
    await using plane = await watching({});
    const { json } = await plane.ask('viewer', 'GET', '/performance/metrics?service=none');
    expect(json).toEqual({ at: '2026-01-01T00:00:00.000Z', items: [] });
  });
});
