import { createVirtualClock } from 'loadline/base';
import { createHeapSnapshots, type Profiler } from 'loadline/profiling';
import type { Door, DoorAnswer } from 'loadline/traffic';
import { beforeEach, describe, expect, it } from 'vitest';
import { profilesDoor } from '../../../src/observe/doors/profiles-door.ts';
import { createLocalProfiler } from '../../../src/profiling/local-profiler.ts';
import { cpuProfile } from '../../profiling/profiles.ts';
import { jsonOf, requestOf } from './requests.ts';

describe('the door for profiles', () => {
  let door: Door;
  let profiler: Profiler;
  beforeEach(() => {
    const engine = {
      start: async () => ({
        stop: async () => cpuProfile({ main: {} }, ['main']),
        discard: async () => undefined,
      }),
    };
    profiler = createLocalProfiler(engine, { clock: createVirtualClock(), newId: () => 's1' });
    const memory = { heapUsedBytes: 1e9, availableBytes: 1e9 };
    const snapshots = createHeapSnapshots(() => memory);
    door = profilesDoor({ profiler, snapshots, guard: (request) => request.header('x-may') === 'yes' });
  });

  const ask = (method: string, path = '', body?: unknown): Promise<DoorAnswer> =>
    door(
      requestOf({
        method,
        url: `/loadline/profiles${path}`,
        headers: { 'x-may': 'yes' },
        ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
      }),
    );

  it('starts, refuses a second start, stops, and gives the profile in three forms', async () => {
    expect(await ask('POST', '', { kind: 'cpu' })).toMatchObject({ status: 201 });
    expect(await ask('POST', '', { kind: 'cpu' })).toMatchObject({ status: 409 });
    expect(await ask('GET', '/s1/profile')).toMatchObject({ status: 409 });
    expect(jsonOf(await ask('POST', '/running/stop'))).toMatchObject({ id: 's1', state: 'finished' });
    expect(await ask('POST', '/running/stop')).toMatchObject({ status: 409 });
    expect(jsonOf(await ask('GET', '/s1'))).toMatchObject({ state: 'finished' });
    expect(jsonOf(await ask('GET', ''))).toMatchObject({ sessions: [{ id: 's1' }] });
    const pprof = await ask('GET', '/s1/profile');
    expect(pprof.headers['content-disposition']).toBe('attachment; filename="cpu-s1.pb.gz"');
    expect([...(pprof.body as Uint8Array).subarray(0, 2)]).toEqual([0x1f, 0x8b]);
    expect(jsonOf(await ask('GET', '/s1/profile?format=v8'))).toMatchObject({ samples: [2] });
    expect(jsonOf(await ask('GET', '/s1/profile?format=top'))).toMatchObject({
      session: { id: 's1' },
      functions: [{ name: 'main' }],
    });
  });

  it('forgets a session that it is told to forget', async () => {
    await ask('POST', '', { kind: 'cpu' });
    await ask('DELETE', '/running');
    expect((await profiler.sessions())[0]?.state).toBe('aborted');
  });

  it('asks for the key before anything else', async () => {
    const answer = await door(requestOf({ method: 'POST', url: '/loadline/profiles', body: '{' }));
    expect(answer.status).toBe(401);
  });

  it('refuses a heap snapshot with the reason', async () => {
    const answer = await ask('POST', '/heap-snapshot', { wish: 'stop the process for a heap snapshot' });
    expect([answer.status, jsonOf(answer)]).toEqual([
      409,
      expect.objectContaining({
        code: 'PROFILING_SNAPSHOT_REFUSED',
        detail: expect.stringContaining('heap of 1 GB'),
      }),
    ]);
    expect((await ask('POST', '/heap-snapshot', null)).status).toBe(409);
  });

  it.each([
    ['POST', '', '{', 400],
    ['POST', '', 'x'.repeat(5000), 413],
    ['POST', '', 'null', 400],
    ['POST', '', { kind: 'wall' }, 400],
    ['PUT', '', undefined, 405],
    ['GET', '/none', undefined, 404],
    ['GET', '/none/profile', undefined, 404],
    ['GET', '/s1/profile?format=exe', undefined, 400],
    ['GET', '/s1/other', undefined, 404],
    ['GET', '/s1/profile/more', undefined, 404],
    ['GET', '/running', undefined, 405],
    ['POST', '/running/other', undefined, 404],
    ['GET', '/heap-snapshot', undefined, 405],
  ])('answers %s %s with %j by %d', async (method, path, body, status) => {
    const answer = await ask(method, path, body);
    expect(answer.status).toBe(status);
    expect(answer.headers['content-type']).toBe('application/problem+json');
    expect(jsonOf(answer)).toMatchObject({ status, code: expect.stringMatching(/^(OBSERVE|PROFILING)_/) });
  });
});
