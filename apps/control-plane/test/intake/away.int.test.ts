import { type FaultProxy, type StartedPostgres, startFaultProxy, startPostgres } from '@loadline/local-stack';
import { createVirtualClock, systemClock, type VirtualClock } from 'loadline/base';
import { createPostgres, type Postgres } from 'loadline/postgres';
import { openStore, type Store } from 'loadline/store';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Answer, type Plane, startPlane } from '../plane.ts';
import { at, written } from './written.ts';

let server: StartedPostgres;
let proxy: FaultProxy;
let postgres: Postgres;
let clock: VirtualClock;
let store: Store;
let plane: Plane;

beforeAll(async () => {
  server = await startPostgres();
  proxy = await startFaultProxy({ target: server });
  postgres = createPostgres({ url: proxy.urlFor(server.url) });
  clock = createVirtualClock(systemClock.now());
  store = await openStore(postgres, { clock, waitingSamplesMax: 250 });
  plane = await startPlane({
    clock,
    store: {
      ...store,
      samples: [],
      get counts() {
        return store.counts;
      },
    },
  });
});

afterAll(async () => {
  await plane[Symbol.asyncDispose]();
  await store.close();
  await postgres.close();
  await proxy.close();
  await server.stop();
});

function write(count: number, metric = 'meals'): Promise<Answer> {
  const samples = Array.from({ length: count }, (_, value) => ({ metric, service: 'shop', value }));
  return plane.ask('operator', 'POST', '/performance/metrics', { body: { samples } });
}

function remoteWrite(value: number): Promise<Answer> {
  return plane.ask('operator', 'POST', '/performance/metrics/remote-write', {
    body: Buffer.from(written(at(clock.now(), value, { __name__: 'ovens', job: 'shop' }))),
    headers: { 'content-type': 'application/x-protobuf', 'content-encoding': 'snappy' },
  });
}

async function shown(name: string): Promise<number> {
  const { text } = await plane.ask('viewer', 'GET', '/metrics');
  return Number(
    text
      .split('\n')
      .find((line) => line.startsWith(`${name} `))
      ?.slice(name.length),
  );
}

async function kept(metric: string): Promise<number> {
  const nowMs = clock.now();
  const window = { fromMs: nowMs - 600_000, toMs: nowMs + 1 };
  const [found] = await store.metrics.summaries({ metrics: [metric], service: 'shop', ...window });
  return found?.count ?? 0;
}

describe('while the database is away', () => {
  it('lets samples wait, the newest of them, and keeps those when it is back', async () => {
    expect((await write(1)).json).toMatchObject({ state: 'committed', accepted: 1 });
    await proxy.inject({ kind: 'cut' });
    for (let batch = 0; batch < 6; batch++) {
      const { status, json } = await write(100);
      expect([status, json.state, json.accepted]).toEqual([202, 'waiting', 100]);
    }
    // One batch is on its way again and again; of the others two have a place.
    expect(await shown('loadline_store_samples_waiting')).toBe(300);
    expect(await shown('loadline_store_samples_total{outcome="dropped"}')).toBe(300);
    expect(await shown('loadline_store_away')).toBe(1);
    expect(await shown('loadline_intake_samples_total{door="batch",outcome="waiting"}')).toBe(600);

    // It stays up: whoever keeps samples itself is to keep them, and whatever needs no database is answered.
    const refused = await remoteWrite(3);
    expect([refused.status, refused.headers['retry-after']]).toEqual([503, '5']);
    expect((await write(300, 'more than may wait')).status).toBe(503);
    expect((await plane.ask(undefined, 'GET', '/health/ready')).status).toBe(200);

    await proxy.heal();
    const isBack = async (): Promise<number> => {
      await clock.advance(1000);
      return store.counts.waiting;
    };
    await expect.poll(isBack, { interval: 20, timeout: 20_000 }).toBe(0);
    expect(await kept('meals')).toBe(
      1 + (await shown('loadline_store_samples_total{outcome="committed"}')) - 1,
    );
    expect((await remoteWrite(3)).json).toMatchObject({ state: 'committed', accepted: 1 });
    expect(await kept('ovens')).toBe(1);
  });
});

describe('a sample that PostgreSQL has no place for', () => {
  it.each([
    ['half a character', '\ud800'],
    ['much at once', `${'\ud83d\ude00'.repeat(49)}`],
  ])('is refused or kept, and keeps back nobody: %s', async (_what, name) => {
    for (const field of ['metric', 'service', 'unit', 'instance', 'endpoint'] as const) {
      const sample = {
        metric: 'm',
        service: 's',
        value: 1,
        [field]: name.slice(0, field === 'unit' ? 20 : 98),
      };
      const body = { samples: [sample, { metric: 'others', service: 'shop', value: 1 }] };
      const { status, text } = await plane.ask('operator', 'POST', '/performance/metrics', { body });
      expect(status, `${field}: ${text}`).toBeLessThan(500);
      const labelled = { metric: 'm', service: 's', value: 1, labels: { [name]: name } };
      const { status: of } = await plane.ask('operator', 'POST', '/performance/metrics', {
        body: { samples: [labelled] },
      });
      expect(of).toBeLessThan(500);
    }
    expect(await kept('others')).toBeGreaterThan(0);
  });
});

describe('numbers of any size that can be added up', () => {
  it('are kept, and their minute is rolled up', async () => {
    const values = [5e-324, -9e289, 9e289, 2 ** 53, 0.1];
    const samples = [...values, 1.7976931348623157e308].map((value, place) => {
      return { metric: 'extreme', service: 'shop', value, labels: { n: `${place}` } };
    });
    const { status, json } = await plane.ask('operator', 'POST', '/performance/metrics', {
      body: { samples },
    });
    expect([status, json.accepted, json.refused]).toEqual([200, values.length, 1]);
    expect(json.problems[0].pointer).toBe('/samples/5');
    const latest = await store.metrics.latest({ metric: 'extreme', sinceMs: clock.now() - 1000 });
    const found = latest.map(({ value }) => value).toSorted((a, b) => a - b);
    expect(found).toEqual(values.toSorted((a, b) => a - b));
    const { rolledUp, retries } = store.counts;
    const isRolledUp = async (): Promise<boolean> => {
      await clock.advance(30_000);
      return store.counts.rolledUp >= rolledUp + values.length;
    };
    await expect.poll(isRolledUp, { interval: 20, timeout: 20_000 }).toBe(true);
    expect(store.counts.retries).toBe(retries);
  });
});
