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

export function* unpackRows(base64: string): Generator<ReadRow> {
  const packed = Buffer.from(base64, 'base64');
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

/**
 * `$1` the series, `$2` to `$3` the window, `$4` from when on writers have raw rows that are in no minute, `$5` a limit;
 * for hours `$6` their series, which may be families.
 */
export function readStatement(
  level: Level,
  withHistograms: boolean,
): { readonly name: string; readonly text: string } {
  const double = (column: string): string => `float8send(coalesce(${column}, 0))`;
  const figures = ['start_ms', 'count', 'sum', 'min', 'max', 'last', 'last_at_ms'].map(double).join(' || ');
  return {
    name: `store series ${level}${withHistograms ? ' with histograms' : ''}`,
    // What is too much is counted and not sent.
    text: `SELECT count(*)::int AS count, CASE WHEN count(*) < $5 THEN encode(string_agg((int4send(series_id) || ${figures}
        || int4send(coalesce(octet_length(histogram), 0))) || coalesce(histogram, ''), ''::bytea), 'base64') END
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
  // A raw histogram is always read: its mean stands in metric_value, but not how many values that was of.
  const raw = `SELECT p.series_id, (extract(epoch FROM p.timestamp) * 1000)::float8 AS start_ms, NULL::float8 AS count,
    NULL::float8 AS sum, NULL::float8 AS min, NULL::float8 AS max, p.metric_value AS last, NULL::float8 AS last_at_ms,
    p.histogram FROM performance_metrics p`;
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
