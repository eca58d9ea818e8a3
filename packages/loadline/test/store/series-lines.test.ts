import fc from 'fast-check';
import type { Line, SeriesQuery } from 'loadline/store';
import { describe, expect, it } from 'vitest';
import type { ReadRow } from '../../src/store/packed-rows.ts';
import type { ReadPlan } from '../../src/store/series-level.ts';
import { type FoundSeries, startDrawing } from '../../src/store/series-lines.ts';

const minuteMs = 60_000;
const found: readonly FoundSeries[] = ['a', 'b'].map((instance, index) => ({
  id: index + 1,
  family_id: 1,
  metric_type: 'memory',
  service_name: 'shop',
  endpoint: '',
  instance,
  unit: 'bytes',
}));
const plan: ReadPlan = {
  level: 'minute',
  stepMs: 10 * minuteMs,
  fromMs: 0,
  toMs: 20 * minuteMs,
  nowMs: 60 * minuteMs,
};
const query: SeriesQuery = { metric: 'memory', fromMs: 0, toMs: 20 * minuteMs, stepMs: 10 * minuteMs };

describe('quantiles', () => {
  const of = (values: readonly number[]): readonly number[] | undefined =>
    draw(
      values.map((value, at) => raw(1, at, value)),
      { ...query, quantiles: [0, 0.5, 1] },
    )[0]?.points[0]?.quantiles;

  it('are known of what is not below 0 and not beyond what histograms hold', () => {
    expect(of([1, 2, 3])).toEqual([1, 2, 3]);
    expect(of([-10, -5, -1, 3])).toEqual([Number.NaN, Number.NaN, Number.NaN]);
    expect(of([1, 2 ** 60])).toEqual([Number.NaN, Number.NaN, Number.NaN]);
  });
});

describe('a sum', () => {
  it('adds up what the series of a line were', () => {
    const rows = [minuteOf(1, 0, 10), minuteOf(2, 0, 30)];
    expect(draw(rows, { ...query, combine: 'sum' })).toEqual([
      { name: '', points: [{ atMs: 0, count: 2, mean: 40, min: 40, max: 40, last: 40, quantiles: [] }] },
    ]);
    expect(draw(rows, query)[0]?.points[0]).toMatchObject({ mean: 20, min: 10, max: 30 });
  });

  it('does not count an instance twice that took the place of another', () => {
    const rows = [0, 1, 2, 3].map((minute) => minuteOf(minute < 2 ? 1 : 2, minute, 10));
    const [line] = draw(rows, { ...query, combine: 'sum' });
    expect(line?.points).toMatchObject([{ mean: 10, min: 10, max: 10, last: 10 }]);
  });

  it('adds up raw values of the minutes that are not over in the same way', () => {
    const rows = [raw(1, 1000, 10), raw(1, 6000, 20), raw(2, 3000, 5)];
    const [line] = draw(rows, { ...query, combine: 'sum' });
    expect(line?.points).toMatchObject([{ count: 3, mean: 20, min: 15, max: 25, last: 25 }]);
  });

  it('is in one line for each instance what the instance was', () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.tuple(fc.constantFrom(1, 2), fc.nat(19)), { selector: String, minLength: 1 }),
        (places) => {
          const rows = places.map(([series, minute], index) => minuteOf(series, minute, index + 1));
          const by = { ...query, by: 'instance' } as const;
          const figures = (combine: 'sum' | 'merge'): unknown =>
            draw(rows, { ...by, combine }).map(({ name, points }) => [
              name,
              points.map(({ atMs, mean, min, max, last }) => [atMs, mean.toFixed(6), min, max, last]),
            ]);
          expect(figures('sum')).toEqual(figures('merge'));
        },
      ),
    );
  });
});

describe('a sum of series that are not looked at together', () => {
  const quarters = { ...plan, level: 'raw', stepMs: 15_000 } as const;
  const sum = { ...query, stepMs: 15_000, combine: 'sum' } as const;
  const means = (rows: readonly ReadRow[], nowMs: number): (readonly number[])[] =>
    (draw(rows, sum, { ...quarters, nowMs })[0]?.points ?? []).map(({ atMs, mean, count }) => [
      atMs / 1000,
      mean,
      count,
    ]);

  it('takes each as it was last, where something else was looked at', () => {
    const rows = [0, 1, 2].flatMap((minute) => [
      raw(1, minute * minuteMs + 5000, 10 + minute),
      raw(2, minute * minuteMs + 45_000, 30),
    ]);
    // In the last one the first is late.
    expect(means(rows, 60 * minuteMs)).toEqual([
      [0, 40, 1],
      [45, 40, 1],
      [60, 41, 1],
      [105, 41, 1],
      [120, 42, 1],
      [165, 30, 1],
    ]);
    // Before that nobody knew that it would be silent.
    expect(means(rows, 170_000).at(-1)).toEqual([165, 42, 1]);
  });

  it('ends with no step in which most were not looked at yet', () => {
    const every5s = (series: number, value: number, untilS: number): ReadRow[] =>
      Array.from({ length: untilS / 5 }, (_, at) => raw(series, at * 5000 + series * 1000, value));
    const rows = [...every5s(1, 10, 65), ...every5s(2, 30, 60)];
    expect(means(rows, 61_500).at(-1)).toEqual([60, 40, 1]);
    const gone = [...every5s(1, 10, 125), ...every5s(2, 30, 60)];
    expect(means(gone, 121_500).map(([, mean]) => mean)).toEqual([40, 40, 40, 40, 10, 10, 10, 10, 10]);
  });
});

describe('a sum of hours', () => {
  const hourMs = 60 * minuteMs;
  const hours = { level: 'hour', stepMs: hourMs, fromMs: 0, toMs: 10 * hourMs, nowMs: 20 * hourMs } as const;
  const hourOf = (seriesId: number, hour: number, value: number, minutes = 60): ReadRow => {
    const count = minutes * 12;
    const lastAtMs = hour * hourMs + 59 * minuteMs;
    const figures = { count, sum: value * count, min: value, max: value, last: value, lastAtMs };
    return { seriesId, startMs: hour * hourMs, figures, histogram: null };
  };
  const means = (rows: readonly ReadRow[]): number[] =>
    (draw(rows, { ...query, combine: 'sum' }, hours)[0]?.points ?? []).map(({ mean }) => mean);

  it('counts an instance that took the place of another in the middle of one once', () => {
    const old = [hourOf(1, 0, 10), hourOf(1, 1, 10), hourOf(1, 2, 10, 45)];
    const taken = [hourOf(2, 2, 10, 15), hourOf(2, 3, 10), hourOf(2, 4, 10)];
    expect(means([...old, ...taken])).toEqual([10, 10, 10, 10, 10]);
  });

  it('takes the hour in which looking began as it was while one looked', () => {
    const rows = [1, 2].flatMap((series) => [hourOf(series, 0, 10, 20), hourOf(series, 1, 10)]);
    expect(means(rows)).toEqual([20, 20]);
  });

  it('does not take few values for a short time', () => {
    const seldom = [hourOf(1, 0, 10, 0.25), hourOf(1, 1, 10, 1), hourOf(2, 0, 10), hourOf(2, 1, 10)];
    expect(means(seldom)).toEqual([20, 20]);
  });
});

function draw(rows: readonly ReadRow[], asked: SeriesQuery, by: ReadPlan = plan): Line[] {
  const drawing = startDrawing(by, asked);
  for (const row of rows) drawing.take(row, found[row.seriesId - 1] as FoundSeries);
  return [...drawing.lines()].filter((line) => line !== undefined);
}

function raw(seriesId: number, startMs: number, last: number): ReadRow {
  const figures = { count: 0, sum: 0, min: 0, max: 0, last, lastAtMs: 0 };
  return { seriesId, startMs, figures, histogram: null };
}

/** One value a minute. */
function minuteOf(seriesId: number, minute: number, value: number): ReadRow {
  const startMs = minute * minuteMs;
  const figures = { count: 1, sum: value, min: value, max: value, last: value, lastAtMs: startMs };
  return { seriesId, startMs, figures, histogram: null };
}
