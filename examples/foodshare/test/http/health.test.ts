import Fastify from 'fastify';
import { expect, it } from 'vitest';
import type { Reach } from '../../src/ground/reach.ts';
import { answerHealth, createReachHealth } from '../../src/http/health.ts';

/** Servers that answer when the test says so, and count how often they were asked. */
function createServers() {
  const answer: { database: PromiseWithResolvers<unknown>; asked: number; requests: number } = {
    database: Promise.withResolvers(),
    asked: 0,
    requests: 0,
  };
  const probe = {
    query: () => {
      answer.asked++;
      return answer.database.promise;
    },
  };
  const reach = { probe, valkey: { ping: async () => undefined } } as unknown as Reach;
  const app = Fastify();
  app.addHook('preHandler', async () => {
    answer.requests++;
  });
  answerHealth(app, createReachHealth(reach));
  return { answer, ready: async () => (await app.inject('/health/ready')).statusCode };
}

it('asks the database once for everybody who wants to know at the same time', async () => {
  const { answer, ready } = createServers();
  const asking = Promise.all(Array.from({ length: 40 }, ready));
  await expect.poll(() => answer.requests).toBe(40);
  answer.database.resolve(undefined);
  expect(new Set(await asking)).toEqual(new Set([200]));
  expect(answer.asked).toBe(1);
});

it('asks anew once the answer is there, good or bad', async () => {
  const { answer, ready } = createServers();
  answer.database.resolve(undefined);
  expect(await ready()).toBe(200);
  answer.database = Promise.withResolvers();
  answer.database.reject(new Error('gone'));
  expect(await ready()).toBe(503);
  answer.database = Promise.withResolvers();
  answer.database.resolve(undefined);
  expect(await ready()).toBe(200);
  expect(answer.asked).toBe(3);
});
