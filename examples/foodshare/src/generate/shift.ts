import type { Client } from 'pg';

/** Every time that tells when something happened or will, by table. Nothing else of the data depends on the day. */
const timesOf: readonly (readonly [table: string, ...columns: string[]])[] = [
  ['food_posts', 'pickup_time', 'created_at'],
  ['exchanges', 'created_at', 'ended_at'],
  ['ratings', 'created_at'],
  ['user_global_reputation', 'last_activity'],
  ['credit_movements', 'created_at'],
  ['moderation_actions', 'created_at'],
  ['idempotent_requests', 'created_at'],
];

/**
 * Moves the whole history by days, in one transaction; what people did since the generation moves along. A change
 * of a column's type to itself makes PostgreSQL write the table and its indexes anew, which takes a quarter of the
 * time of updating the rows and leaves no dead ones. The key of a partitioned table can't be changed so; its rows
 * are updated, and find their partition.
 *
 * @param summary what makes the summary of groups; it has to go meanwhile, because it looks at these columns.
 */
export async function shiftTimes(
  client: Client,
  days: number,
  summary: readonly string[],
  onProgress?: (fraction: number, label: string) => void,
): Promise<void> {
  const interval = `make_interval(hours => ${24 * Math.trunc(days)})`;
  await client.query('BEGIN');
  await client.query(
    'DROP MATERIALIZED VIEW group_activity_summary; DROP FUNCTION refresh_group_activity_summary',
  );
  for (const [index, [table, ...columns]] of timesOf.entries()) {
    onProgress?.((0.5 * index) / timesOf.length, `moving ${table} by ${days} days`);
    const moved = columns.map(
      (column) => `ALTER ${column} TYPE timestamptz(3) USING ${column} + ${interval}`,
    );
    await client.query(`ALTER TABLE ${table} ${moved.join(', ')}`);
  }
  onProgress?.(0.5, `moving reputation_events by ${days} days`);
  await client.query(`UPDATE reputation_events SET occurred_at = occurred_at + ${interval}`);
  await client.query(`UPDATE generated_data SET base_time = base_time + ${interval}`);
  onProgress?.(0.8, 'counting for the planner');
  for (const statement of summary) await client.query(statement);
  await client.query('COMMIT');
  await client.query('VACUUM (ANALYZE)');
}
