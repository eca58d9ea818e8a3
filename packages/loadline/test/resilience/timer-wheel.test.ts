import fc from 'fast-check';
import { createVirtualClock } from 'loadline/base';
import { describe, expect, it } from 'vitest';
import { type Timed, TimerWheel } from '../../src/resilience/timer-wheel.ts';

function createTimed(onDue: () => void): Timed {
  return { onDue, nextTimed: undefined, previousTimed: undefined, dueTick: -1 };
}

describe('the timer wheel', () => {
  it('never comes early, and at most a tick late, however limits are set and removed', async () => {
    const plan = fc.array(
      fc.record({ atMs: fc.nat(3000), delayMs: fc.nat(9000), removedAfterMs: fc.option(fc.nat(9000)) }),
      { maxLength: 60 },
    );
    await fc.assert(
      fc.asyncProperty(plan, async (entries) => {
        const clock = createVirtualClock();
        const wheel = new TimerWheel(clock);
        const due = new Map<number, number>();
        for (const [index, { atMs, delayMs, removedAfterMs }] of entries.entries()) {
          const timed = createTimed(() => due.set(index, clock.monotonicMs()));
          clock.setTimer(() => wheel.set(timed, delayMs, clock.monotonicMs()), atMs);
          if (removedAfterMs !== null) clock.setTimer(() => wheel.remove(timed), atMs + removedAfterMs);
        }
        await clock.runUntilIdle();
        for (const [index, { atMs, delayMs, removedAfterMs }] of entries.entries()) {
          const foundMs = due.get(index);
          if (removedAfterMs !== null && removedAfterMs < delayMs) expect(foundMs).toBeUndefined();
          else if (removedAfterMs === null || removedAfterMs > delayMs + 20) {
            expect(foundMs).toBeGreaterThanOrEqual(atMs + delayMs);
            expect(foundMs).toBeLessThanOrEqual(atMs + delayMs + 20);
          }
        }
        expect(clock.pending).toBe(0);
      }),
      { numRuns: 60 },
    );
  });

  it('lets whoever is told set the next limit, and remove others that are due as well', async () => {
    const clock = createVirtualClock();
    const wheel = new TimerWheel(clock);
    const told: string[] = [];
    const second = createTimed(() => told.push('second'));
    const first = createTimed(() => {
      told.push('first');
      wheel.remove(second);
      wheel.set(third, 50, clock.monotonicMs());
    });
    const third = createTimed(() => told.push(`third at ${clock.monotonicMs()}`));
    wheel.set(second, 100, 0);
    wheel.set(first, 100, 0);
    await clock.runUntilIdle();
    expect(told).toEqual(['first', 'third at 150']);
  });

  it('makes up for a turn of the event loop that took longer than a round', async () => {
    const clock = createVirtualClock();
    let skippedMs = 0;
    const jumping = { ...clock, monotonicMs: () => clock.monotonicMs() + skippedMs };
    const wheel = new TimerWheel(jumping);
    const told: number[] = [];
    for (const delayMs of [15, 700, 5000, 60_000])
      wheel.set(
        createTimed(() => told.push(delayMs)),
        delayMs,
        0,
      );
    skippedMs = 20_000;
    await clock.advance(10);
    expect(told.sort((a, b) => a - b)).toEqual([15, 700, 5000]);
  });
});
