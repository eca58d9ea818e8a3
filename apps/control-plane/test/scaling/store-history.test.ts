import { createVirtualClock, LoadlineError } from 'loadline/base';
import type { WantedMetric } from 'loadline/scaling';
import { describe, expect, it } from 'vitest';
import { createStoreHistory } from '../../src/scaling/store-history.ts';
import { createMemoryStore, type MemoryStore } from '../memory-store.ts';

const minuteMs = 60_000;
const noonMs = Date.UTC(2026, 5, 6, 12, 3);
const rate: WantedMetric = { metric: 'ratePerSecond', of: 'per replica', merge: 'mean' };
const signal = new AbortController().signal;

/** A value of each instance in the middle of each of these steps of ten minutes before noon. */
async function filled(
  steps: readonly (readonly [stepsAgo: number, ...values: number[]])[],
  metric = 'requests',
  unit = 'rps',
) {
  const clock = createVirtualClock(noonMs);
  const store = createMemoryStore(clock);
  const samples = steps.flatMap(([stepsAgo, ...values]) =>
    values.map((value, index) => ({
      series: { metric, service: 'shop', instance: `shop-${index}`, unit },
      atMs: noonMs - 8 * minuteMs - stepsAgo * 10 * minuteMs,
      value,
    })),
  );
  await store.metrics.write(samples);
  return { clock, store };
}

describe('the past of a service', () => {
  it('is what all instances carried together, step by step, with gaps where nothing was measured', async () => {
    const { clock, store } = await filled([
      [3, 10, 20],
      [2, 30],
      [0, 5, 5],
    ]);
    const past = await createStoreHistory({ metrics: store.metrics, clock })('shop', [rate], signal);
    expect(past.ratePerSecond).toMatchObject({
      startMs: Date.UTC(2026, 5, 6, 11, 20),
      stepMs: 10 * minuteMs,
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

  it('is read by the hour where there is too much of it', async () => {
    const { clock, store } = await filled([[0, 10, 20]]);
    const asked: number[] = [];
    const metrics: MemoryStore['metrics'] = {
      ...store.metrics,
      series(query) {
        asked.push(query.stepMs / minuteMs);
        if (query.stepMs < 60 * minuteMs) throw new LoadlineError('STORE_QUERY_TOO_LARGE', 'too much');
        return store.metrics.series(query);
      },
    };
    const past = await createStoreHistory({ metrics, clock })('shop', [rate], signal);
    expect(asked).toEqual([10, 60]);
    expect(past.ratePerSecond?.stepMs).toBe(60 * minuteMs);
  });
});
