import type { Clock } from '../base/index.ts';
import { keepPartitions, migrate, type Postgres } from '../postgres/index.ts';
import { migrations, migrationsTable } from './schema.ts';

/** How long the tables keep what. */
export interface EventTablesOptions {
  readonly clock: Clock;
  /** For how long statistics are kept, in milliseconds; what is older is dropped a day at a time. Default 30 days. */
  readonly statsMs?: number;
}

/**
 * Brings `event_stream_checkpoints` and `stream_processing_stats` up to date, makes the partitions of the next three days
 * and drops those past retention. To be repeated every few hours. Any number of processes may do this at once, beside a
 * store in the same database.
 *
 * @throws LoadlineError POSTGRES_MIGRATION_UNKNOWN where the tables are those of a newer version, and POSTGRES_… where the
 *   database is away.
 */
export async function keepEventTables(
  postgres: Postgres,
  { clock, statsMs = 30 * dayMs }: EventTablesOptions,
): Promise<void> {
  await migrate(postgres, migrations, { clock, table: migrationsTable });
  await keepPartitions(postgres, 'stream_processing_stats', {
    unit: 'day',
    aheadMs: 3 * dayMs,
    behindMs: dayMs,
    keepMs: statsMs,
    nowMs: clock.now(),
  });
}

const dayMs = 24 * 60 * 60 * 1000;
