import { randomUUID } from 'node:crypto';
import { createVirtualClock, type VirtualClock } from 'loadline/base';
import { createPostgres, type Postgres } from 'loadline/postgres';
import { openStore, type Sample, type Series, type Store, type StoreOptions } from 'loadline/store';

/** A store in a database of its own, at a moment that only the test moves on. */
export interface OpenedStore extends AsyncDisposable {
  readonly store: Store;
  readonly clock: VirtualClock;
  readonly postgres: Postgres;
  readonly url: string;
  /** Rolls up what is over after so long. */
  pass(durationMs: number): Promise<void>;
}

/** 2026-01-15T10:20:30Z: within a minute and an hour. */
export const startMs: number = Date.UTC(2026, 0, 15, 10, 20, 30);

/** A new, empty database of the server. */
export async function makeDatabase(serverUrl: string, template = 'template1'): Promise<string> {
  const name = `d${randomUUID().replaceAll('-', '').slice(0, 12)}`;
  await using admin = createPostgres({ url: serverUrl });
  await admin.query({ text: `CREATE DATABASE ${name} TEMPLATE ${template}` });
  const url = new URL(serverUrl);
  url.pathname = `/${name}`;
  return url.href;
}

/** Copying a schema is quicker than making it. */
const prepared = new Map<string, Promise<string>>();

async function prepare(serverUrl: string): Promise<string> {
  const url = await makeDatabase(serverUrl);
  await using _opened = await openAt(url);
  return new URL(url).pathname.slice(1);
}

/** A store in a database of its own, in which nothing was measured yet. */
export async function openFresh(
  serverUrl: string,
  options: Partial<StoreOptions> = {},
): Promise<OpenedStore> {
  const template = prepared.get(serverUrl) ?? prepare(serverUrl);
  prepared.set(serverUrl, template);
  return await openAt(await makeDatabase(serverUrl, await template), options);
}

export async function openAt(url: string, options: Partial<StoreOptions> = {}): Promise<OpenedStore> {
  const clock = (options.clock as VirtualClock | undefined) ?? createVirtualClock(startMs);
  const postgres = createPostgres({ url });
  const store = await openStore(postgres, { ...options, clock });
  return {
    store,
    clock,
    postgres,
    url,
    async pass(durationMs) {
      await clock.advance(durationMs);
      // Writing takes real time, of which the clock knows nothing; what is over is rolled up before this is written.
      await store.metrics.write([sampleAt(heartbeat, clock.now(), 1)]);
    },
    async [Symbol.asyncDispose]() {
      await store.close();
      await postgres.close();
    },
  };
}

const heartbeat: Series = Object.freeze({ metric: 'heartbeat', service: 'test', unit: 'count' });

export function seriesNamed(instance: string, unit = 'ms'): Series {
  return Object.freeze({ metric: 'response_time', service: 'api', endpoint: '/food', instance, unit });
}

export function sampleAt(series: Series, atMs: number, value: number | Uint8Array): Sample {
  return { series, atMs, value };
}
