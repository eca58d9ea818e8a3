import { isLoadlineError } from '../base/index.ts';
import type { Postgres } from '../postgres/index.ts';

/** What a look at a part of the series has come to. */
export interface PruneOutcome {
  readonly pruned: number;
  /** From where to look the next time; 0 from the beginning. */
  readonly nextId: number;
}

/**
 * Removes those of the next series, by their numbers, of which nothing is kept any more: no sample, no minute, no hour. An
 * instance that ended years ago then costs nothing. Whoever has such a series in mind still and writes it is told that
 * it is lost, and adds it anew.
 */
export async function pruneSeries(postgres: Postgres, fromId: number): Promise<PruneOutcome> {
  const { rows } = await postgres.query<{ id: number; is_unused: boolean }>(statements.look, [
    fromId,
    lookMax,
  ]);
  const nextId = rows.length < lookMax ? 0 : (rows.at(-1) as { id: number }).id + 1;
  const unused = rows.filter(({ is_unused }) => is_unused).map(({ id }) => id);
  return { pruned: unused.length === 0 ? 0 : await remove(postgres, unused), nextId };
}

/** Some 100 ms of looks. */
const lookMax = 2000;

/**
 * Samples that are being written hide from whoever looks until they are committed. So nobody writes while it is looked
 * once more: some milliseconds, for which we wait no longer than writers may be kept waiting.
 */
async function remove(postgres: Postgres, ids: readonly number[]): Promise<number> {
  try {
    return await postgres.transaction(async (transaction) => {
      await transaction.query({ text: 'SET LOCAL lock_timeout = 200' });
      await transaction.query({ text: 'LOCK TABLE ONLY performance_metrics IN SHARE MODE' });
      const { rowCount } = await transaction.query(statements.remove, [`{${ids.join()}}`]);
      return rowCount ?? 0;
    });
  } catch (error) {
    // They are found again.
    if (isLoadlineError(error, 'POSTGRES_LOCK_TIMEOUT') || isLoadlineError(error, 'POSTGRES_CONFLICT'))
      return 0;
    throw error;
  }
}

/** Of nothing that was measured since; what was added just now may have its first sample still to come. */
const isUnused = `s.created_at < now() - interval '2 days'
  AND NOT EXISTS (SELECT FROM metric_hours h WHERE h.series_id = s.id)
  AND NOT EXISTS (SELECT FROM metric_minutes m WHERE m.series_id = s.id)
  AND NOT EXISTS (SELECT FROM performance_metrics p WHERE p.series_id = s.id)`;

const statements = {
  look: {
    name: 'store series look',
    text: `SELECT s.id, ${isUnused} AS is_unused FROM metric_series s WHERE s.id >= $1 ORDER BY s.id LIMIT $2`,
  },
  remove: {
    name: 'store series prune',
    text: `DELETE FROM metric_series s WHERE s.id = ANY($1::int[]) AND ${isUnused}`,
  },
} as const;
