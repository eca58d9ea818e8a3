import { type StartedPostgres, startPostgres } from '@loadline/local-stack';
import { createVirtualClock, systemClock } from 'loadline/base';
import { createPostgres, migrate, type Postgres } from 'loadline/postgres';
import { openStore } from 'loadline/store';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { migrations } from '../../src/store/schema.ts';

const dayMs = 86_400_000;
let server: StartedPostgres;
let postgres: Postgres;

beforeAll(async () => {
  server = await startPostgres();
  postgres = createPostgres({ url: server.url });
});

afterAll(async () => {
  await postgres.close();
  await server.stop();
});

/** A result as the table had it before it was cut into months. */
const insertResult = (name: string, atMs: number) =>
  postgres.query(
    {
      text: `INSERT INTO load_test_results (test_name, test_type, virtual_users, duration_seconds, total_requests,
        successful_requests, failed_requests, started_at, completed_at)
        VALUES ($1, 'load', 1, 1, 1, 1, 0, to_timestamp($2), to_timestamp($2))`,
    },
    [name, atMs / 1000],
  );

async function partitionsOf(table: string): Promise<string[]> {
  const { rows } = await postgres.query<{ name: string }>(
    {
      text: 'SELECT inhrelid::regclass::text AS name FROM pg_inherits WHERE inhparent = to_regclass($1) ORDER BY 1',
    },
    [table],
  );
  return rows.map(({ name }) => name);
}

it('results of a database from before are cut into months, and dropped five years later', async () => {
  await migrate(postgres, migrations.slice(0, 3), { clock: systemClock });
  const midnight = Date.UTC(2024, 1, 1);
  for (const [name, atMs] of [
    ['last of January', midnight - 1],
    ['first of February', midnight],
    ['of March', Date.UTC(2024, 2, 15)],
  ] as const)
    await insertResult(name, atMs);

  const open = async (nowMs: number): Promise<string[]> => {
    await using store = await openStore(postgres, { clock: createVirtualClock(nowMs) });
    return (await store.results.list()).items.map(({ testName }) => testName);
  };
  expect(await open(Date.UTC(2026, 11, 1))).toEqual(['of March', 'first of February', 'last of January']);
  const { rows } = await postgres.query<{ place: string; count: number }>({
    text: `SELECT tableoid::regclass::text AS place, count(*)::int AS count FROM load_test_results GROUP BY 1 ORDER BY 1`,
  });
  expect(rows).toEqual(
    ['202401', '202402', '202403'].map((month) => ({ place: `load_test_results_${month}`, count: 1 })),
  );
  const months = await partitionsOf('load_test_results');
  expect([months[3], months.at(-1)]).toEqual(['load_test_results_202510', 'load_test_results_202701']);

  expect(await open(Date.UTC(2024, 1, 1) + 1827 * dayMs)).toEqual(['of March', 'first of February']);
  expect(await open(Date.UTC(2024, 3, 1) + 1827 * dayMs)).toEqual([]);
});
