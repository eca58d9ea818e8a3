import { type Clock, createVirtualClock, type VirtualClock } from 'loadline/base';
import { describe, expect, it } from 'vitest';
import { SilenceWatch } from '../../../src/load/workers/silence-watch.ts';

function watch(clock: Clock, limitMs = 1700) {
  const silent: number[] = [];
  const watched = new SilenceWatch(clock, limitMs, (silentMs) => silent.push(silentMs));
  return { watched, silent };
}

/** A clock that shows the time that has passed while its process was frozen, and comes to its timers late. */
function frozenFor(clock: VirtualClock, frozen: { ms: number }): Clock {
  return {
    ...clock,
    now: () => clock.now(),
    monotonicMs: () => clock.monotonicMs() + frozen.ms,
    setTimer: (callback, delayMs) => clock.setTimer(callback, delayMs),
  };
}

describe('a silence watch', () => {
  it('calls once when nothing was heard for so long', async () => {
    const clock = createVirtualClock();
    const { watched, silent } = watch(clock);
    watched.start();
    await clock.advance(1650);
    expect(silent).toEqual([]);
    await clock.advance(10_000);
    expect(silent).toEqual([1700]);
  });

  it('begins anew with everything that is heard', async () => {
    const clock = createVirtualClock();
    const { watched, silent } = watch(clock);
    watched.start();
    for (let second = 0; second < 60; second++) {
      await clock.advance(1000);
      watched.heard();
    }
    expect(silent).toEqual([]);
    await clock.advance(1800);
    expect(silent).toHaveLength(1);
  });

  it('does not count the time in which its own process was frozen', async () => {
    const clock = createVirtualClock();
    const frozen = { ms: 0 };
    const { watched, silent } = watch(frozenFor(clock, frozen));
    watched.start();
    await clock.advance(1000);
    frozen.ms = 60_000;
    await clock.advance(300);
    expect(silent).toEqual([]);
    watched.heard();
    await clock.advance(1600);
    expect(silent).toEqual([]);
  });

  it('says nothing after it was stopped, and can start again', async () => {
    const clock = createVirtualClock();
    const { watched, silent } = watch(clock);
    watched.start();
    await clock.advance(1500);
    watched.stop();
    await clock.advance(5000);
    watched.start();
    await clock.advance(1500);
    expect(silent).toEqual([]);
    watched.stop();
    expect(clock.pending).toBe(0);
  });
});
