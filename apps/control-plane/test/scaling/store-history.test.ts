import { createVirtualClock, LoadlineError, type VirtualClock } from 'loadline/base';
import type { WantedMetric } from 'loadline/scaling';
import type { SeriesQuery } from 'loadline/store';
import { describe, expect, it } from 'vitest';
import { createStoreHistory } from '../../src/scaling/store-history.ts';
import { createMemoryStore, type MemoryStore } from '../memory-store.ts';

const minuteMs = 60_000;
const noonMs = Date.UTC(2026, 5, 6, 12, 3);
const rate: WantedMetric = { metric: 'ratePerSecond', of: 'per replica', merge: 'mean' };
const signal = new AbortController().signal;

/** A value of each instance within each of these minutes before noon. */
async function filled(
  steps: readonly (readonly [minutesAgo: number, ...values: number[]])[],
  metric = 'requests',
  unit = 'rps',
) {
  const clock = createVirtualClock(noonMs);
  const store = createMemoryStore(clock);
  const samples = steps.flatMap(([minutesAgo, ...values]) =>
    values.map((value, index) => ({
      series: { metric, service: 'shop', instance: `shop-${index}`, unit },
      atMs: noonMs - minuteMs / 2 - minutesAgo * minuteMs,
      value,
    })),
  );
  await store.metrics.write(samples);
  return { clock, store };
}

describe('the past of a service', () => {
  it('is what all instances carried together, minute by minute, with gaps where nothing was measured', async () => {
    const { clock, store } = await filled([
      [3, 10, 20],
      [2, 30],
      [0, 5, 5],
    ]);
    const past = await createStoreHistory({ metrics: store.metrics, clock })('shop', [rate], signal);
    expect(past.ratePerSecond).toMatchObject({
      startMs: Date.UTC(2026, 5, 6, 11, 59),
      stepMs: minuteMs,
    });
    expect(Array.from(past.ratePerSecond?.values ?? [])).toEqual([30, 30, Number.NaN, 10]);
  });

  it('is the worst of what is one for all, where the worst counts', async () => {
    const { clock, store } = await filled([[0, 100, 700]], 'queue_age', 'ms');
    const wanted: WantedMetric = { metric: 'queueAgeMs', of: 'of the group', merge: 'max' };
    const past = await createStoreHistory({ metrics: store.metrics, clock })('shop', [wanted], signal);
    expect(Array.from(past.queueAgeMs?.values ?? [])).toEqual([700]);
  });

  it('leaves out what was never measured', async () => {
    const { clock, store } = await filled([]);
    expect(await createStoreHistory({ metrics: store.metrics, clock })('shop', [rate], signal)).toEqual({});
  });

  it('is read in parts, the latest first, and put together again', async () => {
    const days = [0, 2, 5, 13].map((days) => days * 24 * 60);
    const { clock, store } = await filled(days.map((minutesAgo, at) => [minutesAgo, at + 1]));
    const { asked, metrics } = watched(store);
    const past = await createStoreHistory({ metrics, clock })('shop', [rate], signal);
    const values = Array.from(past.ratePerSecond?.values ?? []);
    expect(values).toHaveLength(13 * 24 * 60 + 1);
    expect(values.filter((value) => !Number.isNaN(value))).toEqual([4, 3, 2, 1]);
    expect(asked.map(({ toMs }) => (noonMs - toMs) / 86_400_000)).toEqual([0, 2, 4, 6, 8, 10, 12]);
  });

  it.each<[string, (clock: VirtualClock) => Promise<void>]>([
    ['there is too much of it', () => Promise.reject(new LoadlineError('STORE_QUERY_TOO_LARGE', 'too much'))],
    ['that takes too long', (clock) => clock.advance(5001)],
  ])('is read by the hour where %s', async (_, hinder) => {
    const { clock, store } = await filled([[90, 10, 20]]);
    const { asked, metrics } = watched(store, async (stepMs) => {
      if (stepMs < 60 * minuteMs) await hinder(clock);
      return stepMs;
    });
    const past = await createStoreHistory({ metrics, clock })('shop', [rate], signal);
    expect(asked.map(({ stepMs }) => stepMs / minuteMs)).toEqual([1, 60]);
    expect(past.ratePerSecond?.stepMs).toBe(60 * minuteMs);
  });

  it('is read as closely as the store has kept all of it', async () => {
    const { clock, store } = await filled([
      [91, 10],
      [90, 20],
    ]);
    // Minutes are kept for three days, hours for longer.
    const { metrics } = watched(store, (stepMs, fromMs) =>
      fromMs < noonMs - 3 * 86_400_000 ? Math.max(stepMs, 60 * minuteMs) : stepMs,
    );
    const past = await createStoreHistory({ metrics, clock })('shop', [rate], signal);
    expect(past.ratePerSecond?.stepMs).toBe(60 * minuteMs);
    expect(past.ratePerSecond?.values[0]).toBe(15);
  });

  it('is not read on where nobody waits for it any more', async () => {
    const { clock, store } = await filled([[0, 10]]);
    const { asked, metrics } = watched(store);
    const history = createStoreHistory({ metrics, clock });
    await expect(history('shop', [rate], AbortSignal.abort(new Error('late')))).rejects.toThrow('late');
    expect(asked).toEqual([]);
  });
});

/** Tells what is asked. @param stepOf as how closely it is told; it may throw. */
function watched(
  store: MemoryStore,
  stepOf: (stepMs: number, fromMs: number) => number | Promise<number> = (stepMs) => stepMs,
): { readonly asked: SeriesQuery[]; readonly metrics: MemoryStore['metrics'] } {
  const asked: SeriesQuery[] = [];
  const metrics: MemoryStore['metrics'] = {
    ...store.metrics,
    async series(query) {
      asked.push(query);
      const stepMs = await stepOf(query.stepMs, query.fromMs);
      return store.metrics.series({ ...query, stepMs });
    },
  };
  return { asked, metrics };
}
