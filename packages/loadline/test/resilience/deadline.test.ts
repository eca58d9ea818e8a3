import fc from 'fast-check';
import { createVirtualClock } from 'loadline/base';
import {
  deadlineHeader,
  deadlineHeaders,
  protect,
  readDeadlineHeader,
  startDeadline,
  writeDeadlineHeader,
} from 'loadline/resilience';
import { describe, expect, it } from 'vitest';

describe('the header of a deadline', () => {
  it('says never more than is left, and at most a millisecond less', () => {
    fc.assert(
      fc.property(fc.double({ min: -10, max: 1e9, maxExcluded: true, noNaN: true }), (leftMs) => {
        const told = readDeadlineHeader(writeDeadlineHeader(leftMs));
        expect(told).toBeLessThanOrEqual(Math.max(0, leftMs));
        expect(told).toBeGreaterThan(leftMs - 1);
      }),
    );
  });

  it('is not there for a time without an end', () => {
    for (const leftMs of [Number.POSITIVE_INFINITY, 1e9, Number.NaN])
      expect(writeDeadlineHeader(leftMs)).toBeUndefined();
    expect(deadlineHeaders(undefined)).toEqual({});
    expect(deadlineHeaders(startDeadline(Number.POSITIVE_INFINITY))).toEqual({});
  });

  it('says nothing where it is no whole number of milliseconds', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...'0123456789.-+e x') }), (text) => {
        const read = readDeadlineHeader(text);
        expect(read === undefined || (/^\d{1,9}$/.test(text) && read === Number(text))).toBe(true);
      }),
    );
    for (const text of ['', ' 5', '5 ', '-1', '1.5', '1e3', '0x10', '5, 7', '5000m', '9999999999'])
      expect(readDeadlineHeader(text)).toBeUndefined();
  });
});

describe('startDeadline()', () => {
  it('tells what is left, and aborts when that is nothing', async () => {
    const clock = createVirtualClock();
    const deadline = startDeadline(200, { clock });
    await clock.advance(150);
    expect([deadline.remainingMs(), deadline.signal.aborted]).toEqual([50, false]);
    expect(deadlineHeaders(deadline)).toEqual({ [deadlineHeader]: '50' });
    await clock.advance(50);
    expect([deadline.remainingMs(), deadline.signal.aborted]).toEqual([0, true]);
    expect(deadline.signal.reason).toMatchObject({ code: 'RESILIENCE_DEADLINE', facts: { limitMs: 200 } });
    expect(startDeadline(0, { clock }).signal.aborted).toBe(true);
  });

  it('leaves no timer behind when the work has ended, and aborts then only with a reason', async () => {
    const clock = createVirtualClock();
    const [done, gone, later] = [1, 2, 3].map(() => startDeadline(200, { clock }));
    const signals = [done, gone].map((each) => each?.signal);
    done?.end();
    gone?.end(new Error('gone'));
    later?.end(new Error('gone'));
    await clock.advance(1000);
    expect(signals.map((signal) => signal?.aborted)).toEqual([false, true]);
    expect(signals[1]?.reason).toMatchObject({ message: 'gone' });
    expect([later?.signal.aborted, later?.remainingMs()]).toEqual([true, 0]);
  });

  it('bounds calls within it, which hand on what is then left of the shorter one', async () => {
    const clock = createVirtualClock();
    const within = startDeadline(300, { clock });
    const calls = protect({ clock, timeLimitMs: 250 });
    const told = (): Promise<unknown> => calls.run(async (deadline) => deadlineHeaders(deadline), { within });
    expect(await told()).toEqual({ [deadlineHeader]: '250' });
    await clock.advance(100);
    expect(await told()).toEqual({ [deadlineHeader]: '200' });
    const hanging = calls.run(() => new Promise(() => undefined), { within });
    const outcome = expect(hanging).rejects.toMatchObject({ code: 'RESILIENCE_DEADLINE' });
    await clock.advance(250);
    await outcome;
    // What nobody waits for is not begun.
    await expect(told()).rejects.toMatchObject({ code: 'RESILIENCE_DEADLINE' });
  });
});
