import fc from 'fast-check';
import { createHistogram } from 'loadline/metrics';
import { describe, expect, it } from 'vitest';
import { floorTo, minuteMs, Rollup, RollupTable } from '../../src/store/rollup.ts';

const scale = 1e-3;
const samples = fc.array(
  fc.record({
    value: fc.double({ min: -10, max: 1e6, noNaN: true }),
    atMs: fc.integer({ min: 0, max: 3 * minuteMs }),
  }),
  { minLength: 1, maxLength: 200 },
);

describe('Rollup', () => {
  it('tells count, sum, extremes and the latest value', () => {
    const rollup = rollupOf([
      { value: 2, atMs: 20 },
      { value: 0.5, atMs: 30 },
      { value: 3, atMs: 10 },
    ]);
    expect(rollup).toMatchObject({ count: 3, sum: 5.5, min: 0.5, max: 3, last: 0.5, lastAtMs: 30 });
    expect(rollup.histogram.quantile(1)).toBe(3000);
  });

  it('counts a histogram as the values that it holds', () => {
    const histogram = createHistogram();
    for (const value of [1000, 2000, 6000]) histogram.record(value);
    const rollup = new Rollup();
    rollup.addEncoded(histogram.encode(), 5, scale);
    expect(rollup).toMatchObject({ count: 3, sum: 9, min: 1, max: 6, last: 3 });
    expect(rollup.histogram.encode()).toEqual(histogram.encode());
  });

  it('tells the same bytes of few values and of many, with or without a histogram that is kept', () => {
    fc.assert(
      fc.property(samples, (all) => {
        const whole = createHistogram();
        for (const { value } of all) whole.record(Math.round(value / scale));
        const rollup = rollupOf(all);
        expect(rollup.encodeHistogram()).toEqual(whole.encode());
        expect(rollup.histogram.encode()).toEqual(whole.encode());
        rollup.addNumber(1, 0, scale);
        whole.record(1 / scale);
        expect(rollup.encodeHistogram()).toEqual(whole.encode());
      }),
    );
  });

  it('is the same in whatever order and parts the values come', () => {
    fc.assert(
      fc.property(samples, fc.infiniteStream(fc.boolean()), (all, coins) => {
        const whole = rollupOf(all);
        const parts = [new Rollup(), new Rollup()] as const;
        for (const { value, atMs } of all.toReversed()) {
          parts[coins.next().value ? 0 : 1].addNumber(value, atMs, scale);
        }
        parts[0].merge(parts[1]);
        expect(figures(parts[0])).toEqual(figures(whole));
        expect(parts[0].sum).toBeCloseTo(whole.sum, 3);
      }),
    );
  });
});

describe('RollupTable', () => {
  it('parts samples by minute and series, in the order of time', () => {
    fc.assert(
      fc.property(samples, (all) => {
        const table = new RollupTable();
        for (const { value, atMs } of all) table.at(floorTo(minuteMs, atMs), 7).addNumber(value, atMs, scale);
        const entries = [...table.before(Number.POSITIVE_INFINITY)];
        const starts = entries.map(({ startMs }) => startMs);
        expect(starts).toEqual(
          [...new Set(all.map(({ atMs }) => floorTo(minuteMs, atMs)))].sort((a, b) => a - b),
        );
        for (const { startMs, rollup } of entries) {
          const own = all.filter(({ atMs }) => floorTo(minuteMs, atMs) === startMs);
          expect(figures(rollup)).toEqual(figures(rollupOf(own)));
        }
      }),
    );
  });

  it('forgets what is before a moment and nothing else', () => {
    const table = new RollupTable();
    for (const startMs of [0, minuteMs, 2 * minuteMs]) table.at(startMs, 1).addNumber(1, startMs, scale);
    table.forgetBefore(2 * minuteMs);
    expect([...table.before(Number.POSITIVE_INFINITY)].map(({ startMs }) => startMs)).toEqual([2 * minuteMs]);
    expect(table.isEmpty).toBe(false);
    table.forgetBefore(Number.POSITIVE_INFINITY);
    expect(table.isEmpty).toBe(true);
  });
});

function rollupOf(all: readonly { readonly value: number; readonly atMs: number }[]): Rollup {
  const rollup = new Rollup();
  for (const { value, atMs } of all) rollup.addNumber(value, atMs, scale);
  return rollup;
}

/** All but the sum, whose last digits are those of an order. */
function figures({ count, min, max, last, lastAtMs, histogram }: Rollup): unknown {
  return { count, min, max, last, lastAtMs, bytes: [...histogram.encode()] };
}
