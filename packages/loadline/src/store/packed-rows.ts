import type { Statement } from '../postgres/index.ts';
import type { RollupFigures } from './rollup.ts';
import { rollupColumns } from './rollup-rows.ts';
import type { Level } from './series-query.ts';

/**
 * What a chart is made of comes as one value: the server puts the rows together, one after the other. Thousands of rows
 * with a histogram each take a third of the time that they take as rows, most of which is reading texts.
 *
 *     series int4 │ start ms │ count │ sum │ min │ max │ last │ last at ms │ length int4 │ histogram │ …
 *                 └─ float8, big-endian as PostgreSQL sends them ──────────┘
 */
export interface PackedRows {
  readonly count: number;
  /** In base64: the client reads every value as text, in which PostgreSQL writes a byte as two digits. */
  readonly packed: string | null;
}

/** A rollup, or a raw row that is in none yet, which has the count 0. */
export interface ReadRow {
  readonly seriesId: number;
  readonly startMs: number;
  readonly figures: RollupFigures;
  readonly histogram: Uint8Array | null;
}

export function unpackRows(base64: string): Generator<ReadRow> {
  return rowsOf(Buffer.from(base64, 'base64'));
}

/** One row after the other; histograms are views of the bytes. */
export function* rowsOf(packed: Buffer): Generator<ReadRow> {
  const view = new DataView(packed.buffer, packed.byteOffset, packed.byteLength);
  for (let at = 0; at < packed.length; ) {
    const figures = {
      count: view.getFloat64(at + 12),
      sum: view.getFloat64(at + 20),
      min: view.getFloat64(at + 28),
      max: view.getFloat64(at + 36),
      last: view.getFloat64(at + 44),
      lastAtMs: view.getFloat64(at + 52),
    };
    const end = at + headBytes + view.getInt32(at + 60);
    const histogram = end === at + headBytes ? null : packed.subarray(at + headBytes, end);
    yield { seriesId: view.getInt32(at), startMs: view.getFloat64(at + 4), figures, histogram };
    at = end;
  }
}

const headBytes = 64;

/** Writes the figures of raw rows with a histogram beside it, so that whoever reads them again and again need not work them out. */
export function fillFigures(packed: Buffer, figuresOf: (row: ReadRow) => RollupFigures): void {
  let at = 0;
  for (const row of rowsOf(packed)) {
    const { histogram, figures } = row;
    if (histogram !== null && figures.count === 0) {
      const { count, sum, min, max, last, lastAtMs } = figuresOf(row);
      for (const [place, figure] of [count, sum, min, max, last, lastAtMs].entries())
        packed.writeDoubleBE(figure, at + 12 + 8 * place);
    }
    at += headBytes + (histogram?.length ?? 0);
  }
}

/** Puts rows together, of a column each: `series_id`, those of `figures` and `histogram`. */
function packedRows(): string {
  const double = (column: string): string => `float8send(coalesce(${column}, 0))`;
  const figures = ['start_ms', 'count', 'sum', 'min', 'max', 'last', 'last_at_ms'].map(double).join(' || ');
  return `encode(string_agg((int4send(series_id) || ${figures}
        || int4send(coalesce(octet_length(histogram), 0))) || coalesce(histogram, ''), ''::bytea), 'base64')`;
}

// A raw histogram is always read: its mean stands in metric_value, but not how many values that was of.
const raw = `SELECT p.series_id, (extract(epoch FROM p.timestamp) * 1000)::float8 AS start_ms, NULL::float8 AS count,
    NULL::float8 AS sum, NULL::float8 AS min, NULL::float8 AS max, p.metric_value AS last, NULL::float8 AS last_at_ms,
    p.histogram FROM performance_metrics p`;

/**
 * Raw rows of the series `$1` from the moment `$2` on, and at which state of the database they were read. Where one before is
 * given, only what it did not show: of transactions from `$4` on, or of `$5`, which were under way then. `$3` is a limit.
 */
export const newRowsStatement: Statement = {
  name: 'store series new rows',
  text: `SELECT count(*)::int AS count, CASE WHEN count(*) < $3 THEN ${packedRows()} END AS packed,
        pg_current_snapshot()::text AS snapshot, pg_postmaster_start_time()::text AS server
      FROM (${raw} WHERE p.series_id = ANY($1::int[]) AND p.timestamp >= to_timestamp($2::float8 / 1000)
        AND ($4::xid IS NULL OR age(p.xmin) <= age($4::xid) OR p.xmin = ANY($5::xid[])) LIMIT $3) r`,
};

/**
 * `$1` the series, `$2` to `$3` the window, `$4` from when on writers have raw rows that are in no minute, `$5` a limit;
 * for hours `$6` their series, which may be families.
 */
export function readStatement(
  level: Level,
  withHistograms: boolean,
): { readonly name: string; readonly text: string } {
  return {
    name: `store series ${level}${withHistograms ? ' with histograms' : ''}`,
    // What is too much is counted and not sent.
    text: `SELECT count(*)::int AS count, CASE WHEN count(*) < $5 THEN ${packedRows()} END
        AS packed
      FROM (${partsOf(level, withHistograms).join(' UNION ALL ')} LIMIT $5) r`,
  };
}

/** The rows of a level, and of what is finer where that is not in the level yet. */
function partsOf(level: Level, withHistograms: boolean): string[] {
  const histogram = withHistograms ? 'm.histogram' : 'NULL::bytea';
  const between = (column: string, from = '$2'): string =>
    `${column} >= to_timestamp(${from}::float8 / 1000) AND ${column} < to_timestamp($3::float8 / 1000)`;
  const isOurs = (table: string): string => `${table}.series_id = ANY($1::int[])`;
  if (level === 'raw') {
    return [`${raw} WHERE ${isOurs('p')} AND ${between('p.timestamp', '$4')} AND ${between('p.timestamp')}`];
  }
  const tail = `${raw} JOIN metric_writers w ON w.id = p.writer_id AND p.timestamp >= w.rolled_until
    WHERE ${isOurs('p')} AND ${between('p.timestamp', '$4')}`;
  const minutes = `SELECT ${rollupColumns('minute')}, ${histogram} AS histogram FROM metric_minutes m`;
  if (level === 'minute') return [`${minutes} WHERE ${isOurs('m')} AND ${between('m.minute')}`, tail];
  return [
    `SELECT ${rollupColumns('hour')}, ${histogram} AS histogram FROM metric_hours m
      WHERE m.series_id = ANY($6::int[]) AND ${between('m.hour')}`,
    `${minutes} JOIN metric_writers w ON w.id = m.writer_id AND m.minute >= date_trunc('hour', w.rolled_until, 'UTC')
      WHERE ${isOurs('m')} AND ${between('m.minute')}
        AND m.minute >= date_trunc('hour', to_timestamp($4::float8 / 1000), 'UTC')`,
    tail,
  ];
}
