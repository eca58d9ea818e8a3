import { createVirtualClock, sleep } from 'loadline/base';
import { createRegistry, decodeSnapshot, encodeSnapshot, type Registry } from 'loadline/metrics';
import { observeUsers, usersSketchName } from 'loadline/observe';
import { describe, expect, it } from 'vitest';
import type { Pull } from '../../src/collect/index.ts';
import { readingOfSnapshot } from '../../src/collect/reading.ts';
import { createMemoryDocuments } from '../../src/memory/index.ts';
import { type Plane, startPlane } from '../plane.ts';

const clockOf = createVirtualClock;

/** Instances by host and port; whoever is not there refuses the connection. */
function fakePull(
  instances: Map<string, () => Registry>,
  options: { clock: ReturnType<typeof clockOf>; sketches?: Map<string, () => Uint8Array> },
): Pull & { asked: { host: string; key: string | undefined }[] } {
  const asked: { host: string; key: string | undefined }[] = [];
  const pull: Pull = async ({ url, key }, signal) => {
    asked.push({ host: url.host, key });
    const instance = instances.get(url.host);
    if (instance === undefined) throw new Error('connection refused');
    const registry = instance();
    if (registry === slow) await sleep(options.clock, 60_000, signal);
    const sketch = options.sketches?.get(url.host)?.();
    const sketches =
      sketch === undefined ? new Map<string, Uint8Array>() : new Map([[usersSketchName, sketch]]);
    const at = { atMs: options.clock.now(), monotonicMs: options.clock.monotonicMs() };
    return readingOfSnapshot(decodeSnapshot(encodeSnapshot(registry.snapshot(), sketches)), at);
  };
  return Object.assign(pull, { asked });
}

const slow = createRegistry();

function serving(): { registry: Registry; requests: (count: number) => void } {
  const registry = createRegistry();
  const requests = registry.counter({ name: 'http_requests_total', help: 'All.', labels: ['status'] });
  return { registry, requests: (count) => requests.with({ status: '200' }).add(count) };
}

const listed = (...urls: string[]) => ({
  watch: {
    services: urls.map((url) => ({ service: 'shop', url: new URL(url) })),
    postgres: [],
    valkey: [],
    policy: {},
    intervalMs: 5000,
  },
});

describe('an instance that is listed', () => {
  it('is asked once an interval, and what it did is remembered', async () => {
    const clock = clockOf();
    const { registry, requests } = serving();
    const pull = fakePull(new Map([['10.0.0.1', () => registry]]), { clock });
    await using plane = await startPlane({ clock, pull, configuration: listed('http://10.0.0.1/metrics') });
    await clock.advance(1);
    requests(50);
    await clock.advance(5000);
    expect(pull.asked).toHaveLength(2);
    const rates = plane.store.samples.filter(({ series }) => series.metric === 'requests');
    expect(rates.map(({ value, series }) => [value, series.service, series.instance])).toEqual([
      [10, 'shop', '10.0.0.1:80'],
    ]);
    const { items } = (await plane.ask('viewer', 'GET', '/instances')).json;
    expect(items).toMatchObject([{ service: 'shop', instance: '10.0.0.1:80', state: 'up', source: 'list' }]);
  });

  it('tells of the cache that it has in itself, together with the others of its service', async () => {
    const clock = clockOf();
    const withCache = (hits: number, misses: number) => {
      const registry = createRegistry();
      const labels = ['outcome'] as const;
      const lookups = registry.counter({ name: 'shop_cache_lookups_total', help: 'All.', labels });
      const look = (): void => {
        lookups.with({ outcome: 'hit' }).add(hits);
        lookups.with({ outcome: 'miss' }).add(misses);
      };
      return { registry, look };
    };
    const one = withCache(90, 10);
    const other = withCache(0, 100);
    const instances = new Map([
      ['10.0.0.1', () => one.registry],
      ['10.0.0.2', () => other.registry],
    ]);
    const configuration = listed('http://10.0.0.1/metrics', 'http://10.0.0.2/metrics');
    await using plane = await startPlane({ clock, pull: fakePull(instances, { clock }), configuration });
    await clock.advance(4000);
    for (const { look } of [one, other]) look();
    await clock.advance(5000);
    expect(await plane.store.readings.latestCaches(0)).toMatchObject([
      {
        cacheType: 'application',
        cacheKeyPattern: 'shop',
        hitRatePercent: 45,
        missRatePercent: expect.closeTo(55),
      },
    ]);
  });

  it('is asked in turn with others, so that a large fleet does not answer all at once', async () => {
    const clock = clockOf();
    const hosts = Array.from({ length: 40 }, (_, at) => `10.0.0.${at + 1}`);
    const { registry } = serving();
    registry.gauge({ name: 'queue_depth', help: 'Waiting.' }).set(1);
    const pull = fakePull(new Map(hosts.map((host) => [host, () => registry])), { clock });
    const configuration = listed(...hosts.map((host) => `http://${host}/metrics`));
    await using plane = await startPlane({ clock, pull, configuration });
    const asked: number[] = [];
    for (let at = 0; at < 19; at++) {
      await clock.advance(500);
      asked.push(pull.asked.splice(0).length);
    }
    expect(asked.reduce((sum, count) => sum + count)).toBe(80);
    expect(Math.max(...asked)).toBeLessThanOrEqual(8);
    expect(plane.store.samples).toHaveLength(80);
  });

  it('is stale when it stops answering, down a little later, and up again when it answers', async () => {
    const clock = clockOf();
    const { registry } = serving();
    const instances = new Map([['10.0.0.1', () => registry]]);
    await using plane = await startPlane({
      clock,
      pull: fakePull(instances, { clock }),
      configuration: listed('http://10.0.0.1/metrics'),
    });
    const look = async () => (await plane.ask('viewer', 'GET', '/instances')).json.items[0];
    registry.gauge({ name: 'queue_depth', help: 'Waiting.' }).set(1);
    await clock.advance(1);
    expect((await look()).state).toBe('up');
    instances.clear();
    await clock.advance(5000);
    expect(await look()).toMatchObject({ state: 'stale', because: 'connection refused' });
    await clock.advance(15_000);
    expect((await look()).state).toBe('down');
    instances.set('10.0.0.1', () => registry);
    await clock.advance(15_000);
    expect(await look()).toMatchObject({ state: 'up' });
    expect(await look()).not.toHaveProperty('because');
  });

  it('is asked again soon when it was met while it started, and every third time when it stays away', async () => {
    const clock = clockOf();
    const instances = new Map<string, () => Registry>();
    const pull = fakePull(instances, { clock });
    const urls = ['http://10.0.0.1/metrics', 'http://10.0.0.2/metrics'];
    await using plane = await startPlane({ clock, pull, configuration: listed(...urls) });
    await clock.advance(1);
    instances.set('10.0.0.1', () => serving().registry);
    await clock.advance(5000);
    const { items } = (await plane.ask('viewer', 'GET', '/instances')).json;
    expect(items).toMatchObject([{ state: 'up' }, { state: 'down', because: 'connection refused' }]);
    await clock.advance(9 * 5000);
    expect(pull.asked.filter(({ host }) => host === '10.0.0.1')).toHaveLength(11);
    expect(pull.asked.filter(({ host }) => host === '10.0.0.2')).toHaveLength(3 + 3);
  });

  it('holds up nobody when it does not answer', async () => {
    const clock = clockOf();
    const { registry, requests } = serving();
    const instances = new Map([
      ['10.0.0.1', () => slow],
      ['10.0.0.2', () => registry],
    ]);
    await using plane = await startPlane({
      clock,
      pull: fakePull(instances, { clock }),
      configuration: listed('http://10.0.0.1/m', 'http://10.0.0.2/m'),
    });
    for (let round = 0; round < 4; round++) {
      requests(5);
      await clock.advance(5000);
    }
    const { items } = (await plane.ask('viewer', 'GET', '/instances')).json;
    expect(items).toMatchObject([
      { instance: '10.0.0.1:80', state: 'down', because: 'it did not answer within 4 s' },
      { instance: '10.0.0.2:80', state: 'up' },
    ]);
    expect(plane.store.samples.filter(({ series }) => series.metric === 'requests').length).toBeGreaterThan(
      2,
    );
  });

  it('tells of its users together with the others, so that one of two instances counts once', async () => {
    const clock = clockOf();
    const users = ['a', 'b'].map(() => observeUsers(createRegistry(), 'one key for all', clock));
    for (const id of ['ann', 'bob']) users[0]?.see(id);
    for (const id of ['bob', 'cid']) users[1]?.see(id);
    const registries = [serving(), serving()];
    for (const { requests } of registries) requests(1);
    const hosts = ['10.0.0.1', '10.0.0.2'];
    const pull = fakePull(
      new Map(hosts.map((host, at) => [host, () => (registries[at] as { registry: Registry }).registry])),
      {
        clock,
        sketches: new Map(
          hosts.map((host, at) => [
            host,
            () => (users[at] as { recent(): { encode(): Uint8Array } }).recent().encode(),
          ]),
        ),
      },
    );
    await using plane = await startPlane({
      clock,
      pull,
      configuration: listed('http://10.0.0.1/m', 'http://10.0.0.2/m'),
    });
    await clock.advance(1);
    expect(
      plane.store.samples.filter(({ series }) => series.metric === 'active_users').map(({ value }) => value),
    ).toEqual([3]);
  });
});

describe('an instance that registers', () => {
  const order = { service: 'shop', url: 'http://127.0.0.1:8080' };

  it('is asked as long as its heartbeat comes, and is known after a restart', async () => {
    const clock = clockOf();
    const documents = createMemoryDocuments();
    const { registry, requests } = serving();
    requests(1);
    const pull = fakePull(new Map([['127.0.0.1:8080', () => registry]]), { clock });
    const plane = await startPlane({ clock, documents, pull });
    const made = await plane.ask('operator', 'POST', '/instances', { body: order });
    expect(made.status).toBe(201);
    expect(made.json).toMatchObject({
      instance: '127.0.0.1:8080',
      url: 'http://127.0.0.1:8080/metrics',
      heartbeatEveryMs: 30_000,
    });
    const again = await plane.ask('operator', 'POST', '/instances', { body: order });
    expect([again.status, again.json.id]).toEqual([200, made.json.id]);
    await plane[Symbol.asyncDispose]();

    await using next = await startPlane({ clock, documents, pull });
    const state = async () => (await next.ask('viewer', 'GET', '/instances')).json.items[0];
    await clock.advance(80_000);
    expect((await next.ask('operator', 'PUT', `/instances/${made.json.id}/heartbeat`)).status).toBe(200);
    await clock.advance(80_000);
    expect((await state()).state).toBe('up');
    await clock.advance(40_000);
    expect(await state()).toMatchObject({ state: 'down', because: 'its heartbeat does not come any more' });
    await clock.advance(700_000);
    expect(await state()).toBeUndefined();
    expect((await next.ask('operator', 'PUT', `/instances/${made.json.id}/heartbeat`)).status).toBe(404);
  });

  it('is known to every control plane of a database, whichever it tells', async () => {
    const clock = clockOf();
    const documents = createMemoryDocuments();
    const { registry } = serving();
    const pull = fakePull(new Map([['127.0.0.1:8080', () => registry]]), { clock });
    const configuration = { databaseUrl: 'postgresql://db.example/loadline' };
    await using one = await startPlane({ clock, documents, pull, configuration });
    await using other = await startPlane({ clock, documents, pull, configuration });
    const left = (await one.ask('operator', 'POST', '/instances', { body: order })).json.id;
    expect((await other.ask('operator', 'DELETE', `/instances/${left}`)).status).toBe(204);
    await clock.advance(5000);
    const { id } = (await one.ask('operator', 'POST', '/instances', { body: order })).json;
    expect((await other.ask('operator', 'PUT', `/instances/${id}/heartbeat`)).status).toBe(200);
    const again = await other.ask('operator', 'POST', '/instances', { body: order });
    expect([again.status, again.json.id]).toEqual([200, id]);

    const audited = (await one.ask('admin', 'GET', '/audit')).json.items.map(
      (entry: { operation: string }) => entry.operation,
    );
    expect(audited, 'heartbeats would bury everything else').toEqual([
      'registerInstance',
      'registerInstance',
    ]);

    const stateAt = async (plane: Plane) => (await plane.ask('viewer', 'GET', '/instances')).json.items[0];
    for (let beat = 0; beat < 30; beat++) {
      await clock.advance(30_000);
      await one.ask('operator', 'PUT', `/instances/${id}/heartbeat`);
    }
    await clock.advance(5000);
    expect(await stateAt(other), 'though it never told this one').toMatchObject({ id, state: 'up' });
    await clock.advance(95_000);
    expect(await stateAt(other)).toMatchObject({ because: 'its heartbeat does not come any more' });
    expect((await other.ask('operator', 'DELETE', `/instances/${id}`)).status).toBe(204);
    await clock.advance(5000);
    expect(await stateAt(one)).toBeUndefined();
    expect((await one.ask('operator', 'PUT', `/instances/${id}/heartbeat`)).status).toBe(404);
  });

  it('is heard while the database is away, which is told once', async () => {
    const clock = clockOf();
    const kept = createMemoryDocuments();
    let isAway = false;
    const documents = new Proxy(kept, {
      get: (target, name) =>
        isAway
          ? async (kind: string) => Promise.reject(new Error(`${kind}s are away`))
          : Reflect.get(target, name),
    });
    const { registry } = serving();
    const pull = fakePull(new Map([['127.0.0.1:8080', () => registry]]), { clock });
    const configuration = { databaseUrl: 'postgresql://db.example/loadline' };
    await using plane = await startPlane({ clock, documents, pull, configuration });
    const { id } = (await plane.ask('operator', 'POST', '/instances', { body: order })).json;
    await clock.advance(5000);
    isAway = true;
    const said = plane.log.length;
    for (let beat = 0; beat < 8; beat++) {
      expect((await plane.ask('operator', 'PUT', `/instances/${id}/heartbeat`)).status).toBe(200);
      await clock.advance(30_000);
    }
    expect((await plane.ask('viewer', 'GET', '/instances')).json.items).toMatchObject([{ id, state: 'up' }]);
    expect(plane.log.slice(said).filter((line) => line.includes('instances are away'))).toHaveLength(1);
    isAway = false;
    await clock.advance(5000);
    expect((await plane.ask('viewer', 'GET', '/instances')).json.items).toMatchObject([{ id, state: 'up' }]);
  });

  it.each([
    ['http://169.254.169.254/latest', /never allowed/],
    ['http://10.0.0.1/metrics', /--allow-watch/],
    ['file:///etc/passwd', /must be an address/],
    ['http://user:secret@127.0.0.1/', /must not hold/],
  ])('is refused at %s', async (url, detail) => {
    await using plane = await startPlane();
    const { status, json, text } = await plane.ask('operator', 'POST', '/instances', {
      body: { ...order, url },
    });
    expect(status).toBeGreaterThanOrEqual(400);
    expect(json.errors).toMatchObject([{ pointer: '/url' }]);
    expect(text).toMatch(detail);
  });

  it('gets the key of the instances only at an address that was named', async () => {
    const clock = clockOf();
    const configuration = { observeKey: 'the key of instances', ...listed('http://10.0.0.1/metrics') };
    const pull = fakePull(new Map(), { clock });
    await using plane = await startPlane({ clock, pull, configuration });
    await plane.ask('operator', 'POST', '/instances', {
      body: { service: 'far', url: 'http://93.184.216.34/' },
    });
    await clock.advance(1);
    expect(pull.asked).toEqual([
      { host: '10.0.0.1', key: 'the key of instances' },
      { host: '93.184.216.34', key: undefined },
    ]);
  });
});
