import type { Queryable } from '../postgres/index.ts';
import { floorTo, hourMs, type RollupEntry, type RollupFigures, RollupTable } from './rollup.ts';

/** Where rollups are kept: a row for each series, span and writer, so that no two processes change the same row. */
export interface RollupLevel {
  readonly table: 'metric_minutes' | 'metric_hours';
  readonly start: 'minute' | 'hour';
}

export const minutes: RollupLevel = { table: 'metric_minutes', start: 'minute' };
export const hours: RollupLevel = { table: 'metric_hours', start: 'hour' };

/** Writes rollups, in place of what is there. Gives back how many. */
export async function saveRollups(
  transaction: Queryable,
  level: RollupLevel,
  writerId: number,
  entries: Iterable<RollupEntry>,
): Promise<number> {
  let saved = 0;
  let part: RollupEntry[] = [];
  const flush = async (): Promise<void> => {
    if (part.length === 0) return;
    await transaction.query(saveStatements[level.start], [writerId, ...columnsOf(part)]);
    saved += part.length;
    part = [];
  };
  for (const entry of entries) {
    if (part.push(entry) === rowsMax) await flush();
  }
  await flush();
  return saved;
}

/** Rows of one statement: few enough that encoding them does not hold up the event loop for long. */
const rowsMax = 100;

/** Adds to rollups what is kept of the same series, spans and writer, so that they can be saved in its place. */
export async function mergeKept(
  transaction: Queryable,
  level: RollupLevel,
  writerId: number,
  rollups: RollupTable,
): Promise<void> {
  const entries = [...rollups.before(Number.POSITIVE_INFINITY)];
  for (let from = 0; from < entries.length; from += rowsMax) {
    const part = entries.slice(from, from + rowsMax);
    const starts = part.map(({ startMs }) => startMs);
    const { rows } = await transaction.query<RollupRow>(keptStatements[level.start], [
      writerId,
      literal(part.map(({ series }) => series)),
      literal(starts),
      Math.min(...starts),
      Math.max(...starts),
    ]);
    for (const row of rows) rollups.at(row.start_ms, row.series_id).mergeKept(figuresOf(row), row.histogram);
  }
}

/**
 * Makes the hours of a writer out of its minutes, those that end by `untilMs`; without an end also the hour that has
 * only begun.
 */
export async function rollHours(
  transaction: Queryable,
  writerId: number,
  { fromMs, untilMs }: { readonly fromMs: number; readonly untilMs: number },
): Promise<void> {
  const startMs = floorTo(hourMs, fromMs);
  const endMs = Number.isFinite(untilMs) ? floorTo(hourMs, untilMs) : untilMs;
  if (endMs <= startMs) return;
  const families = new RollupTable();
  const { rows: found } = await transaction.query<SeriesOfFamily>(statements.seriesOf, [
    writerId,
    startMs,
    endMs,
  ]);
  for (let from = 0; from < found.length; from += seriesOfRound) {
    const familyOf = new Map(
      found.slice(from, from + seriesOfRound).map(({ series_id, family_id }) => [series_id, family_id]),
    );
    const values = [writerId, startMs, endMs, literal([...familyOf.keys()])];
    const { rows } = await transaction.query<RollupRow>(statements.minutesOf, values);
    const rolled = new RollupTable();
    for (const row of rows) {
      rolled.at(floorTo(hourMs, row.start_ms), row.series_id).mergeKept(figuresOf(row), row.histogram);
    }
    await saveRollups(transaction, hours, writerId, rolled.before(Number.POSITIVE_INFINITY));
    for (const { startMs, series, rollup } of rolled.before(Number.POSITIVE_INFINITY)) {
      families.at(startMs, familySeries(familyOf.get(series) as number)).merge(rollup);
    }
  }
  await saveRollups(transaction, hours, writerId, families.before(Number.POSITIVE_INFINITY));
}

interface SeriesOfFamily {
  readonly series_id: number;
  readonly family_id: number;
}

/**
 * A family is all series of one metric, service and unit. Its hours are kept as those of a series too, under a number
 * below zero: a month of a service is then a row an hour, however many instances and endpoints it has.
 */
export function familySeries(familyId: number): number {
  return -familyId;
}

/** Adds to rollups of series those of their families. */
export async function addFamilies(transaction: Queryable, rollups: RollupTable): Promise<void> {
  const entries = [...rollups.before(Number.POSITIVE_INFINITY)];
  if (entries.length === 0) return;
  const ids = literal([...new Set(entries.map(({ series }) => series))]);
  const { rows } = await transaction.query<SeriesOfFamily>(statements.familiesOf, [ids]);
  const familyOf = new Map(rows.map(({ series_id, family_id }) => [series_id, family_id]));
  for (const { startMs, series, rollup } of entries) {
    rollups.at(startMs, familySeries(familyOf.get(series) as number)).merge(rollup);
  }
}

/** Their minutes of an hour are 1,200 rows: a few milliseconds of merging. */
const seriesOfRound = 20;

/** A kept rollup as it is read. */
export interface RollupRow {
  readonly series_id: number;
  readonly start_ms: number;
  readonly count: number;
  readonly sum: number;
  readonly min: number;
  readonly max: number;
  readonly last: number;
  readonly last_at_ms: number;
  readonly histogram: Uint8Array | null;
}

function figuresOf({ count, sum, min, max, last, last_at_ms }: RollupRow): RollupFigures {
  return { count, sum, min, max, last, lastAtMs: last_at_ms };
}

/** The columns of `RollupRow`; the histogram apart. */
export function rollupColumns(start: RollupLevel['start']): string {
  return `m.series_id, (extract(epoch FROM m.${start}) * 1000)::float8 AS start_ms, m.count::float8 AS count, m.sum, m.min,
    m.max, m.last, (extract(epoch FROM m.last_at) * 1000)::float8 AS last_at_ms`;
}

/** Numbers as PostgreSQL writes an array; the client's own way escapes each of them as if it were a text. */
export function literal(numbers: ArrayLike<number>): string {
  return `{${Array.prototype.join.call(numbers, ',')}}`;
}

/** Bytes as an array of `bytea`; undefined becomes NULL. */
export function bytesLiteral(all: readonly (Uint8Array | undefined)[]): string {
  const items = all.map((bytes) => {
    if (bytes === undefined) return 'NULL';
    return `"\\\\x${Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex')}"`;
  });
  return `{${items.join(',')}}`;
}

function columnsOf(entries: readonly RollupEntry[]): string[] {
  const column = (read: (entry: RollupEntry) => number): string => literal(entries.map(read));
  return [
    column(({ series }) => series),
    column(({ startMs }) => startMs),
    column(({ rollup }) => rollup.count),
    column(({ rollup }) => rollup.sum),
    column(({ rollup }) => rollup.min),
    column(({ rollup }) => rollup.max),
    column(({ rollup }) => rollup.last),
    column(({ rollup }) => rollup.lastAtMs),
    bytesLiteral(entries.map(({ rollup }) => rollup.encodeHistogram())),
  ];
}

function saveStatement({ table, start }: RollupLevel): { name: string; text: string } {
  return {
    name: `store rollups save ${start}`,
    text: `INSERT INTO ${table} (writer_id, series_id, ${start}, count, sum, min, max, last, last_at, histogram)
      SELECT $1, series_id, to_timestamp(start_ms / 1000), count, sum, min, max, last, to_timestamp(last_at_ms / 1000),
        histogram
      FROM unnest($2::int[], $3::float8[], $4::float8[], $5::float8[], $6::float8[], $7::float8[], $8::float8[],
        $9::float8[], $10::bytea[])
        AS r(series_id, start_ms, count, sum, min, max, last, last_at_ms, histogram)
      ON CONFLICT (series_id, ${start}, writer_id) DO UPDATE SET count = excluded.count, sum = excluded.sum,
        min = excluded.min, max = excluded.max, last = excluded.last, last_at = excluded.last_at,
        histogram = excluded.histogram`,
  };
}

function keptStatement({ table, start }: RollupLevel): { name: string; text: string } {
  return {
    name: `store rollups kept ${start}`,
    text: `SELECT ${rollupColumns(start)}, m.histogram
      FROM unnest($2::int[], $3::float8[]) AS k(series_id, start_ms)
      JOIN ${table} m ON m.series_id = k.series_id AND m.${start} = to_timestamp(k.start_ms / 1000)
      WHERE m.writer_id = $1 AND m.${start} BETWEEN to_timestamp($4::float8 / 1000) AND to_timestamp($5::float8 / 1000)`,
  };
}

const saveStatements = { minute: saveStatement(minutes), hour: saveStatement(hours) };
const keptStatements = { minute: keptStatement(minutes), hour: keptStatement(hours) };

const within = `m.writer_id = $1 AND m.minute >= to_timestamp($2::float8 / 1000)
  AND m.minute < to_timestamp($3::float8 / 1000)`;

const statements = {
  seriesOf: {
    name: 'store rollups series',
    text: `SELECT DISTINCT m.series_id, s.family_id FROM metric_minutes m JOIN metric_series s ON s.id = m.series_id
      WHERE ${within} ORDER BY 1`,
  },
  familiesOf: {
    name: 'store rollups families',
    text: 'SELECT id AS series_id, family_id FROM metric_series WHERE id = ANY($1::int[])',
  },
  minutesOf: {
    name: 'store rollups minutes',
    text: `SELECT ${rollupColumns('minute')}, m.histogram FROM metric_minutes m
      WHERE ${within} AND m.series_id = ANY($4::int[])`,
  },
} as const;
