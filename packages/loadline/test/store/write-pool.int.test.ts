import { type StartedPostgres, startPostgres } from '@loadline/local-stack';
import { createVirtualClock } from 'loadline/base';
import { createPostgres } from 'loadline/postgres';
import { openStore } from 'loadline/store';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sampleAt, seriesNamed, startMs } from './opened-store.ts';

let server: StartedPostgres;

beforeAll(async () => {
  server = await startPostgres();
});

afterAll(async () => {
  await server.stop();
});

describe('a store with a pool for writing', () => {
  it('keeps samples while readers have taken every connection', async () => {
    await using postgres = createPostgres({ url: server.url, connectionsMax: 1 });
    await using writePostgres = createPostgres({ url: server.url, connectionsMax: 1 });
    await using store = await openStore(postgres, { clock: createVirtualClock(startMs), writePostgres });
    const write = () => store.metrics.write([sampleAt(seriesNamed('a'), startMs, 1)]);
    const { promise: read, resolve: endRead } = Promise.withResolvers<void>();
    const reading = postgres.transaction(() => read);
    expect(await write()).toMatchObject({ state: 'committed', accepted: 1 });
    endRead();
    await reading;
  });
});
