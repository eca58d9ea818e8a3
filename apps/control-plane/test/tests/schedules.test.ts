import { createVirtualClock } from 'loadline/base';
import { describe, expect, it } from 'vitest';
import { defaultLimits } from '../../src/configuration.ts';
import { createMemoryDocuments } from '../../src/memory/index.ts';
import { createMemoryStore } from '../memory-store.ts';
import { type Answer, type Plane, startPlane, until, untilState } from '../plane.ts';

const test = { target: 'http://127.0.0.1:9', profile: 'peak', scale: 0.001 };
const nightly = { name: 'nightly', cron: '0 3 * * *', test };

const create = (plane: Plane, body: unknown): Promise<Answer> =>
  plane.ask('operator', 'POST', '/performance/schedules', { body });
const list = async (plane: Plane) => (await plane.ask('viewer', 'GET', '/performance/schedules')).json.items;

const hourly = { ...nightly, name: 'hourly', cron: '0 * * * *' };

const hourMs = 3_600_000;

describe('a schedule', () => {
  it('starts its test at its time, each time once', async () => {
    await using plane = await startPlane();
    const made = await create(plane, hourly);
    expect(made.status, made.text).toBe(201);
    expect(made.json.nextAt).toBe('2026-01-01T01:00:00.000Z');
    await plane.clock.advance(hourMs - 1);
    expect(plane.runner.runs).toHaveLength(0);
    await plane.clock.advance(1);
    await (await plane.runner.begun(0)).finish('passed');
    const [schedule] = await until(
      () => list(plane),
      ([each]) => each.lastTestId !== undefined,
    );
    await untilState(plane, schedule.lastTestId, 'finished');
    expect(schedule).toMatchObject({ nextAt: '2026-01-01T02:00:00.000Z', skipped: 0 });
    const started = await plane.ask('viewer', 'GET', `/performance/tests/${schedule.lastTestId}`);
    expect(started.json).toMatchObject({ scheduleId: made.json.id, startedBy: 'schedule' });
    await plane.clock.advance(hourMs);
    await plane.runner.begun(1);
    expect(plane.runner.runs).toHaveLength(2);
  });

  it('follows its time zone', async () => {
    await using plane = await startPlane();
    const made = await create(plane, { ...nightly, timezone: 'America/New_York' });
    expect(made.json.nextAt).toBe('2026-01-01T08:00:00.000Z');
  });

  it('survives a restart, and does not make up for what was missed', async () => {
    const documents = createMemoryDocuments();
    const clock = createVirtualClock();
    {
      await using plane = await startPlane({ documents, clock });
      await create(plane, nightly);
    }
    await clock.advance(50 * hourMs);
    await using plane = await startPlane({ documents, clock });
    expect((await list(plane))[0].nextAt).toBe('2026-01-03T03:00:00.000Z');
    expect(plane.runner.runs).toHaveLength(0);
  });

  it('is one of all control planes of a database, which start its test once between them', async () => {
    const clock = createVirtualClock();
    const shared = { documents: createMemoryDocuments(), clock, store: createMemoryStore(clock) };
    const configuration = { databaseUrl: 'postgresql://shared/loadline' };
    await using plane = await startPlane({ ...shared, configuration });
    await using other = await startPlane({ ...shared, configuration });
    const { id } = (await create(plane, hourly)).json;
    await clock.advance(5000);
    expect(await list(other)).toMatchObject([{ id }]);
    await clock.advance(hourMs);
    for (const each of [plane, other])
      await until(
        () => list(each),
        ([schedule]) => schedule.lastTestId !== undefined,
      );
    expect(await list(plane)).toMatchObject([{ skipped: 0 }]);
    expect(await list(other)).toEqual(await list(plane));
    const { items } = (await other.ask('viewer', 'GET', '/performance/tests/history')).json;
    expect(items).toMatchObject([{ scheduleId: id }]);
    await other.ask('operator', 'DELETE', `/performance/schedules/${id}`);
    await clock.advance(5000);
    expect(await list(plane)).toEqual([]);
  });

  it('comes again after a time at which nothing could be written down', async () => {
    const documents = createMemoryDocuments();
    await using plane = await startPlane({ documents });
    await create(plane, hourly);
    const { put } = documents;
    documents.put = () => Promise.reject(new Error('away'));
    await plane.clock.advance(hourMs);
    await (await plane.runner.begun(0)).finish('passed');
    documents.put = put;
    await plane.clock.advance(hourMs);
    await plane.runner.begun(1);
    expect(plane.runner.runs).toHaveLength(2);
  });

  it('never loads production', async () => {
    await using plane = await startPlane();
    const production = { ...test, target: 'http://127.0.0.99:9' };
    for (const wish of [production, { ...production, production: '127.0.0.99' }]) {
      const refused = await create(plane, { ...nightly, test: wish });
      expect([refused.status, refused.json.code]).toEqual([422, 'CONTROL_PLANE_PRODUCTION']);
      expect(refused.json.detail).toBe('A schedule never loads production.');
      expect(refused.json.errors[0].pointer).toMatch(/^\/test\/(target|production)$/);
    }
  });

  it('tells what is wrong with its test, with the place in its own body', async () => {
    await using plane = await startPlane();
    const refused = await create(plane, { ...nightly, test: { profile: 'peek' } });
    expect([refused.status, refused.json.detail]).toEqual([
      422,
      'There are 2 mistakes, the first: /test/profile names no test of the file: "peek"; did you mean peak?',
    ]);
    expect(refused.json.errors).toMatchObject([
      { pointer: '/test/profile' },
      { pointer: '/test/target', detail: 'is missing: say what to load, like http://127.0.0.1:8080' },
    ]);
  });

  it.each([
    [{ cron: 'every day' }, '/cron'],
    [{ cron: '* * * * * *' }, '/cron'],
    [{ cron: '99 * * * *' }, '/cron'],
    [{ timezone: 'Mars/Base' }, '/timezone'],
    [{ test: { profile: 3 } }, '/test/profile'],
  ])('is refused as %j', async (change, pointer) => {
    await using plane = await startPlane();
    const refused = await create(plane, { ...nightly, ...change });
    expect(refused.status).toBe(400);
    expect(refused.json.errors[0].pointer).toBe(pointer);
  });

  it('is refused with what is wrong in its times, all at once', async () => {
    await using plane = await startPlane();
    const refused = await create(plane, { ...nightly, cron: '0 25 * * *', timezone: 'Europe/Berln' });
    expect(refused.json.errors.map(({ pointer }: { pointer: string }) => pointer)).toEqual([
      '/timezone',
      '/cron',
    ]);
    expect(refused.json.detail).toMatch(/^\/timezone is no .*; \/cron is no .*\.$/);
  });

  it('counts what could not be queued, and says why', async () => {
    await using plane = await startPlane({ configuration: { limits: { ...defaultLimits, queuedMax: 1 } } });
    await create(plane, hourly);
    for (let count = 0; count < 2; count++)
      await plane.ask('operator', 'POST', '/performance/tests', { body: test });
    await plane.clock.advance(hourMs);
    const [schedule] = await until(
      () => list(plane),
      ([each]) => each.skipped > 0,
    );
    expect(schedule).toMatchObject({ skipped: 1, lastProblem: '1 tests are queued already.' });
  });

  it('is deleted', async () => {
    await using plane = await startPlane();
    const { id } = (await create(plane, hourly)).json;
    expect((await plane.ask('operator', 'DELETE', `/performance/schedules/${id}`)).status).toBe(204);
    expect((await plane.ask('operator', 'DELETE', `/performance/schedules/${id}`)).status).toBe(404);
    await plane.clock.advance(hourMs);
    expect(plane.runner.runs).toHaveLength(0);
  });
});
