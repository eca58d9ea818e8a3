import type { AddressInfo } from 'node:net';
import Fastify from 'fastify';
import { createVirtualClock } from 'loadline/base';
import type { Postgres, Queryable } from 'loadline/postgres';
import { deadlineHeader } from 'loadline/resilience';
import { createAdmission } from 'loadline/traffic';
import { expect, it } from 'vitest';
import { inTime, knowDeadlines } from '../../src/http/deadline.ts';
import { answerProblems } from '../../src/http/problem-answers.ts';

/** A database that writes down what it is asked, and does nothing. */
function createNotedPostgres() {
  const asked: string[] = [];
  const queryable: Queryable = {
    async query({ text }) {
      asked.push(text);
      return { rows: [], rowCount: 0 };
    },
  };
  const transaction: Postgres['transaction'] = async (work) => {
    asked.push('begin');
    try {
      const value = await work(queryable);
      asked.push('commit');
      return value;
    } catch (error) {
      asked.push('rollback');
      throw error;
    }
  };
  return { asked, postgres: { ...queryable, transaction } as Postgres };
}

/** A service in which every request works for as long as the test says before it asks for more. */
async function start() {
  const clock = createVirtualClock();
  const { asked, postgres } = createNotedPostgres();
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
      await database.query({ text: 'one' });
      return 'done';
    });
    scope.post('/transaction', async () => {
      await database.transaction(async (transaction) => {
        await transaction.query({ text: 'one' });
        await work();
        await transaction.query({ text: 'two' });
      });
      return 'done';
    });
  });
  await app.listen({ port: 0, host: '127.0.0.1' });
  const { port } = app.server.address() as AddressInfo;
  return {
    asked,
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
    [Symbol.asyncDispose]: () => app.close(),
  };
}

it('asks the database nothing for a request whose time is over, and answers 504', async () => {
  await using service = await start();
  const answer = await service.ask('/query', { leftMs: 100, tookMs: 100 });
  expect([answer.status, service.asked]).toEqual([504, []]);
  expect(JSON.parse(answer.body)).toMatchObject({
    type: 'urn:foodshare:problem:overdue',
    instance: '/query',
  });
});

it('asks it for one that has time left, or has said nothing of time', async () => {
  await using service = await start();
  expect(await service.ask('/query', { leftMs: 100, tookMs: 99 })).toEqual({ status: 200, body: 'done' });
  expect(await service.ask('/query', { tookMs: 1_000_000 })).toEqual({ status: 200, body: 'done' });
  expect(service.asked).toEqual(['one', 'one']);
});

it('rolls a transaction back in the middle of which time is over', async () => {
  await using service = await start();
  expect(await service.ask('/transaction', { leftMs: 100, tookMs: 100 })).toMatchObject({ status: 504 });
  expect(service.asked).toEqual(['begin', 'one', 'rollback']);
});
