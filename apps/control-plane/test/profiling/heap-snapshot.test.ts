import { existsSync, readdirSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import { createVirtualClock } from 'loadline/base';
import { profilingError, snapshotWish } from 'loadline/profiling';
import { afterEach, describe, expect, it } from 'vitest';
import type { Role } from '../../src/access/index.ts';
import { createProfilers, type Profilers } from '../../src/profiling/index.ts';
import { openProfileFiles } from '../../src/profiling/profile-files.ts';
import { type Answer, type Plane, type PlaneOptions, startPlane, until } from '../plane.ts';
import { FakeProfiler } from './fake-profiler.ts';

const order = { instance: '10.0.0.1:80', kind: 'heap-snapshot', confirm: snapshotWish };
const folders: string[] = [];

afterEach(async () => {
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true });
});

/** A control plane that watches one instance, whose heap snapshot is this. */
async function start(open: () => Readable, further: PlaneOptions = {}): Promise<Plane> {
  const clock = further.clock ?? createVirtualClock();
  const { own } = createProfilers(clock, undefined);
  const snapshots = { open: async () => open() };
  const profilers: Profilers = { own, of: () => ({ profiler: new FakeProfiler(clock), snapshots }) };
  const services = [{ service: 'shop', url: new URL('http://10.0.0.1/metrics') }];
  const watch = { services, postgres: [], valkey: [], policy: {}, intervalMs: 5000 };
  return startPlane({ ...further, clock, profilers, configuration: { watch } });
}

const whole = (): Readable => Readable.from(['{"snapshot":', '{"meta":{}}}']);

function begin(plane: Plane, more: object = {}, role: Role = 'admin'): Promise<Answer> {
  return plane.ask(role, 'POST', '/performance/profiling/start', { body: { ...order, ...more } });
}

function ended(plane: Plane, id: string): Promise<Answer> {
  const look = (): Promise<Answer> => plane.ask('viewer', 'GET', `/performance/profiling/${id}`);
  return until(look, ({ json }) => json.state !== 'running');
}

/** One that is kept. */
async function taken(plane: Plane): Promise<{ id: string; path: string; folder: string }> {
  const { status, json } = await begin(plane);
  expect(status).toBe(201);
  expect((await ended(plane, json.id)).json).toMatchObject({ state: 'finished', profileBytes: 24 });
  const path = `/performance/profiling/${json.id}/profile?format=heapsnapshot`;
  return { id: json.id, path, folder: join(plane.home, 'profiles', json.id) };
}

describe('a heap snapshot', () => {
  it.each([
    ['by an operator', {}, 'operator', 403, undefined],
    ['without the word', { confirm: undefined }, 'admin', 400, '/confirm'],
    ['with another word', { confirm: 'yes' }, 'admin', 400, '/confirm'],
    ['for a while', { durationMs: 1000 }, 'admin', 400, '/durationMs'],
    ['as a CPU profile', { kind: 'cpu' }, 'admin', 400, '/confirm'],
  ] as const)('is not taken %s', async (_, more, role, status, pointer) => {
    await using plane = await start(() => {
      throw new Error('it was taken');
    });
    const answer = await begin(plane, more, role);
    expect(answer.status).toBe(status);
    expect(answer.json.errors?.[0].pointer).toBe(pointer);
  });

  it('is given to an admin alone, as it is, and once', async () => {
    await using plane = await start(whole);
    const { id, path, folder } = await taken(plane);
    for (const role of ['viewer', 'operator'] as const) {
      expect((await plane.ask(role, 'GET', path)).status).toBe(403);
      expect((await plane.ask(role, 'GET', path.split('?')[0] as string)).status).toBe(403);
    }
    expect((await plane.ask('admin', 'GET', path.replace('heapsnapshot', 'top'))).status).toBe(409);
    const head = {
      method: 'HEAD',
      url: path,
      headers: { authorization: `Bearer ${plane.keys.admin}` },
    } as const;
    expect((await plane.composition.app.inject(head)).statusCode, 'who only looks takes nothing').toBe(200);
    const { text, headers } = await until(
      () => plane.ask('admin', 'GET', path),
      ({ status }) => status === 200,
    );
    expect(text).toBe('{"snapshot":{"meta":{}}}');
    expect(headers['content-disposition']).toContain(`${id}.heapsnapshot`);
    const session = await until(
      () => plane.ask('viewer', 'GET', `/performance/profiling/${id}`),
      ({ json }) => json.goneAt !== undefined,
    );
    expect(session.json.fetchedBy).toMatch(/^\w{12}$/);
    expect(existsSync(folder)).toBe(false);
    const { items } = (await plane.ask('admin', 'GET', '/audit')).json;
    const fetched = items.filter(({ operation }: { operation: string }) => operation === 'getProfile');
    expect(fetched).toMatchObject([{ method: 'GET', keyName: 'admin', status: 200 }]);
    const again = await plane.ask('admin', 'GET', path);
    expect(again.status).toBe(409);
    expect(again.json.detail).toContain('given out once');
  });

  it('that nobody fetches is gone after an hour, also where there was a restart', async () => {
    const clock = createVirtualClock();
    await using kept = await startPlane({ clock });
    const { documents, home } = kept;
    let folder: string;
    let id: string;
    {
      await using plane = await start(whole, { clock, documents, home });
      ({ folder, id } = await taken(plane));
      await clock.advance(59 * 60_000);
      expect(existsSync(folder)).toBe(true);
    }
    await using plane = await start(whole, { clock, documents, home });
    await clock.advance(61_000);
    const look = (): Promise<Answer> => plane.ask('viewer', 'GET', `/performance/profiling/${id}`);
    const { json } = await until(look, (answer) => answer.json.goneAt !== undefined);
    expect(json.fetchedBy).toBeUndefined();
    expect(existsSync(folder)).toBe(false);
  });

  it('is not kept in half: it is stopped, it breaks off, or the control plane ends', async () => {
    const clock = createVirtualClock();
    const streams: PassThrough[] = [];
    const open = (): Readable => {
      const stream = new PassThrough();
      stream.write('{"snapshot":');
      streams.push(stream);
      return stream;
    };
    await using kept = await startPlane({ clock });
    const { documents, home } = kept;
    let id: string;
    {
      await using plane = await start(open, { clock, documents, home });
      const first = (await begin(plane)).json.id;
      expect((await begin(plane)).status, 'one at a time').toBe(409);
      const body = { sessionId: first };
      const stopped = await plane.ask('operator', 'POST', '/performance/profiling/stop', { body });
      expect(stopped.json).toMatchObject({
        state: 'interrupted',
        problem: expect.stringContaining('stopped'),
      });

      const second = (await begin(plane)).json.id;
      streams[1]?.destroy(profilingError('PROFILING_UNREACHABLE', 'Cannot read it.'));
      expect((await ended(plane, second)).json).toMatchObject({
        state: 'failed',
        problem: 'The instance gave no answer any more.',
      });
      id = (await begin(plane)).json.id;
      await until(async () => existsSync(join(home, 'profiles', id)), Boolean);
    }
    await using plane = await start(open, { clock, documents, home });
    expect((await ended(plane, id)).json).toMatchObject({ state: 'interrupted' });
    expect(readdirSync(join(home, 'profiles'))).toEqual(['mark']);
  });

  it('that is larger than what is kept is none, and leaves nothing', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'loadline-snapshots-'));
    folders.push(folder);
    const files = openProfileFiles(folder, 10);
    const { signal } = new AbortController();
    expect(await files.writeSnapshot('a', Readable.from(['0123456789']), signal)).toBe(10);
    const larger = Readable.from(['0123456789', '0']);
    await expect(files.writeSnapshot('b', larger, signal)).rejects.toThrow('larger than 10 B');
    expect(readdirSync(folder)).toEqual(['a']);
  });
});
