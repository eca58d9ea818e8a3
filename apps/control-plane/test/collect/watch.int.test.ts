import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type StartedPostgres, type StartedValkey, startPostgres, startValkey } from '@loadline/local-stack';
import { systemClock } from 'loadline/base';
import { renderPrometheus } from 'loadline/metrics';
import { type Observer, observe } from 'loadline/observe';
import { createPostgres } from 'loadline/postgres';
import { createValkey } from 'loadline/valkey';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { LabelBook } from '../../src/collect/label-book.ts';
import { createPostgresProbe } from '../../src/collect/postgres-probe.ts';
import { createPull } from '../../src/collect/pull.ts';
import type { ServerReading } from '../../src/collect/server-probe.ts';
import { createValkeyProbe } from '../../src/collect/valkey-probe.ts';

const key = 'a-key-that-opens-instances';
const neverAborted = new AbortController().signal;
let postgres: StartedPostgres;
let valkey: StartedValkey;
let observer: Observer;
let service: Server;

beforeAll(async () => {
  [postgres, valkey] = await Promise.all([startPostgres(), startValkey({ role: 'cache' })]);
  observer = observe({ service: 'shop', controlKey: key });
  service = createServer(
    observer.node(async (request, response) => {
      if (request.url === '/plain') response.end(await text());
      else if (request.url === '/large') response.end('x'.repeat(9 * 2 ** 20));
      else response.writeHead(request.url === '/nothing' ? 404 : 200).end('ok');
    }),
  ).listen(0, '127.0.0.1');
  await new Promise((resolve) => service.once('listening', resolve));
});

afterAll(async () => {
  service.closeAllConnections();
  service.close();
  await observer.close();
  await Promise.all([postgres.stop(), valkey.stop()]);
});

async function text(): Promise<string> {
  let all = '';
  for await (const piece of renderPrometheus(observer.registry)) all += piece;
  return all;
}

function urlOf(path: string): URL {
  return new URL(`http://127.0.0.1:${(service.address() as AddressInfo).port}${path}`);
}

function numbersOf({ samples }: ServerReading): Readonly<Record<string, number>> {
  return Object.fromEntries(samples.map(({ series, value }) => [series.metric, value as number]));
}

describe('a real instance', () => {
  const pull = createPull(systemClock);
  const labels = new LabelBook(1000);
  const ask = (path: string, opened: string | undefined = key) =>
    pull({ url: urlOf(path), address: '127.0.0.1', key: opened, labels }, neverAborted);

  it('is read in our compact form with all its buckets, and as text by whoever has no other', async () => {
    await (await fetch(urlOf('/hello'))).text();
    const exact = await ask('/metrics');
    const [series] = [...(exact.families.get('http_request_duration_seconds')?.series.values() ?? [])];
    expect(series?.value).toMatchObject({ form: 'exact' });
    expect(exact.users?.count).toBe(0);
    const plain = await ask('/plain');
    const [bounded] = [...(plain.families.get('http_request_duration_seconds')?.series.values() ?? [])];
    expect(bounded?.value).toMatchObject({ form: 'bounds' });
  });

  it('says in words why it was not read', async () => {
    const wrong = ask('/metrics', 'another-key-of-some-length');
    await expect(wrong).rejects.toThrow('it answered 401: the key in LOADLINE_OBSERVE_KEY is none of its');
    const unopened = { url: urlOf('/metrics'), address: '127.0.0.1', labels };
    const none = pull({ ...unopened, key: undefined }, neverAborted);
    await expect(none).rejects.toThrow('it wants a key, and LOADLINE_OBSERVE_KEY is not set where');
    const withheld = pull({ ...unopened, key: undefined, isKeyWithheld: true }, neverAborted);
    await expect(withheld).rejects.toThrow('it answered 401: it wants a key, and gets none');
    await expect(ask('/nothing')).rejects.toThrow('it answered 404 instead of 200 at /nothing');
    await expect(ask('/large')).rejects.toThrow('more than 8');
    await expect(ask('/hello')).rejects.toThrow('no metrics');
  });
});

describe('a real PostgreSQL', () => {
  it('says how many connections it has, and what it did in between', async () => {
    await using probe = {
      ...createPostgresProbe('db', postgres.url),
      [Symbol.asyncDispose]: () => probe.close(),
    };
    const first = numbersOf(await probe.read(0));
    expect(first.database_connections_max).toBeGreaterThan(10);
    expect(first).not.toHaveProperty('database_transactions');
    await using client = createPostgres({ url: postgres.url, connectionsMax: 1 });
    await client.query({ text: 'SELECT 1' });
    const second = numbersOf(await probe.read(1000));
    expect(second.database_connections).toBe((first.database_connections as number) + 1);
    expect(second.database_transactions).toBeGreaterThanOrEqual(0);
    expect(probe.instance).not.toContain('@');
  });
});

describe('a real Valkey', () => {
  it('says how many of its look-ups found something', async () => {
    await using probe = {
      ...createValkeyProbe('cache', valkey.url),
      [Symbol.asyncDispose]: () => probe.close(),
    };
    expect(numbersOf(await probe.read(0))).not.toHaveProperty('cache_hits');
    await using client = createValkey({ url: valkey.url });
    await client.connect();
    await client.set('known', '1');
    for (const name of ['known', 'known', 'known', 'unknown']) await client.get(name);
    const reading = await probe.read(2000);
    expect(numbersOf(reading)).toMatchObject({ cache_hits: 1.5, cache_lookups: 2, connections: 1 });
    expect(reading.caches).toMatchObject([{ cacheType: 'redis', hitRatePercent: 75, missRatePercent: 25 }]);
    const { averageResponseTimeMs = 0 } = reading.caches[0] ?? {};
    expect(averageResponseTimeMs).toBeGreaterThan(0);
    expect(numbersOf(reading).cache_read_ms).toBe(averageResponseTimeMs);
    const quiet = await probe.read(4000);
    expect(numbersOf(quiet)).not.toHaveProperty('cache_read_ms');
  });
});
