import type { LoadlineError } from '../base/index.ts';
import type { Queryable } from '../postgres/index.ts';
import { storeError } from './errors.ts';
import { floorTo, hourMs, RollupTable } from './rollup.ts';
import {
  addFamilies,
  bytesLiteral,
  hours,
  literal,
  mergeKept,
  minutes,
  rollHours,
  saveRollups,
} from './rollup-rows.ts';
import type { SampleBlock } from './sample-block.ts';
import type { KnownSeries } from './series-book.ts';

/**
 * What a writer does to the tables, each within a transaction that begins with `touchWriter`.
 *
 * A writer is a process as the database knows it: a row of `metric_writers` with the moment until which its minutes are
 * rolled up. What it has written after that moment is in raw rows alone; what before, also in minutes; and in hours as
 * far as these had ended. The rows change together with the moment, so this holds whoever is killed when.
 */

/** Makes one whose minutes count as rolled up until a moment. */
export async function registerWriter(
  queryable: Queryable,
  name: string,
  rolledUntilMs: number,
): Promise<number> {
  const { rows } = await queryable.query<{ id: number }>(statements.register, [name, rolledUntilMs]);
  return (rows[0] as { id: number }).id;
}

/**
 * Says that the writer is alive, and gives the number of the transaction, by which `wasCommitted` can tell later what
 * became of it. Undefined where the writer has been taken for dead and is gone.
 */
export async function touchWriter(transaction: Queryable, writerId: number): Promise<string | undefined> {
  const { rows } = await transaction.query<{ xid: string }>(statements.touch, [writerId]);
  return rows[0]?.xid;
}

/** Whether a transaction whose COMMIT got no answer was committed; undefined while it is still under way. */
export async function wasCommitted(queryable: Queryable, xid: string): Promise<boolean | undefined> {
  const { rows } = await queryable.query<{ status: string | null }>(statements.status, [xid]);
  const status = rows[0]?.status;
  return status === 'in progress' ? undefined : status === 'committed';
}

/** Adds samples as rows of `performance_metrics`; their texts come from the dictionary. */
export async function insertSamples(
  transaction: Queryable,
  writerId: number,
  blocks: readonly SampleBlock[],
): Promise<void> {
  for (const { count, series, seriesAt, atMs, values, histograms } of blocks) {
    const ids = new Int32Array(count);
    for (let at = 0; at < count; at++) ids[at] = series[seriesAt[at] as number]?.id as number;
    const columns = [
      writerId,
      literal(ids),
      literal(atMs.subarray(0, count)),
      literal(values.subarray(0, count)),
    ];
    const hasHistograms = histograms.size > 0;
    if (hasHistograms)
      columns.push(bytesLiteral(Array.from({ length: count }, (_, at) => histograms.get(at))));
    const statement = hasHistograms ? statements.insertAll : statements.insertNumbers;
    const { rowCount } = await transaction.query(statement, columns);
    if (rowCount !== count) throw seriesLost(series);
  }
}

/** A row finds its texts by its series. After a restore of the database these may have gone, and are looked up anew. */
function seriesLost(series: readonly KnownSeries[]): LoadlineError {
  for (const known of series) known.id = undefined;
  return storeError('STORE_SERIES_LOST', 'Cannot write samples: their series have gone from metric_series.');
}

/** Adds what came too late for minutes that are rolled up, to these and to hours that are. */
export async function mergeLate(
  transaction: Queryable,
  writerId: number,
  late: RollupTable,
  rolledUntilMs: number,
): Promise<void> {
  const lateHours = new RollupTable();
  for (const { startMs, series, rollup } of late.before(floorTo(hourMs, rolledUntilMs))) {
    lateHours.at(floorTo(hourMs, startMs), series).merge(rollup);
  }
  await addFamilies(transaction, lateHours);
  await mergeKept(transaction, minutes, writerId, late);
  await saveRollups(transaction, minutes, writerId, late.before(Number.POSITIVE_INFINITY));
  await mergeKept(transaction, hours, writerId, lateHours);
  await saveRollups(transaction, hours, writerId, lateHours.before(Number.POSITIVE_INFINITY));
}

/** Rolls up the minutes before a moment, and the hours that have ended by it. Gives back how many minutes of series. */
export async function rollUp(
  transaction: Queryable,
  writerId: number,
  open: Pick<RollupTable, 'before'>,
  { rolledUntilMs, untilMs }: { readonly rolledUntilMs: number; readonly untilMs: number },
): Promise<number> {
  const saved = await saveRollups(transaction, minutes, writerId, open.before(untilMs));
  await rollHours(transaction, writerId, { fromMs: rolledUntilMs, untilMs });
  if (Number.isFinite(untilMs)) await transaction.query(statements.advance, [writerId, untilMs]);
  // Without an end it was the last time: the writer is no more, and its hours are as complete as they will be.
  else await transaction.query(statements.remove, [writerId]);
  return saved;
}

const insert = `INSERT INTO performance_metrics (metric_type, service_name, endpoint, metric_value, unit, timestamp,
  metadata, instance, histogram, series_id, writer_id)`;
const samples = `s.metric_type, s.service_name, nullif(s.endpoint, ''), r.value, s.unit, to_timestamp(r.at_ms / 1000),
  s.labels, nullif(s.instance, '')`;

const statements = {
  register: {
    name: 'store writer register',
    text: `INSERT INTO metric_writers (name, rolled_until) VALUES ($1, to_timestamp($2::float8 / 1000)) RETURNING id`,
  },
  touch: {
    name: 'store writer touch',
    text: `UPDATE metric_writers SET seen_at = now() WHERE id = $1 RETURNING pg_current_xact_id()::text AS xid`,
  },
  status: { name: 'store writer status', text: 'SELECT pg_xact_status($1::xid8) AS status' },
  insertNumbers: {
    name: 'store writer numbers',
    text: `${insert} SELECT ${samples}, NULL, s.id, $1
      FROM unnest($2::int[], $3::float8[], $4::float8[]) AS r(id, at_ms, value) JOIN metric_series s ON s.id = r.id`,
  },
  insertAll: {
    name: 'store writer all',
    text: `${insert} SELECT ${samples}, r.histogram, s.id, $1
      FROM unnest($2::int[], $3::float8[], $4::float8[], $5::bytea[]) AS r(id, at_ms, value, histogram)
      JOIN metric_series s ON s.id = r.id`,
  },
  advance: {
    name: 'store writer advance',
    text: 'UPDATE metric_writers SET rolled_until = to_timestamp($2::float8 / 1000) WHERE id = $1',
  },
  remove: { name: 'store writer remove', text: 'DELETE FROM metric_writers WHERE id = $1' },
} as const;
