import { createRandom, createVirtualClock } from 'loadline/base';
import { describe, expect, it } from 'vitest';
import { Delivery } from '../../../src/metrics/exporters/delivery.ts';
import { parseDestination } from '../../../src/metrics/exporters/destination.ts';
import type { PostReply } from '../../../src/metrics/exporters/post.ts';

const destination = parseDestination({ url: 'http://receiver.test' }, { path: '/in', own: {} });
const toReceiver = 'Could not send metrics to http://receiver.test/in:';

/** A delivery in virtual time, to a receiver that is a function. */
function setUp(answer: (attempt: number, signal: AbortSignal) => Promise<number>) {
  const clock = createVirtualClock();
  const attempts: { readonly atMs: number; readonly text: string }[] = [];
  let isClosed = false;
  const delivery = new Delivery({
    destination,
    clock,
    random: createRandom(1),
    poster: {
      async post(body, signal): Promise<PostReply> {
        attempts.push({ atMs: clock.monotonicMs(), text: Buffer.from(body).toString() });
        const status = await answer(attempts.length, signal);
        return { status, contentType: '', retryAfter: undefined, body: Buffer.alloc(0) };
      },
      close: () => {
        isClosed = true;
      },
    },
    pack: async (body) => body,
    isPassing: (status) => status === 503,
  });
  const offer = (text: string, points = 1): void => delivery.offer({ body: Buffer.from(text), points });
  return { clock, attempts, delivery, offer, isClosed: () => isClosed };
}

/** An answer that never comes, but ends when it is told to. */
function never(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
}

describe('Delivery', () => {
  it('carries parcels one at a time, in their order', async () => {
    const { clock, attempts, delivery, offer } = setUp(async () => 200);
    for (const text of ['a', 'b', 'c']) offer(text, 10);
    await clock.advance(0);
    expect(attempts.map(({ text }) => text)).toEqual(['a', 'b', 'c']);
    expect(delivery.report()).toMatchObject({ requestsSent: 3, pointsSent: 30, lastProblem: undefined });
  });

  it('waits twice as long after each failure, and drops after six', async () => {
    const { clock, attempts, delivery, offer } = setUp(async () => 503);
    offer('a', 10);
    await clock.advance(60_000);
    const gaps = attempts.slice(1).map(({ atMs }, at) => atMs - (attempts[at]?.atMs ?? 0));
    expect(gaps).toHaveLength(5);
    for (const [at, gapMs] of gaps.entries()) {
      expect(gapMs).toBeGreaterThanOrEqual(125 * 2 ** at);
      expect(gapMs).toBeLessThanOrEqual(250 * 2 ** at);
    }
    expect(delivery.report()).toMatchObject({
      retries: 5,
      pointsDropped: 10,
      pointsSent: 0,
      lastProblem: `${toReceiver} it answered 503.`,
    });
    expect(clock.pending).toBe(0);
  });

  it('starts with the next parcel where one was dropped', async () => {
    const { clock, delivery, offer } = setUp(async (attempt) => (attempt <= 6 ? 503 : 200));
    offer('a', 10);
    offer('b', 1);
    await clock.advance(60_000);
    expect(delivery.report()).toMatchObject({ pointsDropped: 10, pointsSent: 1, requestsSent: 1 });
  });

  it('gives up an answer after ten seconds', async () => {
    const { clock, attempts, delivery, offer } = setUp((attempt, signal) =>
      attempt === 1 ? never(signal) : Promise.resolve(200),
    );
    offer('a');
    await clock.advance(9999);
    expect(attempts).toHaveLength(1);
    await clock.advance(1000);
    expect(delivery.report()).toMatchObject({
      pointsSent: 1,
      retries: 1,
      lastProblem: `${toReceiver} it gave no answer within 10000 ms.`,
    });
  });

  it('drops the oldest when two minutes of parcels wait', async () => {
    const { clock, attempts, delivery, offer } = setUp((attempt, signal) =>
      attempt === 1 ? never(signal) : Promise.resolve(200),
    );
    for (let at = 0; at < 125; at++) offer(String(at));
    expect(delivery.report()).toMatchObject({
      pointsDropped: 4,
      lastProblem: `${toReceiver} the queue was full.`,
    });
    await clock.advance(20_000);
    expect(attempts.slice(1).map(({ text }) => text)).toEqual([
      '0',
      ...Array.from({ length: 120 }, (_, at) => String(at + 5)),
    ]);
    expect(delivery.report()).toMatchObject({ pointsSent: 121, pointsDropped: 4 });
  });

  it('holds at most 32 MB', async () => {
    const { delivery, offer } = setUp((_, signal) => never(signal));
    const tenth = 'x'.repeat(3.3e6);
    for (let at = 0; at < 15; at++) offer(tenth);
    expect(delivery.report().pointsDropped).toBe(4);
  });

  it('sends what waits before it closes', async () => {
    const { clock, delivery, offer, isClosed } = setUp(async (attempt) => (attempt === 1 ? 503 : 200));
    offer('a');
    offer('b');
    const closing = delivery.close(5000);
    await clock.advance(1000);
    await closing;
    expect(delivery.report()).toMatchObject({ pointsSent: 2, pointsDropped: 0, retries: 1 });
    expect(isClosed()).toBe(true);
    expect(clock.pending).toBe(0);
  });

  it('closes in time when nobody answers, and drops the rest', async () => {
    const { clock, delivery, offer, isClosed } = setUp((_, signal) => never(signal));
    offer('a', 2);
    offer('b', 3);
    const closing = delivery.close(5000);
    await clock.advance(4999);
    expect(isClosed()).toBe(false);
    await clock.advance(1);
    await closing;
    expect(delivery.report()).toMatchObject({ pointsSent: 0, pointsDropped: 5 });
    expect(isClosed()).toBe(true);
    expect(clock.pending).toBe(0);
  });

  it('drops what comes after the end', async () => {
    const { delivery, offer, attempts } = setUp(async () => 200);
    await delivery.close(5000);
    offer('late');
    expect(attempts).toEqual([]);
    expect(delivery.report()).toMatchObject({
      pointsDropped: 1,
      lastProblem: `${toReceiver} they came after the end.`,
    });
  });
});
