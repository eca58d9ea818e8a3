import { getEventListeners } from 'node:events';
import { setImmediate } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { createVirtualClock, systemClock, withTimeLimit } from 'loadline/base';
import { describe, expect, it } from 'vitest';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

function setUp() {
  const clock = createVirtualClock();
  const end = new AbortController();
  const run = <Value>(work: (signal: AbortSignal) => Promise<Value>) =>
    withTimeLimit({ clock, limitMs: 1000, end: end.signal }, work);
  return { clock, end, run };
}

const never = () => new Promise<never>(() => {});

describe('withTimeLimit()', () => {
  it('gives what the work gives, or how it failed', async () => {
    const { clock, run } = setUp();
    expect(await run(async () => 7)).toEqual({ kind: 'done', value: 7 });
    const error = new Error('no');
    expect(await run(() => Promise.reject(error))).toEqual({ kind: 'failed', error });
    expect(clock.pending).toBe(0);
  });

  it('waits no longer than its limit for work that ignores its signal', async () => {
    const { clock, run } = setUp();
    const ended = run(never);
    await clock.advance(1000);
    expect(await ended).toEqual({ kind: 'late' });
  });

  it('ends with whoever asked for it, also when that was before it began', async () => {
    const { end, run } = setUp();
    const ended = run(never);
    end.abort(new Error('closed'));
    expect(await ended).toEqual({ kind: 'ended' });
    expect(await run(never)).toEqual({ kind: 'ended' });
  });

  it('keeps nothing of what is over, though whoever could have ended it lives on', async () => {
    const { end } = setUp();
    const signals: WeakRef<AbortSignal>[] = [];
    const limits = { clock: systemClock, limitMs: 1000, end: end.signal };
    for (let at = 0; at < 100; at++)
      await withTimeLimit(limits, async (signal) => void signals.push(new WeakRef(signal)));
    await setImmediate();
    collectGarbage();
    expect(signals.filter((signal) => signal.deref() !== undefined).length).toBeLessThan(5);
    expect(getEventListeners(end.signal, 'abort')).toEqual([]);
  });
});
