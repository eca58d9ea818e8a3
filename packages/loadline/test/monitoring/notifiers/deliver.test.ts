import { createRandom, createVirtualClock } from 'loadline/base';
import { describe, expect, it } from 'vitest';
import { backoffMs } from '../../../src/monitoring/notifiers/backoff.ts';
import { deliver } from '../../../src/monitoring/notifiers/deliver.ts';
import type { PostReply } from '../../../src/monitoring/notifiers/post.ts';

/** A delivery in virtual time to a receiver that is a function. */
function setUp(answer: (attempt: number) => number | PostReply | Promise<never>) {
  const clock = createVirtualClock();
  const attemptsAtMs: number[] = [];
  const abort = new AbortController();
  const done = deliver(
    async () => {
      attemptsAtMs.push(clock.monotonicMs());
      const reply = await answer(attemptsAtMs.length);
      return typeof reply === 'number' ? { status: reply, retryAfter: undefined } : reply;
    },
    { name: 'http://receiver.test', clock, random: createRandom(1), timeoutMs: 10_000, signal: abort.signal },
  );
  const outcome = done.then(
    () => 'delivered',
    (error: Error) => String(error),
  );
  return { clock, attemptsAtMs, abort, outcome };
}

const refusal = (code: string) =>
  Promise.reject(Object.assign(new Error('to 10.0.0.1 with s3cret'), { code }));

describe('deliver()', () => {
  it.each([408, 429, 500, 503])(
    'tries again after 1, 2, 4, 8 and 16 seconds where it is answered %d',
    async (status) => {
      const { clock, attemptsAtMs, outcome } = setUp(() => status);
      await clock.advance(60_000);
      const gaps = attemptsAtMs.slice(1).map((atMs, at) => atMs - (attemptsAtMs[at] as number));
      expect(gaps).toHaveLength(5);
      for (const [at, gapMs] of gaps.entries()) {
        expect(gapMs).toBeGreaterThanOrEqual(1000 * 2 ** at);
        expect(gapMs).toBeLessThanOrEqual(1250 * 2 ** at);
      }
      expect(await outcome).toBe(
        `MONITORING_DELIVERY_FAILED: Could not notify http://receiver.test in 6 attempts: it answered ${status}. Check that it runs and can be reached from here.`,
      );
      expect(clock.pending).toBe(0);
    },
  );

  it.each([200, 202, 299])('is done with %d', async (status) => {
    const { outcome, attemptsAtMs } = setUp(() => status);
    expect([await outcome, attemptsAtMs]).toEqual(['delivered', [0]]);
  });

  it.each([301, 302, 307, 400, 401, 404, 410, 413, 422])('does not try again after %d', async (status) => {
    const { outcome, attemptsAtMs } = setUp(() => status);
    expect(await outcome).toMatch(
      `MONITORING_DELIVERY_REFUSED: Could not notify http://receiver.test: it answered ${status}.`,
    );
    expect(attemptsAtMs).toHaveLength(1);
  });

  it('ends as soon as an attempt goes well', async () => {
    const { clock, outcome, attemptsAtMs } = setUp((attempt) => (attempt < 3 ? 503 : 200));
    await clock.advance(10_000);
    expect([await outcome, attemptsAtMs.length]).toEqual(['delivered', 3]);
  });

  it('tries again where no connection or no answer comes, and names no more than the fault', async () => {
    const { clock, outcome, attemptsAtMs } = setUp((attempt) =>
      attempt % 2 === 0 ? refusal('ECONNREFUSED') : new Promise<never>(() => {}),
    );
    await clock.advance(120_000);
    expect(attemptsAtMs).toHaveLength(6);
    expect(await outcome).toContain('the connection failed (ECONNREFUSED)');
    expect(await outcome).not.toContain('s3cret');
  });

  it('waits for as long as the receiver asks, up to a minute', async () => {
    const { clock, attemptsAtMs } = setUp((attempt) => ({
      status: 429,
      retryAfter: attempt === 1 ? '20' : '86400',
    }));
    await clock.advance(100_000);
    expect(attemptsAtMs).toEqual([0, 20_000, 80_000]);
  });

  it('ends at once when it is told to', async () => {
    const { clock, outcome, abort, attemptsAtMs } = setUp(() => 503);
    await clock.advance(1500);
    abort.abort(new Error('closed'));
    expect(await outcome).toBe('Error: closed');
    expect([attemptsAtMs.length, clock.pending]).toEqual([2, 0]);
  });

  it('says that it was told to end, and not that nobody answered, in its last attempt too', async () => {
    const { clock, outcome, abort, attemptsAtMs } = setUp((attempt) =>
      attempt < 6 ? 503 : new Promise<never>(() => {}),
    );
    while (attemptsAtMs.length < 6) await clock.advance(1000);
    abort.abort(new Error('closed'));
    expect(await outcome).toBe('Error: closed');
  });
});

describe('backoffMs()', () => {
  const options = { nowMs: Date.UTC(2026, 0, 1), random: () => 0 };

  it.each([
    [undefined, 1000],
    ['0', 1000],
    ['7', 7000],
    ['soon', 1000],
    ['-5', 1000],
    ['Thu, 01 Jan 2026 00:00:09 GMT', 9000],
    ['Wed, 31 Dec 2025 00:00:00 GMT', 1000],
  ])('after Retry-After %j is %d', (retryAfter, waitMs) => {
    expect(backoffMs(1, { ...options, retryAfter })).toBe(waitMs);
  });

  it('is up to a quarter longer than it must be, but not than who asks for it', () => {
    const later = { ...options, random: () => 1 };
    expect(backoffMs(3, { ...later, retryAfter: undefined })).toBe(5000);
    expect(backoffMs(1, { ...later, retryAfter: '9' })).toBe(9000);
  });
});
