import type { Client } from 'pg';

/** Every time that tells when something happened or will, by table. Nothing else of the data depends on the day. */
const timesOf: readonly (readonly [table: string, ...columns: string[]])[] = [
  ['food_posts', 'pickup_time', 'created_at'],
  ['exchanges', 'created_at', 'ended_at'],
  ['ratings', 'created_at'],
  ['reputation_events', 'occurred_at'],
  ['user_global_reputation', 'last_activity'],
  ['credit_movements', 'created_at'],
  ['moderation_actions', 'created_at'],
  ['idempotent_requests', 'created_at'],
];

/**
 * Moves the whole history by days, in one transaction, and leaves a table as readable as before. What people
 * did since the generation moves along. Takes about a third of the time of generating anew.
 */
export async function shiftTimes(
  client: Client,
  days: number,
  onProgress?: (fraction: number, label: string) => void,
): Promise<void> {
  await client.query('BEGIN');
  for (const [index, [table, ...columns]] of timesOf.entries()) {
    onProgress?.((0.8 * index) / timesOf.length, `moving ${table} by ${days} days`);
    const moved = columns
      .map((column) => `${column} = ${column} + make_interval(hours => 24 * $1)`)
      .join(', ');
    await client.query(`UPDATE ${table} SET ${moved}`, [days]);
  }
  await client.query('UPDATE generated_data SET base_time = base_time + make_interval(hours => 24 * $1)', [
    days,
  ]);
  await client.query('COMMIT');
  onProgress?.(0.8, 'counting for the planner');
  await client.query('VACUUM (ANALYZE)');
  await client.query('REFRESH MATERIALIZED VIEW group_activity_summary');
}
