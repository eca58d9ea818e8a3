import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { createVirtualClock } from 'loadline/base';
import { describe, expect, it } from 'vitest';
import { defaultLimits } from '../../src/configuration.ts';
import { createMemoryDocuments } from '../../src/memory/index.ts';
import { FakeRunner, leaveReport } from '../fake-runner.ts';
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
    await plane.clock.advance(defaultLimits.durationMsMax);
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
    expect((await look(plane, ids[0] as string)).status).toBe(404);
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
    expect(both.map(({ status }) => status).toSorted()).toEqual([202, 409]);
  });

  it('survives a restart', async () => {
    const documents = createMemoryDocuments();
    const clock = createVirtualClock();
    await using plane = await startPlane({ documents, clock });
    const { id } = (await start(plane, order, key)).json;
    await (await plane.runner.begun(0)).finish('passed');
    await untilState(plane, id, 'finished');
    await using next = await startPlane({ documents, clock, home: plane.home });
    const headers = { ...key, authorization: `Bearer ${plane.keys.operator}` };
    const again = await next.ask(undefined, 'POST', '/performance/tests', { body: order, headers });
    expect(again.json.id).toBe(id);
  });
});

describe('a restart', () => {
  it('marks what was running as interrupted, with what was measured, and goes on with the queue', async () => {
    const documents = createMemoryDocuments();
    const clock = createVirtualClock();
    await using plane = await startPlane({ documents, clock });
    const { id } = (await start(plane)).json;
    const queued = (await start(plane)).json.id;
    const run = await plane.runner.begun(0);
    await clock.advance(10_000);
    run.progress({ requests: 77 });
    await until(
      async () => JSON.stringify(await documents.list('test')),
      (kept) => kept.includes('77'),
    );
    // Killed: nobody says goodbye, and another takes up the same files.
    await using next = await startPlane({ documents, clock, home: plane.home, runner: new FakeRunner() });
    expect((await look(next, id)).json).toMatchObject({
      state: 'interrupted',
      hasResults: false,
      progress: { requests: 77 },
    });
    expect((await next.runner.begun(0)).job.folder).toContain(queued);
    // The run's own process has noticed, and leaves its report a moment later.
    await leaveReport(join(plane.home, 'runs', id), 'interrupted');
    await clock.advance(500);
    const taken = await until(
      () => look(next, id),
      ({ json }) => json.hasResults,
    );
    expect(taken.json.state).toBe('interrupted');
  });

  it('loses no result that was finished', async () => {
    const documents = createMemoryDocuments();
    const clock = createVirtualClock();
    await using plane = await startPlane({ documents, clock });
    const { id } = (await start(plane)).json;
    await plane.runner.begun(0);
    await leaveReport(join(plane.home, 'runs', id), 'passed');
    await using next = await startPlane({ documents, clock, home: plane.home, runner: new FakeRunner() });
    expect((await look(next, id)).json).toMatchObject({
      state: 'finished',
      verdict: 'passed',
      hasResults: true,
    });
  });

  it('that was asked for ends what runs as interrupted', async () => {
    const documents = createMemoryDocuments();
    const plane = await startPlane({ documents });
    const { id } = (await start(plane)).json;
    await plane.runner.begun(0);
    await plane[Symbol.asyncDispose]();
    const [kept] = await documents.list('test');
    expect(kept?.body).toMatchObject({ id, state: 'interrupted', hasResults: true });
  });
});
