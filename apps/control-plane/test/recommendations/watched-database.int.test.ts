import { type StartedPostgres, startPostgres } from '@loadline/local-stack';
import { createVirtualClock } from 'loadline/base';
import { reviewDatabase } from 'loadline/database';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { watchDatabase } from '../../src/recommendations/index.ts';

let server: StartedPostgres;

beforeAll(async () => {
  server = await startPostgres();
});

afterAll(() => server.stop());

describe('a watched database', () => {
  it('is asked anew at most once a minute, and tells rates from the second look on', async () => {
    const clock = createVirtualClock();
    const database = watchDatabase({ service: 'orders', url: server.url }, clock);
    try {
      const first = await database.look();
      expect(reviewDatabase(first).subject).toContain('database orders');
      expect(first.use).toBeUndefined();
      expect(await database.look()).toBe(first);
      await clock.advance(61_000);
      expect((await database.look()).use?.fromMs).toBe(first.statistics.atMs);
    } finally {
      await database.close();
    }
  });

  it('is asked again where it gave no answer', async () => {
    const url = 'postgresql://nobody@127.0.0.1:1/none';
    const database = watchDatabase({ service: 'orders', url }, createVirtualClock());
    await expect(database.look()).rejects.toThrow();
    await expect(database.look()).rejects.toThrow();
    await database.close();
  });
});
