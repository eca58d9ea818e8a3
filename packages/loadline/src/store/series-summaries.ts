import { setImmediate } from 'node:timers/promises';
import type { Histogram } from '../metrics/index.ts';
import type { Postgres, Queryable } from '../postgres/index.ts';
import { storeError } from './errors.ts';
import { FollowedRows } from './followed-rows.ts';
import { type PackedRows, type ReadRow, readStatement, unpackRows } from './packed-rows.ts';
import { floorTo, minuteMs, Rollup, type RollupFigures } from './rollup.ts';
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
  /** A shorter one begins with a whole minute as well: a fifth of the rows are read then. */
  readonly hasWholeMinutes?: boolean;
  /**
   * It is asked again and again, as the window moves on: what was read stays in memory, some 10 MB at most, and only what came
   * since is read. The answer is the same. Of eight questions, and not of windows that begin with a whole minute.
   */
  readonly isFollowed?: boolean;
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

/** Reads summaries of one database, and knows the series that it has read before. */
export class SummaryReader {
  readonly #postgres: Postgres;
  readonly #known = new Map<number, SeriesRow>();
  readonly #followed = new Map<string, FollowedRows>();

  constructor(postgres: Postgres) {
    this.#postgres = postgres;
  }

  /** @throws STORE_QUERY_INVALID, STORE_QUERY_TOO_LARGE above 10,000 series or 50,000 rows. */
  async read(query: SummaryQuery): Promise<readonly Summary[]> {
    assertValid(query);
    const isLong = query.toMs - query.fromMs > exactMsMax;
    const level = isLong || query.hasWholeMinutes === true ? 'minute' : 'raw';
    if (level === 'raw' && query.isFollowed === true) return this.#follow(query);
    const fromMs = level === 'raw' ? query.fromMs : floorTo(minuteMs, query.fromMs);
    const { found, rows } = await this.#inTransaction(async (transaction) => {
      const found = await this.#find(transaction, query);
      return { found, rows: await readRows(transaction, found, { level, fromMs, toMs: query.toMs }) };
    });
    return summarise(rows, found);
  }

  /** Where there is too much to be kept, it is read as ever, which says whether it is too much to be read. */
  async #follow(query: SummaryQuery): Promise<readonly Summary[]> {
    const { fromMs, toMs } = query;
    const followed = this.#followedBy(query);
    const { found, rows } = await followed.inTurn(() =>
      this.#inTransaction(async (transaction) => {
        const found = await this.#find(transaction, query);
        const units = new Map(found.map(({ id, unit }) => [id, unit]));
        const figuresOf = (row: ReadRow): RollupFigures => figuresIn(row, units.get(row.seriesId) as string);
        const window = { ids: [...units.keys()], fromMs, toMs, rowsMax, figuresOf };
        const kept = await followed.read(transaction, window);
        return { found, rows: kept ?? (await readRows(transaction, found, { level: 'raw', fromMs, toMs })) };
      }),
    );
    return summarise(rows, found);
  }

  #followedBy({ metrics, service, fromMs, toMs }: SummaryQuery): FollowedRows {
    const key = JSON.stringify([metrics, service, toMs - fromMs]);
    const known = this.#followed.get(key) ?? new FollowedRows();
    // The one that was asked longest ago gives way.
    this.#followed.delete(key);
    this.#followed.set(key, known);
    const [oldest] = this.#followed.keys();
    if (oldest !== undefined && this.#followed.size > followedMax) this.#followed.delete(oldest);
    return known;
  }

  #inTransaction<Value>(work: (transaction: Queryable) => Promise<Value>): Promise<Value> {
    return this.#postgres.transaction(work, { isolation: 'repeatable read', readOnly: true });
  }

  /** What a series is never changes, and to read thousands of them takes longer than to read what they were. */
  async #find(transaction: Queryable, { metrics, service }: SummaryQuery): Promise<readonly SeriesRow[]> {
    const { rows } = await transaction.query<{ ids: readonly number[] | null }>(statements.find, [
      metrics,
      service ?? null,
      seriesMax + 1,
    ]);
    const ids = rows[0]?.ids ?? [];
    if (ids.length > seriesMax) throw tooLarge(`there are more than ${seriesMax} series of them`);
    const missing = ids.filter((id) => !this.#known.has(id));
    if (missing.length > 0) await this.#learn(transaction, ids, missing);
    return ids.map((id) => this.#known.get(id) as SeriesRow);
  }

  async #learn(transaction: Queryable, wanted: readonly number[], missing: readonly number[]): Promise<void> {
    // Forgotten all at once; those that are asked for again and again are there again after a moment.
    const isFull = this.#known.size + missing.length > knownMax;
    if (isFull) this.#known.clear();
    const values = [literal(isFull ? wanted : missing)];
    const { rows } = await transaction.query<SeriesRow>(statements.learn, values);
    for (const row of rows) this.#known.set(row.id, row);
  }
}

const exactMsMax = 10 * minuteMs;
const metricsMax = 1000;
const seriesMax = 10_000;
const knownMax = 2 * seriesMax;
const followedMax = 8;
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

async function readRows(
  transaction: Queryable,
  found: readonly SeriesRow[],
  {
    level,
    fromMs,
    toMs,
  }: { readonly level: 'raw' | 'minute'; readonly fromMs: number; readonly toMs: number },
): Promise<Iterable<ReadRow>> {
  if (found.length === 0) return [];
  const openMs = level === 'raw' ? fromMs : await openSince(transaction, toMs);
  const { rows } = await transaction.query<PackedRows>(readStatement(level, true), [
    literal(found.map(({ id }) => id)),
    fromMs,
    toMs,
    Math.max(openMs, fromMs),
    rowsMax + 1,
  ]);
  const { count, packed } = rows[0] as PackedRows;
  if (count > rowsMax) throw tooLarge(`they have more than ${rowsMax} rows in that window`);
  return packed === null ? [] : unpackRows(packed);
}

/** From when on something is in raw rows alone; without a writer nothing is. */
async function openSince(transaction: Queryable, toMs: number): Promise<number> {
  const { rows } = await transaction.query<{ open_ms: number | null }>(statements.openSince);
  return rows[0]?.open_ms ?? toMs;
}

/** Adds rows up, and lets others have their turn in between. */
async function summarise(rows: Iterable<ReadRow>, found: readonly SeriesRow[]): Promise<readonly Summary[]> {
  const byId = new Map(found.map((row) => [row.id, { row, rollup: new Rollup(), scale: scaleOf(row.unit) }]));
  let count = 0;
  for (const row of rows) {
    const own = byId.get(row.seriesId);
    if (own !== undefined) addRow(own.rollup, row, own.scale);
    if (++count % rowsAtOnce === 0) await setImmediate();
  }
  return [...byId.values()].flatMap(({ row, rollup }) => (rollup.count === 0 ? [] : summaryOf(row, rollup)));
}

/** Some 2 ms, where each has a histogram. */
const rowsAtOnce = 50;

/** Of a raw row with a histogram. */
function figuresIn(row: ReadRow, unit: string): RollupFigures {
  const rollup = new Rollup();
  addRow(rollup, row, scaleOf(unit));
  return rollup;
}

function addRow(rollup: Rollup, { startMs, figures, histogram }: ReadRow, scale: number): void {
  if (figures.count > 0) rollup.mergeKept(figures, histogram);
  else if (histogram === null) rollup.addNumber(figures.last, startMs, scale);
  else rollup.addEncoded(histogram, startMs, scale);
}

function summaryOf(row: SeriesRow, rollup: Rollup): Summary {
  const { metric_type, service_name, endpoint, instance, unit, labels } = row;
  const series: Series = {
    metric: metric_type,
    service: service_name,
    ...(endpoint === '' ? {} : { endpoint }),
    ...(instance === '' ? {} : { instance }),
    unit,
    ...(Object.keys(labels).length === 0 ? {} : { labels }),
  };
  const { count, sum, min, max, last, lastAtMs } = rollup;
  return {
    series,
    count,
    mean: sum / count,
    min,
    max,
    last,
    lastAtMs,
    // Of thousands of series few are asked for theirs.
    get histogram() {
      return rollup.histogram;
    },
  };
}

const statements = {
  find: {
    name: 'store summaries find',
    // OFFSET 0 keeps the limit out of the plan: it would rather look through all series in the order of their ids.
    text: `SELECT array_agg(id) AS ids FROM (SELECT id FROM (SELECT id FROM metric_series
        WHERE metric_type = ANY($1::text[]) AND ($2::text IS NULL OR service_name = $2) OFFSET 0) m
      ORDER BY id LIMIT $3) s`,
  },
  learn: {
    name: 'store summaries learn',
    text: `SELECT id, metric_type, service_name, endpoint, instance, unit, labels FROM metric_series
      WHERE id = ANY($1::int[])`,
  },
  openSince: {
    name: 'store series open',
    text: 'SELECT (extract(epoch FROM min(rolled_until)) * 1000)::float8 AS open_ms FROM metric_writers',
  },
} as const;
