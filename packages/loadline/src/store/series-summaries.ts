import type { Histogram } from '../metrics/index.ts';
import type { Postgres, Queryable } from '../postgres/index.ts';
import { storeError } from './errors.ts';
import { type PackedRows, type ReadRow, readStatement, unpackRows } from './packed-rows.ts';
import { floorTo, minuteMs, Rollup } from './rollup.ts';
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
  return postgres.transaction(
    async (transaction) => {
      const found = await findSeries(transaction, query);
      if (found.length === 0) return [];
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
      return summarise(packed === null ? [] : unpackRows(packed), found);
    },
    { isolation: 'repeatable read', readOnly: true },
  );
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

function summarise(rows: Iterable<ReadRow>, found: readonly SeriesRow[]): readonly Summary[] {
  const byId = new Map(found.map((row) => [row.id, { row, scale: scaleOf(row.unit), rollup: new Rollup() }]));
  for (const { seriesId, startMs, figures, histogram } of rows) {
    const { rollup, scale } = byId.get(seriesId) as { rollup: Rollup; scale: number };
    if (figures.count > 0) rollup.mergeKept(figures, histogram);
    else if (histogram === null) rollup.addNumber(figures.last, startMs, scale);
    else rollup.addEncoded(histogram, startMs, scale);
  }
  return [...byId.values()].flatMap(({ row, rollup }) =>
    rollup.count === 0 ? [] : [summaryOf(row, rollup)],
  );
}

function summaryOf(row: SeriesRow, { count, sum, min, max, last, lastAtMs, histogram }: Rollup): Summary {
  const { metric_type, service_name, endpoint, instance, unit, labels } = row;
  const series: Series = {
    metric: metric_type,
    service: service_name,
    ...(endpoint === '' ? {} : { endpoint }),
    ...(instance === '' ? {} : { instance }),
    unit,
    ...(Object.keys(labels).length === 0 ? {} : { labels }),
  };
  return { series, count, mean: sum / count, min, max, last, lastAtMs, histogram };
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
