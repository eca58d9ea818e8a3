import { createVirtualClock, type VirtualClock } from 'loadline/base';
import { describe, expect, it } from 'vitest';
import { ProbeWatch } from '../../../src/load/resources/probe-watch.ts';
import type { Reading, ResourceProbe } from '../../../src/load/resources/resource.ts';

type Sample = ResourceProbe['sample'];

const seen: readonly Reading[] = [{ name: 'load', unit: 'count', kind: 'gauge', value: 1 }];

function probe(sample: Sample, close: ResourceProbe['close'] = async () => undefined): ResourceProbe {
  return { source: 'target', sample, close };
}

function watch(sample: Sample, given: { clock?: VirtualClock; startMs?: number } = {}) {
  const { clock = createVirtualClock(), startMs = 0 } = given;
  return { clock, watch: new ProbeWatch(probe(sample), { clock, startMs }) };
}

function secondsOf(watched: ProbeWatch): number[] {
  return (watched.series()[0]?.points ?? []).map(([elapsedMs]) => elapsedMs / 1000);
}

function never(): Promise<never> {
  return new Promise(() => undefined);
}

describe('a probe', () => {
  it('is asked at once, and then at each full second of the run', async () => {
    const clock = createVirtualClock();
    await clock.advance(5080);
    const { watch: watched } = watch(async () => seen, { clock, startMs: 5000 });
    await clock.advance(3000);
    expect(secondsOf(watched)).toEqual([0.08, 1, 2, 3]);
    expect(watched.problems()).toEqual([]);
    await watched.stop();
    expect(clock.pending).toBe(0);
  });

  it('that fails has gaps there, and says why and how many', async () => {
    let asked = 0;
    const { clock, watch: watched } = watch(async () => {
      asked++;
      if (asked === 2 || asked === 3) throw new Error('connection refused.');
      return seen;
    });
    await clock.advance(4000);
    expect(secondsOf(watched)).toEqual([0, 3, 4]);
    expect(watched.problems()).toEqual(['target: connection refused, 2 of 5 samples missing']);
    await watched.stop();
  });

  it('that throws instead of rejecting is no different', async () => {
    const { clock, watch: watched } = watch(() => {
      throw new Error('not even\n a promise');
    });
    await clock.advance(1000);
    expect(watched.problems()).toEqual(['target: not even a promise, 2 of 2 samples missing']);
    await watched.stop();
  });

  it('that is slow is given up after 800 ms, and its late answer is not used', async () => {
    let answer: (readings: readonly Reading[]) => void = () => undefined;
    let asked = 0;
    const signals: AbortSignal[] = [];
    const { clock, watch: watched } = watch((signal) => {
      signals.push(signal);
      if (asked++ > 0) return Promise.resolve(seen);
      return new Promise((resolve) => {
        answer = resolve;
      });
    });
    await clock.advance(799);
    expect(signals[0]?.aborted).toBe(false);
    await clock.advance(1);
    expect(signals[0]?.aborted).toBe(true);
    answer(seen);
    await clock.advance(1200);
    expect(secondsOf(watched)).toEqual([1, 2]);
    expect(watched.problems()).toEqual(['target: no answer within 800 ms, 1 of 3 samples missing']);
    await watched.stop();
  });

  it('that does not let go of an old question is not asked another one', async () => {
    let asked = 0;
    const { clock, watch: watched } = watch(() => {
      asked++;
      return never();
    });
    await clock.advance(5000);
    expect(asked).toBe(1);
    expect(watched.problems()).toEqual(['target: no answer within 800 ms, 6 of 6 samples missing']);
    await watched.stop();
  });

  it('is placed in the middle between question and answer', async () => {
    const clock = createVirtualClock();
    const { watch: watched } = watch(
      () => new Promise((resolve) => clock.setTimer(() => resolve(seen), 300)),
      { clock },
    );
    await clock.advance(1500);
    expect(secondsOf(watched)).toEqual([0.15, 1.15]);
    await watched.stop();
  });

  it('names the most frequent reason first, and only a few', async () => {
    let asked = 0;
    const { clock, watch: watched } = watch(async () => {
      asked++;
      throw new Error(asked > 4 ? `reason ${asked}` : 'often');
    });
    await clock.advance(9000);
    expect(watched.problems()).toEqual([
      'target: often (4); other reasons (3); reason 5 (1); reason 6 (1); reason 7 (1), 10 of 10 samples missing',
    ]);
    await watched.stop();
  });

  it('has a gap of as many samples as this machine was too busy to take', async () => {
    const clock = createVirtualClock();
    let stalledMs = 0;
    // A machine that stands still: its timers come late.
    const stalling = { ...clock, monotonicMs: () => clock.monotonicMs() + stalledMs };
    const watched = new ProbeWatch(
      probe(async () => seen),
      { clock: stalling, startMs: 0 },
    );
    await clock.advance(1000);
    stalledMs = 3000;
    await clock.advance(1000);
    expect(secondsOf(watched)).toEqual([0, 1, 5]);
    expect(watched.problems()).toEqual(['target: this machine was too busy to look, 3 of 6 samples missing']);
    await watched.stop();
  });
});

describe('stop()', () => {
  it('gives up the sample under way without calling it missing, and closes once', async () => {
    const clock = createVirtualClock();
    let closed = 0;
    let signal: AbortSignal | undefined;
    const slow = probe(
      (given) => {
        signal = given;
        return never();
      },
      async () => {
        closed++;
      },
    );
    const watched = new ProbeWatch(slow, { clock, startMs: 0 });
    await clock.advance(100);
    await Promise.all([watched.stop(), watched.stop()]);
    expect([closed, signal?.aborted]).toEqual([1, true]);
    await clock.advance(5000);
    expect(watched.problems()).toEqual([]);
    expect(clock.pending).toBe(0);
  });

  it('waits two seconds at most for a probe that does not close', async () => {
    const clock = createVirtualClock();
    const watched = new ProbeWatch(
      probe(async () => seen, never),
      { clock, startMs: 0 },
    );
    let isStopped = false;
    void watched.stop().then(() => {
      isStopped = true;
    });
    await clock.advance(1999);
    expect(isStopped).toBe(false);
    await clock.advance(1);
    expect(isStopped).toBe(true);
  });

  it('does not fail with a probe that fails to close', async () => {
    const clock = createVirtualClock();
    const failing = probe(
      async () => seen,
      async () => {
        throw new Error('stuck');
      },
    );
    await new ProbeWatch(failing, { clock, startMs: 0 }).stop();
    expect(clock.pending).toBe(0);
  });
});
