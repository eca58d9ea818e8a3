import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { afterAll, describe, expect, it } from 'vitest';
import { refusedServe, type Served, startServe } from './served.ts';

const home = mkdtempSync(join(tmpdir(), 'loadline-services-'));
const script = fileURLToPath(new URL('./scaling/hot-service.mjs', import.meta.url));
const env = { LOADLINE_OBSERVE_KEY: 'opens-the-doors-of-instances' };

const served: Served[] = [];

afterAll(async () => {
  // Gracefully, so that its services end with it, also where the test has failed.
  for (const each of served) await each.stop('SIGTERM');
  rmSync(home, { recursive: true, force: true });
});

async function serve(args: readonly string[], key?: string): Promise<Served> {
  const started = await startServe(args, key === undefined ? { env } : { env, key });
  served.push(started);
  return started;
}

interface Instance {
  readonly id: string;
  readonly url: string;
  readonly since: string;
  readonly restarts: number;
}

async function get<Value>(plane: Served, path: string): Promise<Value> {
  const response = await plane.ask('GET', path);
  const text = await response.text();
  expect(response.status, text).toBe(200);
  return JSON.parse(text) as Value;
}

async function until<Value>(look: () => Promise<Value>, isSo: (value: Value) => boolean): Promise<Value> {
  for (;;) {
    const value = await look();
    if (isSo(value)) return value;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** The instances once so many are ready. */
async function ready(plane: Served, count: number): Promise<readonly Instance[]> {
  const look = async () =>
    (
      await get<{ items: [{ fleet: { ready: number; instances: readonly Instance[] } }] }>(
        plane,
        '/performance/scaling/status',
      )
    ).items[0].fleet;
  return (await until(look, (fleet) => fleet.ready === count)).instances;
}

/** Asks one after the other, until it is told to stop. */
async function load(url: string, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) await (await fetch(url)).text();
}

/** What it has written of what it looks after: the lines of JSON, without their time. */
function notices({ said }: Served): readonly { readonly level: number; readonly msg: string }[] {
  return said
    .split('\n')
    .filter((line) => line.startsWith('{"level":'))
    .map((line) => {
      const { level, msg } = JSON.parse(line) as { level: number; msg: string };
      return { level, msg };
    });
}

describe('services of loadline serve', () => {
  it('that crash again and again are told once, by what they said last and where the rest stands, and what they lack', async () => {
    const ownHome = mkdtempSync(join(home, 'crashing-'));
    const services = join(ownHome, 'services.json');
    const shop = {
      command: process.execPath,
      args: ['-e', 'throw new Error("no database")'],
      inherit: ['LOADLINE_TEST_UNSET'],
      policy: 'foodshare/api_servers',
      replicas: { min: 1, max: 1 },
    };
    writeFileSync(services, JSON.stringify({ services: { shop } }));
    const plane = await serve(['--home', ownHome, '--services', services]);
    const status = (): Promise<{ items: [{ fleet?: { instances: readonly Instance[] } }] }> =>
      get(plane, '/performance/scaling/status');
    await until(status, ({ items: [{ fleet }] }) => (fleet?.instances[0]?.restarts ?? 0) >= 2);
    const log = join(ownHome, 'instances', 'shop-1.log');
    expect(notices(plane)).toEqual([
      {
        level: 40,
        msg: expect.stringMatching(
          /^shop: shop-1 exited with 1 after [^:]+: Error: no database; starts again in .+; what it wrote is in /,
        ),
      },
    ]);
    expect(notices(plane)[0]?.msg.endsWith(log)).toBe(true);
    expect(plane.said).toContain('The service shop inherits LOADLINE_TEST_UNSET, not set here: ');
  });

  it('run, are profiled under load, and outlive a control plane that is killed', async () => {
    const ownHome = mkdtempSync(join(home, 'running-'));
    const file = join(ownHome, 'services.json');
    const args = ['--home', ownHome, '--services', file];
    writeFileSync(
      file,
      JSON.stringify({
        services: {
          shop: {
            command: process.execPath,
            args: ['--conditions=loadline-source', script],
            inherit: ['LOADLINE_OBSERVE_KEY'],
            policy: 'foodshare/api_servers',
            replicas: { min: 1, max: 3 },
          },
        },
      }),
    );
    const first = await serve(args);
    const key = first.firstKey as string;
    const [instance] = (await ready(first, 1)) as [Instance];

    const loading = new AbortController();
    const loaded = load(instance.url, loading.signal);
    const order = { instance: instance.id, kind: 'cpu', durationMs: 600, samplingIntervalUs: 1000 };
    const begun = await first.ask('POST', '/performance/profiling/start', { body: order });
    expect(begun.status).toBe(201);
    const { id } = (await begun.json()) as { id: string };
    const second = await first.ask('POST', '/performance/profiling/start', { body: order });
    expect(second.status).toBe(409);
    const session = await until(
      () => get<{ state: string; overhead: object }>(first, `/performance/profiling/${id}`),
      ({ state }) => state !== 'running',
    );
    loading.abort();
    await loaded;
    expect(session).toMatchObject({ state: 'finished', overhead: { startStopCpuMs: expect.any(Number) } });
    const top = await get<{ functions: { name: string; location: string }[] }>(
      first,
      `/performance/profiling/${id}/profile`,
    );
    // Beside it the engine says of its own work what it is: on a busy machine, a collection may take more.
    const [hottest] = top.functions.filter(({ name }) => !name.startsWith('('));
    expect(hottest?.name).toBe('byDistance');
    expect(hottest?.location).toMatch(/hot-service\.mjs:\d+$/);
    const pprof = await first.ask('GET', `/performance/profiling/${id}/profile?format=pprof`);
    expect(gunzipSync(Buffer.from(await pprof.arrayBuffer())).toString('latin1')).toContain('byDistance');

    expect(await first.stop('SIGKILL')).toBe('SIGKILL');
    // A start that comes to nothing, also with another file, leaves what runs as it is.
    const other = join(ownHome, 'other.json');
    writeFileSync(other, '{"services":{"till":{"command":"node","policy":"foodshare/api_servers"}}}');
    const { port } = new URL(instance.url);
    const refused = await refusedServe(['--home', ownHome, '--services', other, '--port', port], env);
    expect(refused.text).toContain(`port ${port}: somebody listens there already`);
    expect((await fetch(instance.url)).status).toBe(200);
    const again = await serve(args, key);
    expect(await ready(again, 1)).toMatchObject([{ id: instance.id, url: instance.url, restarts: 0 }]);
    expect(await get(again, `/performance/profiling/${id}`)).toMatchObject({ state: 'finished' });
    const manual = { group: 'shop', replicas: 2, duration: '1m' };
    expect((await again.ask('POST', '/performance/scaling/manual', { body: manual })).status).toBe(200);
    await ready(again, 2);
    expect(await again.stop('SIGTERM')).toBe(0);
    await expect(fetch(instance.url)).rejects.toThrow();
  });
});
