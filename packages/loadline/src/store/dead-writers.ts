import type { Postgres, Queryable } from '../postgres/index.ts';
import type { CommittedSamples } from './minute-samples.ts';
import { OpenMinutes } from './open-minutes.ts';
import { minuteMs } from './rollup.ts';
import { scaleOf } from './sample.ts';
import { rollUp } from './writer-rows.ts';

/**
 * Rolls up what writers that died have left in raw rows, and removes them. Until somebody does, readers find these rows
 * where they are. Gives back how many writers that were.
 *
 * @param silentMs how long a writer must not have been heard of; by the database's clock.
 */
export async function recoverDeadWriters(postgres: Postgres, silentMs: number): Promise<number> {
  let recovered = 0;
  while (
    await postgres.transaction((transaction) => recoverOne(transaction, silentMs), {
      statementTimeoutMs: 30_000,
    })
  )
    recovered++;
  return recovered;
}

/** The row is locked meanwhile: no second instance does the same, and the writer itself, if it lives, waits and sees. */
async function recoverOne(transaction: Queryable, silentMs: number): Promise<boolean> {
  const { rows } = await transaction.query<{ id: number; rolled_until_ms: number }>(statements.find, [
    silentMs,
  ]);
  const dead = rows[0];
  if (dead === undefined) return false;
  const rebuilt = await rebuildMinutes(transaction, dead.id, dead.rolled_until_ms);
  const span = { rolledUntilMs: dead.rolled_until_ms, untilMs: Number.POSITIVE_INFINITY };
  await rollUp(transaction, dead.id, rebuilt, span);
  return true;
}

/** From the raw rows of a writer since a moment, a slice of time after the other. */
async function rebuildMinutes(
  transaction: Queryable,
  writerId: number,
  fromMs: number,
): Promise<OpenMinutes> {
  const rebuilt = new OpenMinutes();
  const found = await transaction.query<{ minute_ms: number; count: number }>(statements.minutes, [
    writerId,
    fromMs,
  ]);
  for (const { minute_ms, count } of found.rows) {
    const sliceMs = Math.ceil(minuteMs / Math.ceil(count / rowsOfSlice));
    for (let sliceStart = minute_ms; sliceStart < minute_ms + minuteMs; sliceStart += sliceMs) {
      const endMs = Math.min(sliceStart + sliceMs, minute_ms + minuteMs);
      const { rows } = await transaction.query<RawRow>(statements.slice, [writerId, sliceStart, endMs]);
      await rebuilt.add(samplesOf(rows), Number.NEGATIVE_INFINITY);
    }
  }
  return rebuilt;
}

/** Some 5 MB of rows. */
const rowsOfSlice = 20_000;

function samplesOf(rows: readonly RawRow[]): CommittedSamples {
  const histograms = rows.flatMap(({ histogram }, at) =>
    histogram === null ? [] : [[at, histogram] as const],
  );
  return {
    count: rows.length,
    series: rows.map(({ series_id: id, unit }) => ({ id, scale: scaleOf(unit) })),
    seriesAt: Uint32Array.from(rows.keys()),
    atMs: Float64Array.from(rows, ({ at_ms }) => at_ms),
    values: Float64Array.from(rows, ({ value }) => value),
    histograms: new Map(histograms),
  };
}

interface RawRow {
  readonly series_id: number;
  readonly at_ms: number;
  readonly value: number;
  readonly unit: string;
  readonly histogram: Uint8Array | null;
}

const statements = {
  find: {
    name: 'store dead find',
    text: `SELECT id, (extract(epoch FROM rolled_until) * 1000)::float8 AS rolled_until_ms FROM metric_writers
      WHERE seen_at < now() - $1::float8 * interval '1 ms' ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED`,
  },
  minutes: {
    name: 'store dead minutes',
    text: `SELECT floor(extract(epoch FROM timestamp) / 60)::float8 * 60000 AS minute_ms, count(*)::float8 AS count
      FROM performance_metrics WHERE writer_id = $1 AND timestamp >= to_timestamp($2::float8 / 1000) GROUP BY 1 ORDER BY 1`,
  },
  slice: {
    name: 'store dead slice',
    text: `SELECT series_id, (extract(epoch FROM timestamp) * 1000)::float8 AS at_ms, metric_value AS value, unit, histogram
      FROM performance_metrics WHERE writer_id = $1
        AND timestamp >= to_timestamp($2::float8 / 1000) AND timestamp < to_timestamp($3::float8 / 1000)`,
  },
} as const;
