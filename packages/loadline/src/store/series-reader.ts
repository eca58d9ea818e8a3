import type { Postgres, Queryable } from '../postgres/index.ts';
import { storeError } from './errors.ts';
import { type PackedRows, type ReadRow, readStatement, unpackRows } from './packed-rows.ts';
import { familySeries, literal } from './rollup-rows.ts';
import type { Series } from './sample.ts';
import { planRead, type ReadPlan } from './series-level.ts';
import { drawLines, type FoundSeries } from './series-lines.ts';
import type { Latest, LatestQuery, Level, SeriesAnswer, SeriesQuery } from './series-query.ts';

/**
 * Answers questions about what was measured. A coarse level is read as far as it reaches, what is finer from there
 * on: of writers that live, the minutes of the hour that has not ended and the raw rows of the last minute or two.
 * All of it in one snapshot of the database, so that nothing is counted twice or left out while it is rolled up.
 */
export class SeriesReader {
  readonly #postgres: Postgres;
  readonly #keepMs: Readonly<Record<Level, number>>;

  constructor(postgres: Postgres, keepMs: Readonly<Record<Level, number>>) {
    this.#postgres = postgres;
    this.#keepMs = keepMs;
  }

  async series(query: SeriesQuery, nowMs: number): Promise<SeriesAnswer> {
    const plan = planRead(query, { nowMs, keepMs: this.#keepMs });
    return await this.#postgres.transaction(
      async (transaction) => {
        const found = await findSeries(transaction, query);
        const unit = found[0]?.unit;
        const rows = await readRows(transaction, found, plan, query);
        return { level: plan.level, stepMs: plan.stepMs, unit, lines: drawLines(rows, found, plan, query) };
      },
      { isolation: 'repeatable read', readOnly: true },
    );
  }

  async latest({ metric, service, instance, endpoint, sinceMs }: LatestQuery): Promise<readonly Latest[]> {
    const values = [
      metric ?? null,
      service ?? null,
      instance ?? null,
      endpoint ?? null,
      sinceMs,
      latestMax + 1,
    ];
    const { rows } = await this.#postgres.query<LatestRow>(statements.latest, values);
    if (rows.length > latestMax) throw tooLarge('latest values', `more than ${latestMax} series have one`);
    return rows.map(({ at_ms, value, ...row }) => ({ series: seriesOf(row), atMs: at_ms, value }));
  }
}

const seriesMax = 10_000;
/** Some 30 MB, and a second or so of adding them up. */
const figuresMax = 500_000;
/** Of a kilobyte at most, but for rare ones. */
const histogramsMax = 50_000;
const latestMax = 20_000;

function tooLarge(what: string, found: string): Error {
  return storeError(
    'STORE_QUERY_TOO_LARGE',
    `Cannot read ${what}: ${found}. Name a service or an instance, take a shorter window or a longer step.`,
  );
}

interface SeriesRow extends FoundSeries {
  readonly metric_type: string;
}

async function findSeries(transaction: Queryable, query: SeriesQuery): Promise<readonly SeriesRow[]> {
  const { metric, service = null, instance = null, endpoint = null, unit = null } = query;
  const values = [metric, service, instance, endpoint, unit, seriesMax + 1];
  const { rows } = await transaction.query<SeriesRow>(statements.find, values);
  if (rows.length > seriesMax) throw tooLarge(`the series of ${metric}`, `there are more than ${seriesMax}`);
  const units = new Set(rows.map((row) => row.unit));
  if (units.size <= 1) return rows;
  const message = `Cannot merge the series of ${metric}: they are measured in ${[...units].join(', ')}. Name a unit or a service.`;
  throw storeError('STORE_QUERY_INVALID', message);
}

async function readRows(
  transaction: Queryable,
  found: readonly SeriesRow[],
  { level, fromMs, toMs }: ReadPlan,
  query: SeriesQuery,
): Promise<Iterable<ReadRow>> {
  if (found.length === 0) return [];
  const { rows: writers } = await transaction.query<{ open_ms: number | null }>(statements.openSince);
  // Without an open writer there is no tail to look for.
  const openMs = level === 'raw' ? fromMs : (writers[0]?.open_ms ?? toMs);
  const ids = literal(found.map(({ id }) => id));
  const withHistograms = (query.quantiles ?? []).length > 0;
  const rowsMax = withHistograms ? histogramsMax : figuresMax;
  const { rows } = await transaction.query<PackedRows>(readStatement(level, withHistograms), [
    ids,
    fromMs,
    toMs,
    Math.max(openMs, fromMs),
    rowsMax + 1,
    ...(level === 'hour' ? [hoursOf(found, query)] : []),
  ]);
  const { count, packed } = rows[0] as PackedRows;
  if (count > rowsMax) throw tooLarge('the series', `they have more than ${rowsMax} rows in that window`);
  return packed === null ? [] : unpackRows(packed);
}

/** Whose hours to read: those of families where nothing less is asked for. What is added up is needed by itself. */
function hoursOf(
  found: readonly SeriesRow[],
  { instance, endpoint, by = 'service', combine }: SeriesQuery,
): string {
  const isWhole = instance === undefined && endpoint === undefined && by === 'service' && combine !== 'sum';
  return literal([...new Set(found.map((row) => (isWhole ? familySeries(row.family_id) : row.id)))]);
}

function seriesOf(row: Omit<SeriesRow, 'id' | 'family_id'> & { labels: Record<string, string> }): Series {
  const { metric_type, service_name, endpoint, instance, unit, labels } = row;
  return {
    metric: metric_type,
    service: service_name,
    ...(endpoint === '' ? {} : { endpoint }),
    ...(instance === '' ? {} : { instance }),
    unit,
    ...(Object.keys(labels).length === 0 ? {} : { labels }),
  };
}

type LatestRow = Omit<SeriesRow, 'id' | 'family_id'> & {
  readonly labels: Record<string, string>;
  readonly at_ms: number;
  readonly value: number;
};

const statements = {
  find: {
    name: 'store series find by name',
    text: `SELECT id, family_id, metric_type, service_name, endpoint, instance, unit FROM metric_series
      WHERE metric_type = $1 AND ($2::text IS NULL OR service_name = $2) AND ($3::text IS NULL OR instance = $3)
        AND ($4::text IS NULL OR endpoint = $4) AND ($5::text IS NULL OR unit = $5) ORDER BY id LIMIT $6`,
  },
  openSince: {
    name: 'store series open',
    text: 'SELECT (extract(epoch FROM min(rolled_until)) * 1000)::float8 AS open_ms FROM metric_writers',
  },
  latest: {
    name: 'store series latest',
    text: `SELECT s.metric_type, s.service_name, s.endpoint, s.instance, s.unit, s.labels, l.at_ms, l.value
      FROM metric_series s CROSS JOIN LATERAL (
        SELECT (extract(epoch FROM timestamp) * 1000)::float8 AS at_ms, metric_value AS value FROM performance_metrics p
        WHERE p.series_id = s.id AND p.timestamp >= to_timestamp($5::float8 / 1000) ORDER BY p.timestamp DESC LIMIT 1) l
      WHERE ($1::text IS NULL OR s.metric_type = $1) AND ($2::text IS NULL OR s.service_name = $2)
        AND ($3::text IS NULL OR s.instance = $3) AND ($4::text IS NULL OR s.endpoint = $4) ORDER BY s.id LIMIT $6`,
  },
} as const;
