import { type StartedPostgres, startPostgres } from '@loadline/local-stack';
import { systemClock } from 'loadline/base';
import { createPostgres, type Postgres } from 'loadline/postgres';
import { openStore, type Store } from 'loadline/store';
import { afterAll, beforeAll } from 'vitest';
import { describeScalingMemory } from '../../../../packages/loadline/test/contracts/scaling-memory-contract.ts';
import { createStoreScalingMemory } from '../../src/scaling/index.ts';

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

describeScalingMemory(
  'the store in PostgreSQL',
  async () => {
    await postgres.query({ text: 'TRUNCATE documents, auto_scaling_events' });
    const open = (): ReturnType<typeof createStoreScalingMemory> =>
      createStoreScalingMemory(store, () => systemClock.now());
    return { memory: open(), again: open, [Symbol.asyncDispose]: async () => undefined };
  },
  // The database keeps whole microseconds.
  Math.floor(systemClock.now()),
);
