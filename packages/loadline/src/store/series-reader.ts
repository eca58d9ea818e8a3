import type { Postgres, Queryable } from '../postgres/index.ts';
import { storeError } from './errors.ts';
import { floorTo, Rollup } from './rollup.ts';
import { figuresOf, literal, type RollupRow, rollupColumns } from './rollup-rows.ts';
import { type Series, scaleOf } from './sample.ts';
import { planRead, type ReadPlan } from './series-level.ts';
import type { Latest, LatestQuery, Level, Line, Point, SeriesAnswer, SeriesQuery } from './series-query.ts';

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
        const rows = await readRows(transaction, found, plan, (query.quantiles ?? []).length > 0);
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
const rowsMax = 500_000;
const latestMax = 20_000;

function tooLarge(what: string, found: string): Error {
  return storeError(
    'STORE_QUERY_TOO_LARGE',
    `Cannot read ${what}: ${found}. Name a service or an instance, take a shorter window or a longer step.`,
  );
}

interface SeriesRow {
  readonly id: number;
  readonly metric_type: string;
  readonly service_name: string;
  readonly endpoint: string;
  readonly instance: string;
  readonly unit: string;
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

/** A rollup, or a raw row that is not in one yet, which has no count. */
type ReadRow = RollupRow | RawRow;

interface RawRow {
  readonly series_id: number;
  readonly start_ms: number;
  readonly count: null;
  readonly last: number;
  readonly histogram: Uint8Array | null;
}

async function readRows(
  transaction: Queryable,
  found: readonly SeriesRow[],
  { level, fromMs, toMs }: ReadPlan,
  withHistograms: boolean,
): Promise<readonly ReadRow[]> {
  if (found.length === 0) return [];
  const statement = (withHistograms ? withHistogram : withoutHistogram)[level];
  const { rows: writers } = await transaction.query<{ open_ms: number | null }>(statements.openSince);
  // Without an open writer there is no tail to look for.
  const openMs = level === 'raw' ? fromMs : (writers[0]?.open_ms ?? toMs);
  const ids = literal(found.map(({ id }) => id));
  const { rows } = await transaction.query<ReadRow>(statement, [
    ids,
    fromMs,
    toMs,
    Math.max(openMs, fromMs),
    rowsMax + 1,
  ]);
  if (rows.length > rowsMax)
    throw tooLarge('the series', `they have more than ${rowsMax} rows in that window`);
  return rows;
}

/** Merges what was read into a line of points for each name. */
function drawLines(
  rows: readonly ReadRow[],
  found: readonly SeriesRow[],
  { stepMs }: ReadPlan,
  { by, quantiles = [] }: SeriesQuery,
): Line[] {
  const byId = new Map(found.map((series) => [series.id, { series, scale: scaleOf(series.unit) }]));
  const lines = new Map<string, Map<number, { rollup: Rollup; scale: number }>>();
  for (const row of rows) {
    const { series, scale } = byId.get(row.series_id) as { series: SeriesRow; scale: number };
    const name = nameOf(series, by);
    let steps = lines.get(name);
    if (steps === undefined) {
      steps = new Map();
      lines.set(name, steps);
    }
    const startMs = floorTo(stepMs, row.start_ms);
    let step = steps.get(startMs);
    if (step === undefined) {
      step = { rollup: new Rollup(), scale };
      steps.set(startMs, step);
    }
    add(step.rollup, row, scale);
  }
  return [...lines]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, steps]) => ({
      name,
      points: [...steps]
        .sort(([a], [b]) => a - b)
        .map(([atMs, { rollup, scale }]) => pointOf(atMs, rollup, scale, quantiles)),
    }));
}

function nameOf(series: SeriesRow, by: SeriesQuery['by']): string {
  if (by === undefined) return '';
  return by === 'service' ? series.service_name : series[by];
}

function add(rollup: Rollup, row: ReadRow, scale: number): void {
  if (row.count === null) {
    if (row.histogram === null) rollup.addNumber(row.last, row.start_ms, scale);
    else rollup.addEncoded(row.histogram, row.start_ms, scale);
  } else {
    rollup.mergeKept(figuresOf(row), row.histogram);
  }
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

function seriesOf(row: Omit<SeriesRow, 'id'> & { labels: Record<string, string> }): Series {
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

type LatestRow = Omit<SeriesRow, 'id'> & {
  readonly labels: Record<string, string>;
  readonly at_ms: number;
  readonly value: number;
};

/** The rows of a level and of what is finer, where that is not in the level yet. */
function statementOf(level: Level, withHistograms: boolean): { name: string; text: string } {
  const histogram = (of: string): string => (withHistograms ? `${of}.histogram` : 'NULL::bytea AS histogram');
  const between = (column: string, from = '$2'): string =>
    `${column} >= to_timestamp(${from}::float8 / 1000) AND ${column} < to_timestamp($3::float8 / 1000)`;
  // Of a histogram the mean stands in metric_value, but not how many values that was of: it is always read.
  const raw = `SELECT p.series_id, (extract(epoch FROM p.timestamp) * 1000)::float8 AS start_ms, NULL::float8 AS count,
    NULL::float8 AS sum, NULL::float8 AS min, NULL::float8 AS max, p.metric_value AS last, NULL::float8 AS last_at_ms,
    p.histogram FROM performance_metrics p`;
  const tail = `${raw} JOIN metric_writers w ON w.id = p.writer_id AND p.timestamp >= w.rolled_until
    WHERE p.series_id = ANY($1::int[]) AND ${between('p.timestamp', '$4')}`;
  const ofMinutes = `SELECT ${rollupColumns('minute')}, ${histogram('m')} FROM metric_minutes m`;
  const isOurs = 'm.series_id = ANY($1::int[])';
  const parts = {
    raw: [
      `${raw} WHERE p.series_id = ANY($1::int[]) AND ${between('p.timestamp', '$4')} AND ${between('p.timestamp')}`,
    ],
    minute: [`${ofMinutes} WHERE ${isOurs} AND ${between('m.minute')}`, tail],
    hour: [
      `SELECT ${rollupColumns('hour')}, ${histogram('m')} FROM metric_hours m WHERE ${isOurs} AND ${between('m.hour')}`,
      `${ofMinutes} JOIN metric_writers w ON w.id = m.writer_id AND m.minute >= date_trunc('hour', w.rolled_until, 'UTC')
        WHERE ${isOurs} AND ${between('m.minute')}
          AND m.minute >= date_trunc('hour', to_timestamp($4::float8 / 1000), 'UTC')`,
      tail,
    ],
  };
  return {
    name: `store series ${level}${withHistograms ? ' with histograms' : ''}`,
    text: `${parts[level].join(' UNION ALL ')} LIMIT $5`,
  };
}

const all: readonly Level[] = ['raw', 'minute', 'hour'];
const statementsOf = (withHistograms: boolean): Record<Level, { name: string; text: string }> =>
  Object.fromEntries(all.map((level) => [level, statementOf(level, withHistograms)])) as Record<
    Level,
    { name: string; text: string }
  >;
const withHistogram = statementsOf(true);
const withoutHistogram = statementsOf(false);

const statements = {
  find: {
    name: 'store series find by name',
    text: `SELECT id, metric_type, service_name, endpoint, instance, unit FROM metric_series
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
