import type { Postgres } from 'loadline/postgres';

/** One refresh at a time in the whole cluster; which number is arbitrary, but has to stay. */
const refreshLock = 4_150_022;

/**
 * Refreshes group_activity_summary, while it goes on being read. Counting ten million posts anew takes seconds.
 *
 * @returns false, and nothing done, where another refresh is under way already.
 */
export async function refreshSummary(postgres: Postgres, timeoutMs: number): Promise<boolean> {
  return await postgres.transaction(
    async (transaction) => {
      const { rows } = await transaction.query<{ is_ours: boolean }>(
        { text: 'SELECT pg_try_advisory_xact_lock($1) AS is_ours' },
        [refreshLock],
      );
      if (rows[0]?.is_ours !== true) return false;
      await transaction.query({ text: 'SELECT refresh_group_activity_summary()' });
      return true;
    },
    // It is everybody's, and takes longer than anybody waits: it counts also when who asked for it has gone.
    { statementTimeoutMs: timeoutMs, within: undefined },
  );
}
