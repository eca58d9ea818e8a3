import type { ReadRow } from './packed-rows.ts';
import { floorTo, hourMs, minuteMs, Rollup } from './rollup.ts';
import { familySeries } from './rollup-rows.ts';
import { scaleOf } from './sample.ts';
import type { ReadPlan } from './series-level.ts';
import type { Level, Line, Point, SeriesQuery } from './series-query.ts';

/** A series as it is known in the database. */
export interface FoundSeries {
  readonly id: number;
  readonly family_id: number;
  readonly service_name: string;
  readonly endpoint: string;
  readonly instance: string;
  readonly unit: string;
}

/** Puts what was read into a line of points for each name, in the order of names. Pure. */
export function drawLines(
  rows: Iterable<ReadRow>,
  found: readonly FoundSeries[],
  plan: ReadPlan,
  query: SeriesQuery,
): Line[] {
  const lines = query.combine === 'sum' ? sum(rows, found, plan, query) : merge(rows, found, plan, query);
  return [...lines]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, points]) => ({ name, points: points.sort((a, b) => a.atMs - b.atMs) }));
}

type Lines = ReadonlyMap<string, Point[]>;

/** All values of a step, whosever they are. */
function merge(
  rows: Iterable<ReadRow>,
  found: readonly FoundSeries[],
  { stepMs }: ReadPlan,
  { by, quantiles = [] }: SeriesQuery,
): Lines {
  const byId = indexOf(found);
  const lines = new Map<string, Map<number, { readonly rollup: Rollup; readonly scale: number }>>();
  for (const row of rows) {
    const series = byId.get(row.seriesId) as FoundSeries;
    const steps = entryOf(lines, nameOf(series, by), () => new Map());
    const scale = scaleOf(series.unit);
    const step = entryOf(steps, floorTo(stepMs, row.startMs), () => ({ rollup: new Rollup(), scale }));
    add(step.rollup, row, scale);
  }
  return mapOf(lines, (steps) =>
    [...steps].map(([atMs, { rollup, scale }]) => pointOf(atMs, rollup, scale, quantiles)),
  );
}

/**
 * What the series of a line were together. They are added up within the shortest span that is known of all of them, and
 * sums are averaged over the step: an instance that took another's place does not count twice.
 */
function sum(
  rows: Iterable<ReadRow>,
  found: readonly FoundSeries[],
  { level, stepMs }: ReadPlan,
  { by }: SeriesQuery,
): Lines {
  const byId = indexOf(found);
  const spanMs = spans[level] ?? stepMs;
  const lines = new Map<string, Map<number, Map<number, Rollup>>>();
  for (const row of rows) {
    const series = byId.get(row.seriesId) as FoundSeries;
    const ofLine = entryOf(lines, nameOf(series, by), () => new Map<number, Map<number, Rollup>>());
    const ofSpan = entryOf(ofLine, floorTo(spanMs, row.startMs), () => new Map<number, Rollup>());
    add(
      entryOf(ofSpan, row.seriesId, () => new Rollup()),
      row,
      scaleOf(series.unit),
    );
  }
  return mapOf(lines, (ofLine) => {
    const steps = Map.groupBy(ofLine, ([startMs]) => floorTo(stepMs, startMs));
    return [...steps].map(([atMs, own]) => averageOf(atMs, own));
  });
}

const spans: Readonly<Record<Level, number | undefined>> = { raw: undefined, minute: minuteMs, hour: hourMs };

function averageOf(
  atMs: number,
  ofStep: readonly (readonly [startMs: number, bySeries: ReadonlyMap<number, Rollup>])[],
): Point {
  const sums = ofStep
    .toSorted(([a], [b]) => a - b)
    .map(([, bySeries]) => {
      const rollups = [...bySeries.values()];
      const total = (of: (rollup: Rollup) => number): number =>
        rollups.reduce((all, rollup) => all + of(rollup), 0);
      return {
        count: total(({ count }) => count),
        mean: total((rollup) => rollup.sum / rollup.count),
        min: total(({ min }) => min),
        max: total(({ max }) => max),
        last: total(({ last }) => last),
      };
    });
  return {
    atMs,
    count: sums.reduce((all, { count }) => all + count, 0),
    mean: sums.reduce((all, { mean }) => all + mean, 0) / sums.length,
    min: Math.min(...sums.map(({ min }) => min)),
    max: Math.max(...sums.map(({ max }) => max)),
    last: (sums.at(-1) as (typeof sums)[number]).last,
    quantiles: [],
  };
}

/** By their own number, and by that of their family. */
function indexOf(found: readonly FoundSeries[]): ReadonlyMap<number, FoundSeries> {
  return new Map(
    found.flatMap((series) => [
      [series.id, series],
      [familySeries(series.family_id), series],
    ]),
  );
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

function mapOf<Value>(map: ReadonlyMap<string, Value>, of: (value: Value) => Point[]): Lines {
  return new Map([...map].map(([name, value]) => [name, of(value)]));
}
