import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createVirtualClock, type VirtualClock } from 'loadline/base';
import { createRegistry, Histogram } from 'loadline/metrics';
import { encodeProfile } from 'loadline/profiling';
import { storeError } from 'loadline/store';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { reportFixture } from '../../../../packages/loadline/test/load/output/fixtures.ts';
import type { LoadTest, ProfilingSession, RecommendationList } from '../../src/contract/index.ts';
import { createRecommendations, type WatchedDatabase } from '../../src/recommendations/index.ts';
import { createMemoryStore, type MemoryStore } from '../memory-store.ts';
import { startPlane } from '../plane.ts';
import { hotProfile } from '../profiling/fake-profiler.ts';

let folder: string;
let clock: VirtualClock;
let store: MemoryStore;
let sessions: ProfilingSession[];
let tests: LoadTest[];

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'loadline-advice-'));
  clock = createVirtualClock();
  await clock.advance(30 * 86_400_000);
  store = createMemoryStore(clock);
  sessions = [];
  tests = [];
});

afterEach(() => rmSync(folder, { recursive: true }));

/** Values of one service over the last minutes, of two instances. */
async function measure(
  metric: string,
  unit: string,
  value: number | Uint8Array,
  { service = 'shop', ...more }: { readonly service?: string; readonly endpoint?: string } = {},
): Promise<void> {
  const nowMs = clock.now();
  for (let atMs = nowMs - 4 * 60_000; atMs < nowMs; atMs += 15_000)
    await store.metrics.write(
      ['shop-1', 'shop-2'].map((instance) => ({
        series: { metric, service, instance, unit, ...more },
        atMs,
        value,
      })),
    );
}

/** A CPU profile of an instance, in which `findFood` takes three quarters of the time. */
function profile(id: string, startedMs: number, instance = 'shop-1'): void {
  const startedAt = new Date(startedMs).toISOString();
  const options = { kind: 'cpu', durationMs: 400, samplingIntervalUs: 1000, samplingBytes: 1 } as const;
  sessions.unshift({
    id,
    instance,
    service: 'shop',
    ...options,
    state: 'finished',
    startedAt,
    startedBy: 'ada',
  });
  const session = { ...options, id, state: 'finished', startedAtMs: startedMs, measuredMs: 400 } as const;
  writeFileSync(join(folder, `${id}.top`), encodeProfile({ session, profile: hotProfile }, 'top').body);
}

/** A load test that missed its threshold while the CPU of its target was full. */
function loadTest(id: string, createdMs: number, status: 'passed' | 'failed' = 'failed'): void {
  const createdAt = new Date(createdMs).toISOString();
  const target = 'http://127.0.0.1:8080/food';
  const common = { startedBy: 'ada', hasResults: true, reasons: [] };
  tests.unshift({ id, name: 'peak', state: 'finished', target, createdAt, ...common });
  const points = Array.from({ length: 60 }, (_, second) => [second * 1000, 0.97] as const);
  const report = reportFixture({
    status,
    thresholds:
      status === 'passed'
        ? []
        : [{ text: 'latency p95 < 50 ms', verdict: 'failed', measured: 183, shown: '183 ms' }],
    resources: [{ source: 'process 4711', name: 'cpu', unit: 'ratio', points }],
  });
  writeFileSync(join(folder, `${id}.json`), JSON.stringify(report));
}

const shops = [
  { service: 'shop', url: 'http://127.0.0.1:8080' },
  { service: 'shop', url: 'http://127.0.0.1:8081' },
];

function look(
  databases: readonly WatchedDatabase[] = [],
  instances: readonly { readonly service: string; readonly url: string }[] = shops,
): Promise<RecommendationList> {
  const recommendations = createRecommendations({
    clock,
    metrics: store.metrics,
    profiles: { list: () => ({ items: sessions }), file: (id) => join(folder, `${id}.top`) },
    tests: {
      list: async (filter) => ({ items: tests.filter(({ createdAt }) => createdAt >= filter.from) }),
      report: async (id) => readFileSync(join(folder, `${id}.json`), 'utf8'),
    },
    instances: async () => instances,
    databases,
    registry: createRegistry(),
  });
  return recommendations.now();
}

describe('recommendations', () => {
  it('of a healthy system are none, with what was looked at', async () => {
    await measure('cpu_ratio', 'ratio', 0.3);
    await measure('event_loop_ratio', 'ratio', 0.3);
    loadTest('1', clock.now() - 1000, 'passed');
    const { items, reason, unseen } = await look();
    expect(items).toEqual([]);
    expect(reason).toContain('event loop, CPU of service shop; the load test');
    expect(reason).toContain('nothing to recommend');
    expect(unseen).toContain('memory of service shop: not measured');
  });

  it('say so where nothing was looked at', async () => {
    expect(await look([], [])).toMatchObject({
      items: [],
      reason: 'Nothing was looked at, so that nothing can be said.',
    });
  });

  it('name a service that is watched and says nothing as one that was not measured', async () => {
    const { reason, unseen } = await look();
    expect(reason).toContain('nothing of service shop');
    expect(unseen).toContain('CPU of service shop: not measured');
  });

  it('put the hot function before more instances, each with links to its numbers', async () => {
    await measure('cpu_ratio', 'ratio', 0.5);
    await measure('event_loop_ratio', 'ratio', 0.93);
    profile('older', clock.now() - 7_200_000);
    profile('newer', clock.now() - 60_000);
    const { items } = await look();
    expect(items.map(({ component }) => component)).toEqual([
      'service shop, instance shop-1, findFood (search.js:10)',
      'service shop',
    ]);
    expect(items[0]?.evidence[0]).toMatchObject({
      name: 'selfShare',
      value: expect.closeTo(0.75, 2),
      source: '/performance/profiling/newer/profile',
    });
    expect(items[1]?.action).toBe('Run 3 instances instead of 2.');
    const [first] = items[1]?.evidence ?? [];
    const from = new Date(clock.now() - 300_000).toISOString();
    expect(first).toMatchObject({ name: 'eventLoopRatio', value: expect.closeTo(0.93), from });
    const link = new URL(first?.source ?? '', 'http://control-plane');
    expect(link.pathname).toBe('/performance/metrics/event-loop');
    expect(Object.fromEntries(link.searchParams)).toEqual({
      service: 'shop',
      from,
      to: new Date(clock.now()).toISOString(),
    });
  });

  it('name a bottleneck once that a load test and live metrics both have seen', async () => {
    await measure('cpu_ratio', 'ratio', 0.95);
    await measure('cpu_ratio', 'ratio', 0.99, { service: 'other' });
    loadTest('old', clock.now() - 2000);
    loadTest('new', clock.now() - 1000);
    const { items } = await look();
    const shop = items.filter(({ component }) => component === 'service shop');
    expect(shop).toHaveLength(1);
    expect(shop[0]?.alsoSeen).toMatchObject([
      { kind: 'thresholds missed', summary: expect.stringContaining('load test peak') },
    ]);
    expect(shop[0]?.evidence.map(({ source }) => source)).toContain('/performance/tests/new/results');
    expect(items).toHaveLength(2);
  });

  it('see memory and cache', async () => {
    await measure('cpu_ratio', 'ratio', 0.1);
    await measure('heap_bytes', 'bytes', 960);
    await measure('heap_limit_bytes', 'bytes', 1000);
    await measure('cache_lookups', 'per second', 20);
    await measure('cache_hits', 'per second', 10);
    const kinds = (await look()).items.map(({ finding }) => finding.kind);
    expect(kinds).toEqual(['memory near limit', 'low cache hit ratio']);
  });

  it('see of heap and RAM what is nearer to its limit', async () => {
    await measure('cpu_ratio', 'ratio', 0.1);
    await measure('heap_bytes', 'bytes', 100);
    await measure('heap_limit_bytes', 'bytes', 1000);
    await measure('memory_bytes', 'bytes', 480);
    await measure('memory_limit_bytes', 'bytes', 500);
    const [found] = (await look()).items;
    expect(found?.finding.kind).toBe('memory near limit');
    expect(found?.evidence).toContainEqual(expect.objectContaining({ name: 'limitBytes', value: 500 }));
  });

  it('see callers that wait for connections, and how many would do', async () => {
    await measure('cpu_ratio', 'ratio', 0.1);
    await measure('database_connections_max', 'count', 4);
    await measure('database_connections_waiting', 'count', 3);
    await measure('database_connections_refused', 'per second', 0);
    const held = new Histogram();
    for (let call = 0; call < 750; call++) held.record(80_000);
    await measure('database_connection_hold_ms', 'ms', held.encode());
    const { items } = await look();
    expect(items).toMatchObject([
      {
        finding: { kind: 'pool exhausted', severity: 'warning' },
        action: expect.stringContaining('from 4 to'),
      },
    ]);
    const numbers = Object.fromEntries(items[0]?.evidence.map(({ name, value }) => [name, value]) ?? []);
    expect(numbers).toMatchObject({ waiting: 3, refused: 0, holdMsMean: expect.closeTo(80, 0) });
    // 16 looks of each of two instances in the five minutes.
    expect(numbers.ratePerSecond).toBeCloseTo((16 * 750) / 300, 3);
    expect(items[0]?.evidence[0]?.source).toContain('/performance/metrics/database?');
  });

  it('see the one endpoint that fails, and none where errors are few', async () => {
    const answered = new Histogram();
    for (let call = 0; call < 100; call++) answered.record(5000);
    await measure('requests', 'rps', 20);
    await measure('errors', 'rps', 0.2);
    for (const endpoint of ['GET /food', 'POST /claim'])
      await measure('latency_ms', 'ms', answered.encode(), { endpoint });
    await measure('endpoint_errors', 'count', 3, { endpoint: 'POST /claim' });
    const { items, unseen } = await look();
    expect(items).toMatchObject([
      {
        component: 'endpoint POST /claim',
        finding: { kind: 'errors of one endpoint', severity: 'critical' },
      },
    ]);
    // 16 looks, two instances.
    const [errors] = items[0]?.evidence.filter(({ name }) => name === 'errors') ?? [];
    expect(errors?.value).toBe(16 * 2 * 3);
    expect(unseen).not.toContain('errors by endpoint of service shop: not measured');
  });

  it('have looked for errors where there were none', async () => {
    await measure('errors', 'rps', 0);
    const { reason } = await look();
    expect(reason).toContain('errors by endpoint of service shop');
  });

  it('see a heap that grows over hours, and say of which instance it is the worst', async () => {
    const nowMs = clock.now();
    for (let atMs = nowMs - 5 * 3_600_000; atMs < nowMs; atMs += 60_000) {
      const hours = (atMs - nowMs) / 3_600_000 + 5;
      for (const [instance, grown] of [
        ['shop-1', 0],
        ['shop-2', hours * 50 * 2 ** 20],
      ] as const) {
        const series = { metric: 'heap_after_collection_bytes', service: 'shop', instance, unit: 'bytes' };
        await store.metrics.write([{ series, atMs, value: 100 * 2 ** 20 + grown }]);
      }
    }
    const { items } = await look();
    expect(items).toMatchObject([{ component: 'service shop', finding: { kind: 'memory leak' } }]);
    const [growth] = items[0]?.evidence ?? [];
    expect(growth?.value).toBeCloseTo((50 * 2 ** 20) / 3600, -2);
    expect(growth?.source).toContain('/performance/metrics/memory?');
  });

  it('do without what is too much to be read', async () => {
    await measure('cpu_ratio', 'ratio', 0.95);
    await measure('errors', 'rps', 0.2);
    const { series } = store.metrics;
    store.metrics.series = async (query) => {
      if (query.by === 'instance' || query.by === 'endpoint')
        throw storeError('STORE_QUERY_TOO_LARGE', 'Cannot read so much.');
      return series(query);
    };
    const { items, unseen } = await look();
    expect(items).toHaveLength(1);
    expect(unseen).toContain('leak of service shop: not measured');
    expect(unseen).toContain('errors by endpoint of service shop: not measured');
  });

  it('leave out what is too old', async () => {
    profile('old', clock.now() - 2 * 86_400_000);
    loadTest('old', clock.now() - 8 * 86_400_000);
    expect((await look([], [])).reason).toContain('Nothing was looked at');
  });

  it('do without what cannot be read, and say so', async () => {
    profile('gone', clock.now() - 1000);
    rmSync(join(folder, 'gone.top'));
    loadTest('broken', clock.now() - 1000);
    writeFileSync(join(folder, 'broken.json'), '{}');
    const away: WatchedDatabase = {
      component: 'database orders',
      look: () => Promise.reject(new Error('ECONNREFUSED 10.0.0.5')),
      close: async () => undefined,
    };
    const { items, unseen, reason } = await look([away], []);
    expect(items).toEqual([]);
    expect(unseen).toHaveLength(3);
    expect(unseen.join()).toContain('database orders: could not be read');
    expect(unseen.join()).not.toContain('10.0.0.5');
    expect(reason).toContain('3 things could not be seen');
  });
});

describe('GET /performance/recommendations', () => {
  it('answers from what the control plane knows', async () => {
    await measure('cpu_ratio', 'ratio', 0.95);
    await using plane = await startPlane({ clock, store });
    const { status, json } = await plane.ask('viewer', 'GET', '/performance/recommendations');
    expect(status).toBe(200);
    expect(json.items).toMatchObject([{ component: 'service shop', severity: 'critical' }]);
  });
});
