import type { ReadRow } from './packed-rows.ts';
import { floorTo, Rollup, type RollupFigures } from './rollup.ts';
import { scaleOf } from './sample.ts';
import type { ReadPlan } from './series-level.ts';
import type { Line, Point, SeriesQuery } from './series-query.ts';
import { SpansOfSeries } from './series-spans.ts';
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
  /** How many rollups are kept for it; a sum keeps none. */
  readonly size: number;
  take(row: ReadRow, of: FoundSeries): void;
  /** In the order of names, each made when it is asked for; undefined where others may have their turn before. */
  lines(): Generator<Line | undefined>;
}

export function startDrawing(plan: ReadPlan, query: SeriesQuery): Drawing {
  return query.combine === 'sum' ? startSumming(plan, query) : startMerging(plan, query);
}

/** Of all values of a step, whosever they are. */
function startMerging({ stepMs }: ReadPlan, { by, quantiles = [] }: SeriesQuery): Drawing {
  const byName = new Map<string, Map<number, { readonly rollup: Rollup; readonly scale: number }>>();
  const hasQuantiles = quantiles.length > 0;
  let size = 0;
  return {
    get size() {
      return size;
    },
    take(row, series) {
      const scale = scaleOf(series.unit);
      const steps = entryOf(byName, nameOf(series, by), () => new Map());
      const step = entryOf(steps, floorTo(stepMs, row.startMs), () => {
        size++;
        return { rollup: new Rollup(), scale };
      });
      add(step.rollup, row, { scale, hasQuantiles });
    },
    *lines() {
      for (const [name, steps] of inOrder(byName)) {
        const rising = [...steps].sort(([a], [b]) => a - b);
        yield {
          name,
          points: rising.map(([atMs, { rollup, scale }]) => pointOf(atMs, rollup, scale, quantiles)),
        };
      }
    },
  };
}

/** Of what the series of a line were together. */
function startSumming(plan: ReadPlan, { by }: SeriesQuery): Drawing {
  const spanMs = spanOf(plan);
  const byName = new Map<string, Map<number, SpansOfSeries>>();
  return {
    size: 0,
    take(row, series) {
      const ofLine = entryOf(byName, nameOf(series, by), () => new Map<number, SpansOfSeries>());
      const ofSeries = entryOf(ofLine, row.seriesId, () => new SpansOfSeries());
      ofSeries.add(floorTo(spanMs, row.startMs), figuresOf(row, scaleOf(series.unit)));
    },
    *lines() {
      for (const [name, ofLine] of inOrder(byName))
        yield { name, points: yield* sumsOf([...ofLine.values()], plan) };
    },
  };
}

function figuresOf({ startMs, figures, histogram }: ReadRow, scale: number): RollupFigures {
  const { count, last } = figures;
  if (count > 0) return figures;
  if (histogram === null) return { count: 1, sum: last, min: last, max: last, last, lastAtMs: startMs };
  const rollup = new Rollup();
  rollup.addEncoded(histogram, startMs, scale);
  return rollup;
}

function nameOf(series: FoundSeries, by: SeriesQuery['by']): string {
  if (by === undefined) return '';
  return by === 'service' ? series.service_name : series[by];
}

function add(
  rollup: Rollup,
  row: ReadRow,
  { scale, hasQuantiles }: { readonly scale: number; readonly hasQuantiles: boolean },
): void {
  const { startMs, figures, histogram } = row;
  const isRaw = figures.count === 0;
  if (isRaw && histogram !== null) rollup.addEncoded(histogram, startMs, scale);
  else if (isRaw && hasQuantiles) rollup.addNumber(figures.last, startMs, scale);
  // Where nobody asks for its distribution, it would take most of the memory.
  else rollup.mergeKept(figuresOf(row, scale), histogram);
}

function pointOf(atMs: number, rollup: Rollup, scale: number, quantiles: readonly number[]): Point {
  const { count, sum, min, max, last } = rollup;
  return { atMs, count, mean: sum / count, min, max, last, quantiles: quantilesOf(rollup, scale, quantiles) };
}

/** The histogram rounds to its grain; what is known exactly is never exceeded. */
function quantilesOf(rollup: Rollup, scale: number, quantiles: readonly number[]): number[] {
  const { min, max } = rollup;
  if (quantiles.length === 0) return [];
  if (min < 0 || max > grainsMax * scale) return quantiles.map(() => Number.NaN);
  const { histogram } = rollup;
  return quantiles.map((q) => Math.min(max, Math.max(min, histogram.quantile(q) * scale)));
}

/** What is above or below 0 stands in a histogram as the nearest that it knows. */
const grainsMax = 2 ** 52 - 1;

function entryOf<Key, Value>(map: Map<Key, Value>, key: Key, make: () => Value): Value {
  let value = map.get(key);
  if (value === undefined) {
    value = make();
    map.set(key, value);
  }
  return value;
}

function inOrder<Value>(byName: ReadonlyMap<string, Value>): [name: string, value: Value][] {
  return [...byName].sort(([a], [b]) => (a < b ? -1 : 1));
}
