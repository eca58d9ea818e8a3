import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { createVirtualClock, type VirtualClock } from 'loadline/base';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { defaultLimits } from '../../src/configuration.ts';
import { createMemoryDocuments } from '../../src/memory/index.ts';
import { leaveReport } from '../fake-runner.ts';
import { killable } from '../killable.ts';
import { createMemoryStore } from '../memory-store.ts';
import { type Answer, type Plane, startPlane, until, untilState } from '../plane.ts';

const target = 'http://127.0.0.1:9';
const order = { target, profile: 'peak', scale: 0.01 };

const start = (plane: Plane, body: unknown = order, headers: Record<string, string> = {}): Promise<Answer> =>
  plane.ask('operator', 'POST', '/performance/tests', { body, headers });
const look = (plane: Plane, id: string): Promise<Answer> =>
  plane.ask('viewer', 'GET', `/performance/tests/${id}`);
const cancel = (plane: Plane, id: string): Promise<Answer> =>
  plane.ask('operator', 'DELETE', `/performance/tests/${id}`);

describe('a load test', () => {
  it('is queued, runs, says how far it is, and is finished with a verdict', async () => {
    await using plane = await startPlane();
    const started = await start(plane);
    expect(started.status).toBe(202);
    const { id } = started.json;
    expect(started.headers.location).toBe(`/performance/tests/${id}`);
    const run = await plane.runner.begun(0);
    run.progress({ elapsedMs: 2500, durationMs: 10_000, requests: 40, latencyMsP95: 12 });
    expect((await look(plane, id)).json).toMatchObject({
      name: 'peak',
      state: 'running',
      progress: { completedRatio: 0.25, requests: 40, latencyMsP95: 12 },
    });
    await run.finish('failed');
    expect((await untilState(plane, id, 'finished')).json).toMatchObject({
      state: 'finished',
      verdict: 'failed',
      reasons: ['p95 < 50ms, got 80 ms'],
      hasResults: true,
    });
  });

  it('waits for its turn, in order', async () => {
    await using plane = await startPlane();
    const ids = [];
    for (let count = 0; count < 3; count++) ids.push((await start(plane)).json.id);
    const first = await plane.runner.begun(0);
    expect((await look(plane, ids[2])).json).toMatchObject({ state: 'queued', positionInQueue: 2 });
    expect(plane.runner.runs).toHaveLength(1);
    await first.finish('passed');
    const second = await plane.runner.begun(1);
    expect(second.job.folder).toContain(ids[1]);
  });

  it('runs beside others where that many may at once, and waits for the first of them to end', async () => {
    const limits = { ...defaultLimits, runningMax: 2 };
    await using plane = await startPlane({ configuration: { limits } });
    const ids = [];
    for (let count = 0; count < 3; count++) ids.push((await start(plane)).json.id);
    await plane.runner.begun(1);
    expect((await look(plane, ids[2])).json).toMatchObject({ state: 'queued', positionInQueue: 1 });
    expect(plane.runner.runs).toHaveLength(2);
    await (await plane.runner.begun(1)).finish('passed');
    expect((await plane.runner.begun(2)).job.folder).toContain(ids[2]);
  });

  it('goes to the address that was judged, whatever its name says later', async () => {
    await using plane = await startPlane();
    await start(plane, { ...order, target: 'http://localhost:9' });
    const { job } = await plane.runner.begun(0);
    expect(['127.0.0.1', '::1']).toContain(job.address);
  });

  it('is held against what may be loaded once more when it begins', async () => {
    const clock = createVirtualClock();
    const store = createMemoryStore(clock);
    const before = await startPlane({ clock, store });
    await start(before);
    await before.runner.begun(0);
    const { id } = (await start(before)).json;
    await before[Symbol.asyncDispose]();
    await using after = await startPlane({ clock, store, configuration: { targets: {} } });
    const { json } = await untilState(after, id, 'failed');
    expect(json.reasons[0]).toContain('a loopback address, which --allow-target');
    expect(after.runner.runs).toEqual([]);
  });

  it('is refused where the queue is full, with the time to wait', async () => {
    const limits = { ...defaultLimits, queuedMax: 1 };
    await using plane = await startPlane({ configuration: { limits } });
    await start(plane);
    await plane.runner.begun(0);
    await start(plane);
    const refused = await start(plane);
    expect([refused.status, refused.headers['retry-after']]).toEqual([429, '60']);
  });

  it('fails with a reason where its process dies', async () => {
    await using plane = await startPlane();
    const { id } = (await start(plane)).json;
    (await plane.runner.begun(0)).die('Its process ended with SIGKILL, in /some/where.');
    const { json } = await untilState(plane, id, 'failed');
    expect(json.hasResults).toBe(false);
    expect(json.reasons[0]).not.toContain('/some/where');
    expect(plane.log.join()).toContain('SIGKILL');
    expect((await plane.ask('viewer', 'GET', `/performance/tests/${id}/results`)).status).toBe(409);
  });

  it('is ended where it takes longer than a test may', async () => {
    await using plane = await startPlane();
    const { id } = (await start(plane)).json;
    await plane.runner.begun(0);
    await plane.clock.advance(defaultLimits.durationMsMax + 299_000);
    expect((await look(plane, id)).json.state).toBe('running');
    await plane.clock.advance(1000);
    const { json } = await untilState(plane, id, 'interrupted');
    expect(json.reasons.join()).toContain('longest that a test may take');
  });

  it('is kept so long as there is room, its results with it', async () => {
    const limits = { ...defaultLimits, keptMax: 2 };
    await using plane = await startPlane({ configuration: { limits } });
    const ids: string[] = [];
    for (let count = 0; count < 3; count++) {
      const { id } = (await start(plane)).json;
      ids.push(id);
      await (await plane.runner.begun(count)).finish('passed');
      await untilState(plane, id, 'finished');
    }
    await until(
      () => look(plane, ids[0] as string),
      ({ status }) => status === 404,
    );
    expect(existsSync(join(plane.home, 'runs', ids[0] as string))).toBe(false);
    expect((await look(plane, ids[1] as string)).status).toBe(200);
  });
});

describe('cancelling', () => {
  it('takes a test out of the queue', async () => {
    await using plane = await startPlane();
    const first = (await start(plane)).json.id;
    const run = await plane.runner.begun(0);
    const { id } = (await start(plane)).json;
    const cancelled = await cancel(plane, id);
    expect([cancelled.status, cancelled.json.state]).toEqual([200, 'cancelled']);
    expect((await cancel(plane, id)).status).toBe(409);
    await run.finish('passed');
    await untilState(plane, first, 'finished');
    expect(plane.runner.runs).toHaveLength(1);
  });

  it('ends a test that runs, with what was measured until then', async () => {
    await using plane = await startPlane();
    const { id } = (await start(plane)).json;
    await plane.runner.begun(0);
    const cancelled = await cancel(plane, id);
    expect([cancelled.status, cancelled.json.state]).toEqual([202, 'cancelling']);
    expect((await untilState(plane, id, 'cancelled')).json.hasResults).toBe(true);
  });

  it('knows no id that is not there', async () => {
    await using plane = await startPlane();
    expect((await cancel(plane, 'unknown')).status).toBe(404);
  });
});

describe('an Idempotency-Key', () => {
  const key = { 'idempotency-key': 'deploy-17' };

  it('gives the same test to the same request, and only to its own key', async () => {
    await using plane = await startPlane();
    const first = await start(plane, order, key);
    const again = await start(plane, order, key);
    expect(again.json.id).toBe(first.json.id);
    const other = await plane.ask('admin', 'POST', '/performance/tests', { body: order, headers: key });
    expect(other.json.id).not.toBe(first.json.id);
  });

  it('is refused for another request, until a day has gone', async () => {
    await using plane = await startPlane();
    await start(plane, order, key);
    await (await plane.runner.begun(0)).finish('passed');
    const refused = await start(plane, { ...order, scale: 0.02 }, key);
    expect([refused.status, refused.json.code]).toEqual([422, 'CONTROL_PLANE_IDEMPOTENCY_REUSED']);
    await plane.clock.advance(24 * 3_600_000);
    expect((await start(plane, { ...order, scale: 0.02 }, key)).status).toBe(202);
  });

  it('starts one test where the same request comes twice at once', async () => {
    await using plane = await startPlane();
    const both = await Promise.all([start(plane, order, key), start(plane, order, key)]);
    expect(both.map(({ status }) => status)).toEqual([202, 202]);
    expect(both[0]?.json.id).toBe(both[1]?.json.id);
    expect(await plane.store.tests.counts()).toEqual({ queued: 0, running: 1 });
  });

  it('gives the same test also where it could not be ordered anew', async () => {
    const limits = { ...defaultLimits, queuedMax: 1 };
    await using plane = await startPlane({ configuration: { limits } });
    await start(plane);
    await plane.runner.begun(0);
    const { id } = (await start(plane, order, key)).json;
    expect((await start(plane)).status).toBe(429);
    expect((await start(plane, order, key)).json.id).toBe(id);
  });

  it('survives a restart', async () => {
    const documents = createMemoryDocuments();
    const clock = createVirtualClock();
    const store = createMemoryStore(clock);
    await using plane = await startPlane({ documents, clock, store });
    const { id } = (await start(plane, order, key)).json;
    await (await plane.runner.begun(0)).finish('passed');
    await untilState(plane, id, 'finished');
    await using next = await startPlane({ documents, clock, store });
    const headers = { ...key, authorization: `Bearer ${plane.keys.operator}` };
    const again = await next.ask(undefined, 'POST', '/performance/tests', { body: order, headers });
    expect(again.json.id).toBe(id);
  });
});

describe('a restart', () => {
  let clock: VirtualClock;
  let store: ReturnType<typeof createMemoryStore>;
  let home: string;

  beforeEach(() => {
    clock = createVirtualClock();
    store = createMemoryStore(clock);
    home = mkdtempSync(join(tmpdir(), 'loadline-killed-'));
  });

  afterEach(() => rmSync(home, { recursive: true }));

  const restart = (): Promise<Plane> => startPlane({ clock, store, home });

  it('marks what was running as interrupted, with what was measured, and goes on with the queue', async () => {
    const first = killable(store);
    const plane = await startPlane({ clock, home, store: first.store });
    const { id } = (await start(plane)).json;
    const queued = (await start(plane)).json.id;
    const run = await plane.runner.begun(0);
    run.progress({ requests: 77 });
    await clock.advance(2000);
    first.kill();
    await using next = await restart();
    expect((await look(next, id)).json).toMatchObject({
      state: 'interrupted',
      reasons: ['The control plane was restarted while it ran.'],
      hasResults: false,
      progress: { requests: 77 },
    });
    expect((await next.runner.begun(0)).job.folder).toContain(queued);
    // The run's own process has noticed, and leaves its report a moment later.
    leaveReport(join(home, 'runs', id), 'interrupted');
    await clock.advance(500);
    const taken = await until(
      () => look(next, id),
      ({ json }) => json.hasResults,
    );
    expect(taken.json.state).toBe('interrupted');
    await until(
      async () => existsSync(join(home, 'runs', id)),
      (isThere) => !isThere,
    );
  });

  it('loses no result that was finished', async () => {
    const first = killable(store);
    const plane = await startPlane({ clock, home, store: first.store });
    const { id } = (await start(plane)).json;
    await plane.runner.begun(0);
    first.kill();
    leaveReport(join(home, 'runs', id), 'passed');
    await using next = await restart();
    const { json } = await look(next, id);
    expect(json).toMatchObject({ state: 'finished', verdict: 'passed', reasons: [], hasResults: true });
    expect(store.tests.figures.get(id)).toMatchObject({ testType: 'peak', durationSeconds: 2 });
  });

  it('takes the report of a test that others have meanwhile taken for dead', async () => {
    const first = killable(store);
    const plane = await startPlane({ clock, home, store: first.store });
    const { id } = (await start(plane)).json;
    await plane.runner.begun(0);
    first.kill();
    await using other = await startPlane({ clock, store });
    await clock.advance(60_000);
    expect((await look(other, id)).json).toMatchObject({ state: 'interrupted', hasResults: false });
    leaveReport(join(home, 'runs', id), 'passed');
    await using next = await restart();
    expect((await look(next, id)).json).toMatchObject({ state: 'finished', hasResults: true });
  });

  it('leaves no folder of what is over', async () => {
    const left = join(home, 'runs', 'of-nobody');
    mkdirSync(left, { recursive: true });
    await using _plane = await restart();
    expect(existsSync(left)).toBe(false);
  });

  it('that was asked for ends what runs as interrupted', async () => {
    const plane = await startPlane({ clock, store });
    const { id } = (await start(plane)).json;
    await plane.runner.begun(0);
    await plane[Symbol.asyncDispose]();
    expect(await store.tests.get(id)).toMatchObject({ state: 'interrupted', hasReport: true });
  });
});

describe('several control planes of one database', () => {
  it('share the queue: as many run as may in all, in order, and each sees how far all are', async () => {
    const clock = createVirtualClock();
    const store = createMemoryStore(clock);
    await using one = await startPlane({ clock, store });
    await using other = await startPlane({ clock, store });
    const ids = [];
    for (const plane of [one, other, one]) ids.push((await start(plane)).json.id);
    const run = await one.runner.begun(0);
    run.progress({ requests: 5 });
    await clock.advance(10_000);
    expect(other.runner.runs).toEqual([]);
    expect((await look(other, ids[0])).json).toMatchObject({ state: 'running', progress: { requests: 5 } });
    expect((await look(one, ids[2])).json.positionInQueue).toBe(2);
    await run.finish('passed');
    await untilState(other, ids[0], 'finished');
    await clock.advance(2000);
    const begun = await until(
      async () => [...one.runner.runs.slice(1), ...other.runner.runs],
      (runs) => runs.length > 0,
    );
    expect(begun.map(({ job }) => basename(job.folder))).toEqual([ids[1]]);
  });

  it('cancel what runs at another', async () => {
    const clock = createVirtualClock();
    const store = createMemoryStore(clock);
    await using one = await startPlane({ clock, store });
    await using other = await startPlane({ clock, store });
    const { id } = (await start(one)).json;
    const run = await one.runner.begun(0);
    expect((await cancel(other, id)).status).toBe(202);
    await clock.advance(2000);
    expect(run.signal.aborted).toBe(true);
    expect((await untilState(other, id, 'cancelled')).json.hasResults).toBe(true);
  });

  it('end what one of them has died with, but nothing of those that live', async () => {
    const clock = createVirtualClock();
    const store = createMemoryStore(clock);
    const limits = { ...defaultLimits, runningMax: 2 };
    const first = killable(store);
    const one = await startPlane({ clock, store: first.store, configuration: { limits } });
    const dead = (await start(one)).json.id;
    await one.runner.begun(0);
    first.kill();
    await using other = await startPlane({ clock, store, configuration: { limits } });
    const alive = (await start(other)).json.id;
    await other.runner.begun(0);
    await clock.advance(40_000);
    const { json } = await look(other, dead);
    expect(json.state).toBe('interrupted');
    expect(json.reasons[0]).toContain('not been heard of since');
    expect((await look(other, alive)).json.state).toBe('running');
    rmSync(one.home, { recursive: true });
  });

  it('go on while the database is away, and lose nothing', async () => {
    const clock = createVirtualClock();
    const store = createMemoryStore(clock);
    let isAway = false;
    const tests = new Proxy(store.tests, {
      get: (target, name) =>
        isAway ? async () => Promise.reject(new Error('away')) : Reflect.get(target, name),
    });
    await using plane = await startPlane({ clock, store: { ...store, tests } });
    const { id } = (await start(plane)).json;
    const run = await plane.runner.begun(0);
    isAway = true;
    await run.finish('passed');
    await clock.advance(60_000);
    expect(plane.composition.tests.counts.unremembered).toBeGreaterThan(10);
    expect(plane.log.filter((line) => line.includes('away'))).toHaveLength(1);
    isAway = false;
    // Its report is read from a real folder, so a beat of the virtual clock may come before it is there.
    const nextBeat = async (): Promise<Answer> => {
      await clock.advance(4000);
      return look(plane, id);
    };
    const ended = await until(nextBeat, ({ json }) => json.state === 'finished');
    expect(ended.json).toMatchObject({ verdict: 'passed' });
  });
});
