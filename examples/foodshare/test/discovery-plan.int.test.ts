import {
  drawDiscovery,
  explainDiscovery,
  findFood,
  prepareFoodshare,
  type Seeker,
} from '@loadline/foodshare';
import { type StartedPostgres, startPostgres } from '@loadline/local-stack';
import { createRandom } from 'loadline/base';
import { createPostgres, type Postgres } from 'loadline/postgres';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

let server: StartedPostgres;
let database: Postgres;
let seekers: readonly Seeker[];

beforeAll(async () => {
  server = await startPostgres();
  await prepareFoodshare({ databaseUrl: server.url, posts: 100_000 });
  database = createPostgres({ url: server.url });
  const { rows } = await database.query<Seeker>({
    text: 'SELECT id AS "userId", latitude, longitude FROM users ORDER BY md5(id::text) LIMIT 200',
  });
  seekers = rows;
});

afterAll(async () => {
  await database?.close();
  await server.stop();
});

describe('discovery over 100,000 posts', () => {
  it('goes through the intended index alone, prepared and settled, whatever is filtered by', async () => {
    const random = createRandom(1);
    for (const seeker of seekers.slice(0, 12)) {
      const plan = await explainDiscovery(database, drawDiscovery(random, seeker, Date.now()));
      expect(plan.scans).toEqual([
        expect.stringContaining('using group_member_status_pkey'),
        'Index Only Scan using idx_food_posts_active_location',
        'Index Only Scan using idx_food_posts_active_location',
        'Index Scan using food_posts_pkey',
      ]);
      expect(plan).toMatchObject({ isIntended: true, heapFetches: 0 });
    }
  });

  it('looks at few pages, also without any filter, far from everything, and deep in', async () => {
    const seeker = seekers[0] as Seeker;
    const { userId } = seeker;
    const far = { latitude: -54.8, longitude: -68.3, radiusKm: 5 };
    const after = {
      trustLevel: 2,
      pickupMs: Date.now() + 3 * 86_400_000,
      id: 'ffffffff-ffff-4fff-8fff-ffffffffffff',
    };
    for (const filter of [
      { userId, limit: 20 },
      { userId, limit: 20, within: far },
      { userId, limit: 20, after },
    ]) {
      const { isIntended, buffers } = await explainDiscovery(database, filter);
      expect(isIntended).toBe(true);
      // Twenty posts by key are 80 pages; reading the available posts themselves would be several hundred.
      expect(buffers).toBeLessThan(250);
    }
  });

  it('finds something near home for most people', async () => {
    const pages = await Promise.all(
      seekers.map(({ userId, ...home }) =>
        findFood(database, { userId, within: { ...home, radiusKm: 5 }, limit: 20 }),
      ),
    );
    expect(pages.filter(({ items }) => items.length > 0).length).toBeGreaterThan(160);
  });
});
