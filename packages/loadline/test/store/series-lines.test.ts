import fc from 'fast-check';
import type { Line, SeriesQuery } from 'loadline/store';
import { describe, expect, it } from 'vitest';
import type { ReadRow } from '../../src/store/packed-rows.ts';
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
const plan = { level: 'minute', stepMs: 10 * minuteMs, fromMs: 0, toMs: 20 * minuteMs } as const;
const query: SeriesQuery = { metric: 'memory', fromMs: 0, toMs: 20 * minuteMs, stepMs: 10 * minuteMs };

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
    const raw = (seriesId: number, startMs: number, last: number): ReadRow => ({
      seriesId,
      startMs,
      figures: { count: 0, sum: 0, min: 0, max: 0, last, lastAtMs: 0 },
      histogram: null,
    });
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

function draw(rows: readonly ReadRow[], asked: SeriesQuery): Line[] {
  const drawing = startDrawing(plan, asked);
  for (const row of rows) drawing.take(row, found[row.seriesId - 1] as FoundSeries);
  return drawing.lines();
}

/** One value a minute. */
function minuteOf(seriesId: number, minute: number, value: number): ReadRow {
  const startMs = minute * minuteMs;
  const figures = { count: 1, sum: value, min: value, max: value, last: value, lastAtMs: startMs };
  return { seriesId, startMs, figures, histogram: null };
}
