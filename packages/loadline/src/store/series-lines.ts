import type { ReadRow } from './packed-rows.ts';
import { floorTo, Rollup } from './rollup.ts';
import { scaleOf } from './sample.ts';
import type { ReadPlan } from './series-level.ts';
import type { Line, Point, SeriesQuery } from './series-query.ts';
import { spanOf, sumsOf } from './series-sums.ts';

/** A series as it is known in the database. */
export interface FoundSeries {
  readonly id: number;
  readonly family_id: number;
  readonly metric_type: string;
  readonly service_name: string;
  readonly endpoint: string;
  readonly instance: string;
  readonly unit: string;
}

/** Puts what is read into a line of points for each name. */
export interface Drawing {
  take(row: ReadRow, of: FoundSeries): void;
  /** In the order of names. */
  lines(): Line[];
}

export function startDrawing(plan: ReadPlan, query: SeriesQuery): Drawing {
  return query.combine === 'sum' ? startSumming(plan, query) : startMerging(plan, query);
}

/** Of all values of a step, whosever they are. */
function startMerging({ stepMs }: ReadPlan, { by, quantiles = [] }: SeriesQuery): Drawing {
  const byName = new Map<string, Map<number, { readonly rollup: Rollup; readonly scale: number }>>();
  return {
    take(row, series) {
      const scale = scaleOf(series.unit);
      const steps = entryOf(byName, nameOf(series, by), () => new Map());
      const step = entryOf(steps, floorTo(stepMs, row.startMs), () => ({ rollup: new Rollup(), scale }));
      add(step.rollup, row, scale);
    },
    lines: () =>
      inOrder(byName, (steps) =>
        [...steps].map(([atMs, { rollup, scale }]) => pointOf(atMs, rollup, scale, quantiles)),
      ),
  };
}

/** Of what the series of a line were together. */
function startSumming(plan: ReadPlan, { by }: SeriesQuery): Drawing {
  const spanMs = spanOf(plan);
  const byName = new Map<string, Map<number, Map<number, Rollup>>>();
  return {
    take(row, series) {
      const ofLine = entryOf(byName, nameOf(series, by), () => new Map<number, Map<number, Rollup>>());
      const ofSeries = entryOf(ofLine, row.seriesId, () => new Map<number, Rollup>());
      const rollup = entryOf(ofSeries, floorTo(spanMs, row.startMs), () => new Rollup());
      add(rollup, row, scaleOf(series.unit));
    },
    lines: () => inOrder(byName, (ofLine) => sumsOf(ofLine, plan)),
  };
}

function nameOf(series: FoundSeries, by: SeriesQuery['by']): string {
  if (by === undefined) return '';
  return by === 'service' ? series.service_name : series[by];
}

function add(rollup: Rollup, { startMs, figures, histogram }: ReadRow, scale: number): void {
  if (figures.count > 0) rollup.mergeKept(figures, histogram);
  else if (histogram === null) rollup.addNumber(figures.last, startMs, scale);
  else rollup.addEncoded(histogram, startMs, scale);
}

function pointOf(atMs: number, rollup: Rollup, scale: number, quantiles: readonly number[]): Point {
  const { count, sum, min, max, last, histogram } = rollup;
  return {
    atMs,
    count,
    mean: sum / count,
    min,
    max,
    last,
    // The histogram knows no values below 0 and rounds to its grain; what is known exactly is never exceeded.
    quantiles: quantiles.map((q) => Math.min(max, Math.max(min, histogram.quantile(q) * scale))),
  };
}

function entryOf<Key, Value>(map: Map<Key, Value>, key: Key, make: () => Value): Value {
  let value = map.get(key);
  if (value === undefined) {
    value = make();
    map.set(key, value);
  }
  return value;
}

function inOrder<Value>(byName: ReadonlyMap<string, Value>, of: (value: Value) => Point[]): Line[] {
  return [...byName]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => ({ name, points: of(value).sort((a, b) => a.atMs - b.atMs) }));
}
