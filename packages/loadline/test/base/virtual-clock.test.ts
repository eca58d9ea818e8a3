import fc from 'fast-check';
import { createVirtualClock, sleep } from 'loadline/base';
import { describe, expect, it } from 'vitest';

describe('a virtual clock', () => {
  it('fires timers in the order of their due time, and of their setting where that is equal', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: 0, max: 20 }), { maxLength: 40 }), async (delays) => {
        const clock = createVirtualClock();
        const fired: number[] = [];
        for (const [index, delayMs] of delays.entries()) clock.setTimer(() => fired.push(index), delayMs);
        await clock.runUntilIdle();
        const expected = delays.map((delayMs, index) => ({ delayMs, index }));
        expected.sort((a, b) => a.delayMs - b.delayMs || a.index - b.index);
        expect(fired).toEqual(expected.map(({ index }) => index));
        expect(clock.pending).toBe(0);
      }),
      { numRuns: 50 },
    );
  });

  it('shows each callback the time at which it was due', async () => {
    const clock = createVirtualClock(1000);
    const seen: number[] = [];
    for (const delayMs of [30, 10, 20]) clock.setTimer(() => seen.push(clock.monotonicMs()), delayMs);
    await clock.advance(25);
    expect(seen).toEqual([10, 20]);
    expect([clock.monotonicMs(), clock.now(), clock.pending]).toEqual([25, 1025, 1]);
  });

  it('never fires a cancelled timer, and cancelling twice does nothing', async () => {
    const clock = createVirtualClock();
    let fired = 0;
    const timers = Array.from({ length: 100 }, (_, at) => clock.setTimer(() => fired++, at % 7));
    for (const [index, timer] of timers.entries()) if (index % 3 === 0) timer.cancel();
    timers[0]?.cancel();
    await clock.runUntilIdle();
    expect(fired).toBe(66);
    timers[1]?.cancel();
    expect(clock.pending).toBe(0);
  });

  it('lets promises settle before the next timer fires', async () => {
    const clock = createVirtualClock();
    const log: string[] = [];
    clock.setTimer(() => {
      void (async () => {
        for (let turn = 0; turn < 20; turn++) await Promise.resolve();
        log.push('promise');
      })();
    }, 1);
    clock.setTimer(() => log.push('timer'), 1);
    await clock.runUntilIdle();
    expect(log).toEqual(['promise', 'timer']);
  });

  it('fires what is set on the way, also without any delay', async () => {
    const clock = createVirtualClock();
    let count = 0;
    const again = (): void => {
      if (++count < 1000) clock.setTimer(again, count % 2);
    };
    clock.setTimer(again, 0);
    await clock.advance(500);
    expect([count, clock.monotonicMs()]).toEqual([1000, 500]);
  });

  it('stops at the limit when timers never end', async () => {
    const clock = createVirtualClock();
    let count = 0;
    const again = (): void => {
      count++;
      clock.setTimer(again, 10);
    };
    clock.setTimer(again, 10);
    await clock.runUntilIdle(105);
    expect([count, clock.pending]).toEqual([10, 1]);
  });
});

describe('sleep()', () => {
  it('resolves when its time has come and not before', async () => {
    const clock = createVirtualClock();
    let isOver = false;
    void sleep(clock, 100).then(() => {
      isOver = true;
    });
    await clock.advance(99);
    expect(isOver).toBe(false);
    await clock.advance(1);
    expect(isOver).toBe(true);
  });

  it('rejects with the reason as soon as the signal aborts, and leaves no timer', async () => {
    const clock = createVirtualClock();
    const controller = new AbortController();
    const slept = sleep(clock, 100, controller.signal);
    controller.abort('enough');
    await expect(slept).rejects.toBe('enough');
    expect(clock.pending).toBe(0);
    await expect(sleep(clock, 1, controller.signal)).rejects.toBe('enough');
    expect(clock.pending).toBe(0);
  });

  it('leaves no listener on a signal that outlives it', async () => {
    const clock = createVirtualClock();
    const controller = new AbortController();
    let listeners = 0;
    const { signal } = controller;
    const { addEventListener, removeEventListener } = signal;
    signal.addEventListener = (...args: Parameters<typeof addEventListener>) => {
      listeners++;
      addEventListener.apply(signal, args);
    };
    signal.removeEventListener = (...args: Parameters<typeof removeEventListener>) => {
      listeners--;
      removeEventListener.apply(signal, args);
    };
    const slept = sleep(clock, 5, signal);
    await clock.runUntilIdle();
    await slept;
    expect(listeners).toBe(0);
  });
});
