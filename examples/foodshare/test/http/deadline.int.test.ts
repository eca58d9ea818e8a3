import type { AddressInfo } from 'node:net';
import { type StartedPostgres, startPostgres } from '@loadline/local-stack';
import Fastify from 'fastify';
import { createVirtualClock } from 'loadline/base';
import { createPostgres } from 'loadline/postgres';
import { deadlineHeader } from 'loadline/resilience';
import { createAdmission } from 'loadline/traffic';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { inTime, knowDeadlines } from '../../src/http/deadline.ts';
import { answerProblems } from '../../src/http/problem-answers.ts';

let server: StartedPostgres;

beforeAll(async () => {
  server = await startPostgres();
});

afterAll(() => server.stop());

const note = { text: 'INSERT INTO asked VALUES ($1)' };

/** A service in which every request works for as long as the test says before it asks for more. */
async function start() {
  const clock = createVirtualClock();
  const postgres = createPostgres({ url: server.url, connectionsMax: 1 });
  await postgres.query({ text: 'DROP TABLE IF EXISTS asked' });
  await postgres.query({ text: 'CREATE TABLE asked (what text)' });
  const database = inTime(postgres);
  const working: (() => void)[] = [];
  const work = (): Promise<void> => new Promise((resolve) => working.push(resolve));
  const app = Fastify();
  app.setErrorHandler(answerProblems);
  app.register(createAdmission({ clock }).fastify());
  app.register(async (scope) => {
    knowDeadlines(scope);
    scope.post('/query', async () => {
      await work();
      await database.query(note, ['one']);
      return 'done';
    });
    scope.post('/for-all', async () => {
      await work();
      await database.query(note, ['for all'], { within: undefined });
      return 'done';
    });
    scope.post('/transaction', async () => {
      await database.transaction(async (transaction) => {
        await transaction.query(note, ['one']);
        await work();
        await transaction.query(note, ['two']);
      });
      return 'done';
    });
  });
  await app.listen({ port: 0, host: '127.0.0.1' });
  const { port } = app.server.address() as AddressInfo;
  return {
    clock,
    postgres,
    /** What the database has kept of what it was asked. */
    async asked(): Promise<string[]> {
      const { rows } = await postgres.query<{ what: string }>({ text: 'SELECT what FROM asked' });
      return rows.map(({ what }) => what);
    },
    /** Asks, and lets time pass while the request is worked on. */
    async ask(path: string, { leftMs, tookMs }: { readonly leftMs?: number; readonly tookMs: number }) {
      const headers = {
        'content-type': 'application/json',
        ...(leftMs === undefined ? {} : { [deadlineHeader]: String(leftMs) }),
      };
      const answering = fetch(`http://127.0.0.1:${port}${path}`, { method: 'POST', headers, body: '{}' });
      await expect.poll(() => working.length).toBe(1);
      await clock.advance(tookMs);
      working.pop()?.();
      const answer = await answering;
      return { status: answer.status, body: await answer.text() };
    },
    async [Symbol.asyncDispose]() {
      await app.close();
      await postgres.close();
    },
  };
}

it('asks the database nothing for a request whose time is over, and answers 504', async () => {
  await using service = await start();
  const answer = await service.ask('/query', { leftMs: 100, tookMs: 100 });
  expect([answer.status, await service.asked()]).toEqual([504, []]);
  expect(JSON.parse(answer.body)).toMatchObject({
    type: 'urn:foodshare:problem:overdue',
    instance: '/query',
  });
});

it('asks it for one that has time left, or has said nothing of time', async () => {
  await using service = await start();
  expect(await service.ask('/query', { leftMs: 100, tookMs: 99 })).toEqual({ status: 200, body: 'done' });
  expect(await service.ask('/query', { tookMs: 1_000_000 })).toEqual({ status: 200, body: 'done' });
  expect(await service.asked()).toEqual(['one', 'one']);
});

it('rolls a transaction back in the middle of which time is over', async () => {
  await using service = await start();
  expect(await service.ask('/transaction', { leftMs: 100, tookMs: 100 })).toMatchObject({ status: 504 });
  expect(await service.asked()).toEqual([]);
});

it('answers 504 as soon as time is over to one that waits for a connection, and never asks', async () => {
  await using service = await start();
  const { promise: told, resolve: giveBack } = Promise.withResolvers<void>();
  const holding = service.postgres.transaction(() => told);
  await expect.poll(() => service.postgres.usage.connections - service.postgres.usage.idle).toBe(1);
  const asking = service.ask('/query', { leftMs: 100, tookMs: 50 });
  await expect.poll(() => service.postgres.usage.waiting).toBe(1);
  await service.clock.advance(50);
  expect(await asking).toMatchObject({ status: 504 });
  giveBack();
  await holding;
  expect(await service.asked()).toEqual([]);
});

it('goes on with what is not only for whoever asked', async () => {
  await using service = await start();
  await service.ask('/for-all', { leftMs: 100, tookMs: 100 });
  expect(await service.asked()).toEqual(['for all']);
});
