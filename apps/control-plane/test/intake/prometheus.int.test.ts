import type { AddressInfo } from 'node:net';
import { type StartedPostgres, startPostgres } from '@loadline/local-stack';
import { createVirtualClock, systemClock } from 'loadline/base';
import { createPostgres, type Postgres } from 'loadline/postgres';
import { openStore, type Store, type Summary } from 'loadline/store';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  type PrometheusServer,
  startPrometheus,
} from '../../../../packages/loadline/test/metrics/exporters/prometheus-server.ts';
import { type Plane, startPlane } from '../plane.ts';

let server: StartedPostgres;
let postgres: Postgres;
let store: Store;
let plane: Plane;
let prometheus: PrometheusServer;
let isAway = false;

beforeAll(async () => {
  server = await startPostgres();
  postgres = createPostgres({ url: server.url });
  store = await openStore(postgres, { clock: systemClock });
  // Its own time stands still: nothing here waits for it.
  plane = await startPlane({
    clock: createVirtualClock(systemClock.now()),
    store: {
      ...store,
      samples: [],
      get counts() {
        return { ...store.counts, isAway };
      },
    },
  });
  await plane.composition.app.listen({ host: '127.0.0.1', port: 0 });
  const { port } = plane.composition.app.server.address() as AddressInfo;
  prometheus = await startPrometheus(
    { plane: `127.0.0.1:${port}` },
    {
      scrapeKey: plane.keys.viewer,
      remoteWrite: [
        {
          url: `http://127.0.0.1:${port}/performance/metrics/remote-write`,
          authorization: { credentials: plane.keys.operator },
          // Histograms are cut into pieces, which come side by side.
          queue_config: { max_samples_per_send: 7, min_shards: 3, batch_send_deadline: '100ms' },
        },
      ],
    },
  );
});

afterAll(async () => {
  await prometheus[Symbol.asyncDispose]();
  await plane[Symbol.asyncDispose]();
  await store.close();
  await postgres.close();
  await server.stop();
});

/** Of what Prometheus has written. */
async function written(...metrics: readonly string[]): Promise<readonly Summary[]> {
  const nowMs = systemClock.now();
  return store.metrics.summaries({ metrics, service: 'plane', fromMs: nowMs - 600_000, toMs: nowMs });
}

function sum(values: readonly (readonly [atMs: number, value: number])[]): number {
  return values.reduce((total, [, value]) => total + value, 0);
}

async function eventually<Value>(ask: () => Promise<Value>, isSo: (value: Value) => boolean): Promise<Value> {
  const givingUp = AbortSignal.timeout(30_000);
  for (;;) {
    const value = await ask();
    if (isSo(value)) return value;
    if (givingUp.aborted) throw new Error(`It never came to this: ${JSON.stringify(value)}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

describe('a real Prometheus', () => {
  it('scrapes the control plane with a key of a viewer', async () => {
    const samples = [1, 2, 3].map((value) => ({ metric: 'meals', service: 'shop', value }));
    const { status } = await plane.ask('operator', 'POST', '/performance/metrics', { body: { samples } });
    expect(status).toBe(200);
    const figure = 'loadline_intake_samples_total{door="batch",outcome="committed"}';
    await eventually(
      () => prometheus.query(figure),
      (found) => [...found.values()][0] === 3,
    );
    expect([...(await prometheus.query('up{job="plane"}')).values()]).toEqual([1]);
  });

  it('writes what it scrapes into the store: gauges as they are', async () => {
    const [up] = await eventually(
      () => written('up'),
      (found) => (found[0]?.count ?? 0) > 5,
    );
    expect(up?.series).toMatchObject({ service: 'plane', unit: 'count' });
    expect(up?.series.instance).toMatch(/^127\.0\.0\.1:\d+$/);
    // On a busy machine a scrape may be too late, and is a 0.
    const own = (await prometheus.raw('up', 10)).filter(([atMs]) => atMs <= (up?.lastAtMs ?? 0));
    expect(up?.count).toBe(own.length);
    expect(up?.mean).toBeCloseTo(sum(own) / own.length, 6);
  });

  it('has as many requests counted here as it has counted itself, cut into pieces as they come', async () => {
    const isScraped = ({ series }: Summary): boolean =>
      series.labels?.route === '/metrics' && series.labels.status === '200';
    const found = await eventually(
      () => written('http_request_duration_seconds', 'http_requests'),
      (all) => all.filter((each) => isScraped(each) && each.count > 8).length === 2,
    );
    const histogram = found.find((each) => isScraped(each) && each.series.unit === 's') as Summary;
    const counter = found.find((each) => isScraped(each) && each.series.unit === 'per second') as Summary;
    // Gone with the last of its samples, as of which both are compared.
    const own = await prometheus.raw(
      'http_request_duration_seconds_count{route="/metrics",status="200"}',
      10,
    );
    const valueAt = (wantedMs: number): number => own.find(([atMs]) => atMs === wantedMs)?.[1] ?? Number.NaN;
    expect(histogram.count).toBe(valueAt(histogram.lastAtMs) - (own[0]?.[1] ?? Number.NaN));
    // A scrape is a request, five times a second if the machine has time.
    expect(counter.mean).toBeGreaterThan(1);
    expect(counter.mean).toBeLessThan(8);
  });

  it('keeps what it has while the database is away, and writes it later', async () => {
    isAway = true;
    const awayMs = systemClock.now();
    const scraped = await eventually(
      async () => (await prometheus.raw('up', 10)).filter(([atMs]) => atMs > awayMs),
      (found) => found.length >= 5,
    );
    isAway = false;
    const times = scraped.map(([atMs]) => atMs);
    const window = { fromMs: Math.min(...times), toMs: Math.max(...times) + 1 };
    // Each of them, and once.
    await eventually(
      () => store.metrics.summaries({ metrics: ['up'], service: 'plane', ...window }),
      (found) => found[0]?.count === scraped.length,
    );
  });

  it('has nothing refused, and nothing of what it sends in the audit log', async () => {
    const { text } = await plane.ask('viewer', 'GET', '/metrics');
    const intake = (outcome: string): number =>
      Number(
        new RegExp(
          `^loadline_intake_samples_total\\{door="remote write",outcome="${outcome}"\\} (\\d+)$`,
          'm',
        ).exec(text)?.[1],
      );
    expect([intake('refused'), intake('dropped')]).toEqual([0, 0]);
    expect(intake('committed')).toBeGreaterThan(100);
    const { json } = await plane.ask('admin', 'GET', '/audit');
    expect(json.items).toEqual([]);
  });
});
