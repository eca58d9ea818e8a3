import type { Migration } from '../postgres/index.ts';

/**
 * What consumers of streams remember, with the names and columns of the food-sharing platform's design. Both stand in the
 * database of the effects that they guard: a checkpoint is moved in the transaction of what was done for its events.
 *
 * Statistics are partitioned by time, so their key is `(id, created_at)`.
 */
const streamTablesSql = `
CREATE TABLE event_stream_checkpoints (
  consumer_group varchar(100) NOT NULL,
  stream_name varchar(100) NOT NULL,
  last_processed_id varchar(50) NOT NULL,
  processed_at timestamptz DEFAULT now(),
  lag_seconds integer DEFAULT 0,
  PRIMARY KEY (consumer_group, stream_name)
);

CREATE TABLE stream_processing_stats (
  id uuid NOT NULL DEFAULT gen_random_uuid(),
  stream_name varchar(100) NOT NULL,
  consumer_group varchar(100) NOT NULL,
  events_processed integer DEFAULT 0,
  events_failed integer DEFAULT 0,
  processing_time_ms integer DEFAULT 0,
  created_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (id, created_at)
) PARTITION BY RANGE (created_at);
CREATE INDEX stream_processing_stats_stream ON stream_processing_stats (stream_name, consumer_group, created_at);

DO $$
BEGIN
  IF to_regprocedure('uuidv7()') IS NOT NULL THEN
    ALTER TABLE stream_processing_stats ALTER COLUMN id SET DEFAULT uuidv7();
  END IF;
END $$;
`;

/** A list of its own beside that of the store, so that either may be there without the other. */
export const migrations: readonly Migration[] = [{ name: '0001 stream tables', sql: streamTablesSql }];

export const migrationsTable = 'loadline_events_migrations';
