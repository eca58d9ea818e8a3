import { setImmediate } from 'node:timers/promises';
import { Histogram } from '../metrics/index.ts';
import type { Postgres, Queryable } from '../postgres/index.ts';
import { storeError } from './errors.ts';
import { type PackedRows, type ReadRow, readStatement, unpackRows } from './packed-rows.ts';
import { floorTo, minuteMs, type RollupFigures } from './rollup.ts';
import { literal } from './rollup-rows.ts';
import { type Series, scaleOf } from './sample.ts';

/** Asks what each series of some metrics was within one window, for whoever judges them. */
export interface SummaryQuery {
  /** 1 to 1,000 names. */
  readonly metrics: readonly string[];
  /** Only of this one. */
  readonly service?: string;
  /**
   * The window, from its first moment to before its last, in milliseconds since the epoch. To the millisecond up to ten
   * minutes; a longer one begins with a whole minute.
   */
  readonly fromMs: number;
  readonly toMs: number;
}

/** All that was measured of one series within a window. */
export interface Summary {
  readonly series: Series;
  /** How many values; a histogram counts as many as it holds. */
  readonly count: number;
  readonly mean: number;
  readonly min: number;
  readonly max: number;
  /** The latest value; of a histogram its mean. */
  readonly last: number;
  readonly lastAtMs: number;
  /** Of whole numbers, each of which is `scaleOf(unit)` units. */
  readonly histogram: Histogram;
}

/** @throws STORE_QUERY_INVALID, STORE_QUERY_TOO_LARGE above 10,000 series or 50,000 rows. */
export async function readSummaries(postgres: Postgres, query: SummaryQuery): Promise<readonly Summary[]> {
  assertValid(query);
  const level = query.toMs - query.fromMs > exactMsMax ? 'minute' : 'raw';
  const fromMs = level === 'raw' ? query.fromMs : floorTo(minuteMs, query.fromMs);
  const { found, packed } = await postgres.transaction(
    async (transaction) => {
      const found = await findSeries(transaction, query);
      if (found.length === 0) return { found, packed: null };
      const openMs = level === 'raw' ? fromMs : await openSince(transaction, query.toMs);
      const { rows } = await transaction.query<PackedRows>(readStatement(level, true), [
        literal(found.map(({ id }) => id)),
        fromMs,
        query.toMs,
        Math.max(openMs, fromMs),
        rowsMax + 1,
      ]);
      const { count, packed } = rows[0] as PackedRows;
      if (count > rowsMax) throw tooLarge(`they have more than ${rowsMax} rows in that window`);
      return { found, packed };
    },
    { isolation: 'repeatable read', readOnly: true },
  );
  return summarise(packed === null ? [] : unpackRows(packed), found);
}

const exactMsMax = 10 * minuteMs;
const metricsMax = 1000;
const seriesMax = 10_000;
/** Some 50 MB where each holds a histogram. */
const rowsMax = 50_000;

function assertValid({ metrics, fromMs, toMs }: SummaryQuery): void {
  const isWindow = Number.isFinite(fromMs) && Number.isFinite(toMs) && fromMs < toMs;
  if (isWindow && metrics.length >= 1 && metrics.length <= metricsMax) return;
  throw storeError(
    'STORE_QUERY_INVALID',
    `Cannot read summaries: 1 to ${metricsMax} metrics and fromMs before toMs are needed, got ${metrics.length} metrics, ${fromMs} and ${toMs}.`,
  );
}

function tooLarge(found: string): Error {
  return storeError(
    'STORE_QUERY_TOO_LARGE',
    `Cannot read summaries: ${found}. Name a service or fewer metrics, or take a shorter window.`,
  );
}

interface SeriesRow {
  readonly id: number;
  readonly metric_type: string;
  readonly service_name: string;
  readonly endpoint: string;
  readonly instance: string;
  readonly unit: string;
  readonly labels: Readonly<Record<string, string>>;
}

async function findSeries(
  transaction: Queryable,
  { metrics, service }: SummaryQuery,
): Promise<readonly SeriesRow[]> {
  const values = [metrics, service ?? null, seriesMax + 1];
  const { rows } = await transaction.query<SeriesRow>(statements.find, values);
  if (rows.length > seriesMax) throw tooLarge(`there are more than ${seriesMax} series of them`);
  return rows;
}

/** From when on something is in raw rows alone; without a writer nothing is. */
async function openSince(transaction: Queryable, toMs: number): Promise<number> {
  const { rows } = await transaction.query<{ open_ms: number | null }>(statements.openSince);
  return rows[0]?.open_ms ?? toMs;
}

/** Adds rows up, and lets others have their turn in between. */
async function summarise(rows: Iterable<ReadRow>, found: readonly SeriesRow[]): Promise<readonly Summary[]> {
  const byId = new Map(found.map((row) => [row.id, new SummaryInMaking(row)]));
  let count = 0;
  for (const row of rows) {
    byId.get(row.seriesId)?.add(row);
    if (++count % rowsAtOnce === 0) await setImmediate();
  }
  return [...byId.values()].flatMap((each) => each.summary() ?? []);
}

/** Some 10 ms. */
const rowsAtOnce = 1000;

/** What a histogram's bytes hold is merged without making one of them. */
class SummaryInMaking {
  readonly #row: SeriesRow;
  readonly #scale: number;
  readonly #histogram = new Histogram();
  #count = 0;
  #sum = 0;
  #min = Number.POSITIVE_INFINITY;
  #max = Number.NEGATIVE_INFINITY;
  #last = Number.NaN;
  #lastAtMs = Number.NEGATIVE_INFINITY;
  #hasHistograms = false;

  constructor(row: SeriesRow) {
    this.#row = row;
    this.#scale = scaleOf(row.unit);
  }

  add({ startMs, figures, histogram }: ReadRow): void {
    const { last } = figures;
    if (figures.count > 0) {
      this.#addFigures(figures);
      if (histogram !== null) this.#histogram.mergeEncoded(histogram);
    } else if (histogram === null) {
      this.#addFigures({ count: 1, sum: last, min: last, max: last, last, lastAtMs: startMs });
      this.#histogram.record(Math.round(last / this.#scale));
    } else {
      const { count, sum } = this.#histogram;
      this.#histogram.mergeEncoded(histogram);
      this.#hasHistograms = true;
      this.#count += this.#histogram.count - count;
      this.#sum += (this.#histogram.sum - sum) * this.#scale;
      this.#noteLast(last, startMs);
    }
  }

  summary(): Summary | undefined {
    if (this.#count === 0) return undefined;
    const { metric_type, service_name, endpoint, instance, unit, labels } = this.#row;
    const series: Series = {
      metric: metric_type,
      service: service_name,
      ...(endpoint === '' ? {} : { endpoint }),
      ...(instance === '' ? {} : { instance }),
      unit,
      ...(Object.keys(labels).length === 0 ? {} : { labels }),
    };
    const histogram = this.#histogram;
    // Exact where a series is of one kind; of numbers beside histograms the grain is seen.
    const [low, high] = this.#hasHistograms
      ? [histogram.min * this.#scale, histogram.max * this.#scale]
      : [this.#min, this.#max];
    return {
      series,
      count: this.#count,
      mean: this.#sum / this.#count,
      min: Math.min(this.#min, low),
      max: Math.max(this.#max, high),
      last: this.#last,
      lastAtMs: this.#lastAtMs,
      histogram,
    };
  }

  #addFigures({ count, sum, min, max, last, lastAtMs }: RollupFigures): void {
    this.#count += count;
    this.#sum += sum;
    if (min < this.#min) this.#min = min;
    if (max > this.#max) this.#max = max;
    this.#noteLast(last, lastAtMs);
  }

  /** Of two at the same moment the larger, so that it does not depend on who came first. */
  #noteLast(last: number, atMs: number): void {
    if (atMs < this.#lastAtMs || (atMs === this.#lastAtMs && last <= this.#last)) return;
    this.#last = last;
    this.#lastAtMs = atMs;
  }
}

const statements = {
  find: {
    name: 'store summaries find',
    text: `SELECT id, metric_type, service_name, endpoint, instance, unit, labels FROM metric_series
      WHERE metric_type = ANY($1::text[]) AND ($2::text IS NULL OR service_name = $2) ORDER BY id LIMIT $3`,
  },
  openSince: {
    name: 'store series open',
    text: 'SELECT (extract(epoch FROM min(rolled_until)) * 1000)::float8 AS open_ms FROM metric_writers',
  },
} as const;
