import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { type StartedPostgres, startPostgres } from '@loadline/local-stack';
import { createVirtualClock } from 'loadline/base';
import { keepEventTables } from 'loadline/events';
import { createPostgres, type Postgres } from 'loadline/postgres';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { makeDatabase } from '../store/opened-store.ts';

let server: StartedPostgres;
let url: string;
let postgres: Postgres;

beforeAll(async () => {
  server = await startPostgres();
});

beforeEach(async () => {
  await postgres?.close();
  url = await makeDatabase(server.url);
  postgres = createPostgres({ url });
});

afterAll(async () => {
  await postgres.close();
  await server.stop();
});

const dayMs = 86_400_000;
const run = promisify(execFile);
const script = fileURLToPath(new URL('./migrating-process.ts', import.meta.url));

async function texts(text: string): Promise<string[]> {
  const { rows } = await postgres.query<{ text: string }>({ text });
  return rows.map((row) => row.text);
}

const partitions = (): Promise<string[]> =>
  texts(`SELECT inhrelid::regclass::text AS text FROM pg_inherits
    WHERE inhparent = 'stream_processing_stats'::regclass ORDER BY 1`);

describe('the tables of streams', () => {
  it('are made beside those of the store, by several processes at once, each list once', async () => {
    await Promise.all(
      [1, 2, 3].map(() => run(process.execPath, ['--conditions=loadline-source', script, url])),
    );
    expect(await texts('SELECT name AS text FROM loadline_events_migrations')).toEqual([
      '0001 stream tables',
    ]);
    expect(await texts('SELECT name AS text FROM loadline_migrations ORDER BY position')).toContain(
      '0001 samples',
    );
    expect(await partitions()).toHaveLength(5);
  });

  it('have the columns of the food-sharing platform’s design, and its defaults', async () => {
    await keepEventTables(postgres, { clock: createVirtualClock() });
    const columns = (table: string): Promise<string[]> =>
      texts(`SELECT column_name AS text FROM information_schema.columns WHERE table_name = '${table}'
        ORDER BY ordinal_position`);
    expect((await columns('event_stream_checkpoints')).join(' ')).toBe(
      'consumer_group stream_name last_processed_id processed_at lag_seconds',
    );
    expect((await columns('stream_processing_stats')).join(' ')).toBe(
      'id stream_name consumer_group events_processed events_failed processing_time_ms created_at',
    );
    const checkpoint = `INSERT INTO event_stream_checkpoints (consumer_group, stream_name, last_processed_id)
      VALUES ('mailers', 'food', '1-0') RETURNING lag_seconds, processed_at IS NOT NULL AS is_dated`;
    expect((await postgres.query({ text: checkpoint })).rows).toEqual([{ lag_seconds: 0, is_dated: true }]);
    await expect(postgres.query({ text: checkpoint })).rejects.toMatchObject({
      facts: expect.objectContaining({ sqlState: '23505' }),
    });
    const stats = `INSERT INTO stream_processing_stats (stream_name, consumer_group, created_at)
      VALUES ('food', 'mailers', '2026-01-01T12:00Z') RETURNING events_processed, events_failed, processing_time_ms`;
    expect((await postgres.query({ text: stats })).rows).toEqual([
      { events_processed: 0, events_failed: 0, processing_time_ms: 0 },
    ]);
  });

  it('keep statistics for their time, a day at a time', async () => {
    const clock = createVirtualClock();
    await keepEventTables(postgres, { clock, statsMs: 2 * dayMs });
    expect(await partitions()).toEqual(
      ['20251231', '20260101', '20260102', '20260103', '20260104'].map(
        (day) => `stream_processing_stats_${day}`,
      ),
    );
    await clock.advance(3 * dayMs);
    await keepEventTables(postgres, { clock, statsMs: 2 * dayMs });
    expect(await partitions()).toEqual(
      ['20260102', '20260103', '20260104', '20260105', '20260106', '20260107'].map(
        (day) => `stream_processing_stats_${day}`,
      ),
    );
  });
});
