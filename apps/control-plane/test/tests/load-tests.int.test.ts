import { type StartedPostgres, startPostgres } from '@loadline/local-stack';
import { systemClock } from 'loadline/base';
import { createPostgres, type Postgres } from 'loadline/postgres';
import { openStore, type Store } from 'loadline/store';
import { afterAll, beforeAll } from 'vitest';
import { describeLoadTests } from './load-tests-contract.ts';

let server: StartedPostgres;
let postgres: Postgres;
let store: Store;

beforeAll(async () => {
  server = await startPostgres();
  postgres = createPostgres({ url: server.url });
  store = await openStore(postgres, { clock: systemClock });
});

afterAll(async () => {
  await store.close();
  await postgres.close();
  await server.stop();
});

describeLoadTests('of the store', async () => {
  await postgres.query({ text: 'TRUNCATE load_tests, load_test_results' });
  return {
    tests: store.tests,
    async age(durationMs) {
      const before = (column: string): string => `${column} = ${column} - $1::float8 * interval '1 ms'`;
      const columns = ['created_at', 'started_at', 'seen_at', 'finished_at'].map(before).join();
      await postgres.query({ text: `UPDATE load_tests SET ${columns}` }, [durationMs]);
    },
  };
});
