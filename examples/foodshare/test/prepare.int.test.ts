import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  findFood,
  type PreparedFoodshare,
  prepareFoodshare,
  startFoodshare,
  writePeople,
} from '@loadline/foodshare';
import { type StartedPostgres, startPostgres } from '@loadline/local-stack';
import { createPostgres, type Postgres } from 'loadline/postgres';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { tokenSecret } from './running.ts';

const dayMs = 86_400_000;
let server: StartedPostgres;
let database: Postgres;

beforeAll(async () => {
  server = await startPostgres();
  database = createPostgres({ url: server.url, statementTimeoutMs: 30_000 });
});

afterAll(async () => {
  await database?.close();
  await server.stop();
});

function prepare(changes: Partial<Parameters<typeof prepareFoodshare>[0]> = {}): Promise<PreparedFoodshare> {
  return prepareFoodshare({ databaseUrl: server.url, posts: 2000, ...changes });
}

async function one(text: string): Promise<unknown> {
  const { rows } = await database.query<{ value: unknown }>({ text: `SELECT (${text}) AS value` });
  return rows[0]?.value;
}

describe('prepareFoodshare()', () => {
  it('makes a world whose every reference and rule holds, and shows how far it is', async () => {
    const fractions: number[] = [];
    const prepared = await prepare({ onProgress: (fraction) => fractions.push(fraction) });
    expect(prepared).toEqual({
      posts: 2000,
      seed: 1,
      users: 1000,
      groups: 200,
      generated: true,
      shiftedDays: 0,
    });
    expect(fractions).toEqual([...fractions].sort((a, b) => a - b));
    expect([fractions[0], fractions.at(-1)]).toEqual([0, 1]);
    expect(
      await one(`SELECT count(*)::int FROM food_posts WHERE status = 'available' AND pickup_time > now()`),
    ).toBe(200);
    expect(await one('SELECT difference::int FROM credit_audit')).toBe(0);
    const expected = 'food_posts p JOIN user_global_reputation r ON r.user_id = p.sharer_id';
    expect(
      await one(
        `SELECT count(*)::int FROM ${expected} WHERE (p.overall_score, p.trust_level) IS DISTINCT FROM (r.overall_score, r.trust_level)`,
      ),
    ).toBe(0);
  });

  it('has the tables, the partitions, the view and the indexes of the plan', async () => {
    const names = await one('SELECT array_agg(relname::text) FROM pg_class');
    for (const name of [
      'food_posts',
      'user_global_reputation',
      'community_groups',
      'group_member_status',
      'group_partnerships',
      'exchanges',
      'ratings',
      'reputation_events',
      'reputation_events_y2025',
      'reputation_events_default',
      'group_activity_summary',
      'idx_food_posts_active_location',
      'idx_users_reputation_active',
      'idx_partnerships_active',
    ]) {
      expect(names).toContain(name);
    }
    expect(
      await one(
        `SELECT bool_or(indisunique) FROM pg_index WHERE indrelid = 'group_activity_summary'::regclass`,
      ),
    ).toBe(true);
  });

  it('generates nothing twice', async () => {
    await database.query({ text: `UPDATE food_posts SET title = 'kept' WHERE status = 'available'` });
    expect(await prepare()).toMatchObject({ generated: false, shiftedDays: 0 });
    expect(await one(`SELECT count(*)::int FROM food_posts WHERE title = 'kept'`)).toBe(200);
  });

  it('moves all times on a later day, and changes nothing else', async () => {
    const openFrom = `SELECT min(pickup_time) FROM food_posts WHERE status = 'available'`;
    const before = (await one(openFrom)) as Date;
    const history = (await one('SELECT min(occurred_at) FROM reputation_events')) as Date;
    const exchanges30d = await one('SELECT sum(successful_exchanges_30d)::int FROM group_activity_summary');
    expect(await prepare({ now: Date.now() + 3 * dayMs })).toMatchObject({
      generated: false,
      shiftedDays: 3,
    });
    expect(((await one(openFrom)) as Date).getTime() - before.getTime()).toBe(3 * dayMs);
    expect(
      ((await one('SELECT min(occurred_at) FROM reputation_events')) as Date).getTime() - history.getTime(),
    ).toBe(3 * dayMs);
    expect(await one(`SELECT count(*)::int FROM food_posts WHERE title = 'kept'`)).toBe(200);
    expect(await prepare()).toMatchObject({ shiftedDays: -3 });
    expect((await one(openFrom)) as Date).toEqual(before);
    expect(await one('SELECT sum(successful_exchanges_30d)::int FROM group_activity_summary')).toBe(
      exchanges30d,
    );
  });

  it('never drops tables that were not made here', async () => {
    await database.query({ text: 'CREATE DATABASE precious' });
    const url = new URL(server.url);
    url.pathname = '/precious';
    await using precious = createPostgres({ url: url.href });
    await precious.query({ text: 'CREATE TABLE users (name text)' });
    await expect(prepare({ databaseUrl: url.href })).rejects.toMatchObject({
      code: 'FOODSHARE_DATABASE_FOREIGN',
    });
    expect((await precious.query({ text: 'SELECT * FROM users' })).rows).toEqual([]);
  });

  it.each([{ posts: 99 }, { posts: 1.5 }, { posts: Number.NaN }, { seed: -1 }])(
    'refuses %j',
    async (size) => {
      await expect(prepare(size)).rejects.toMatchObject({ code: 'FOODSHARE_SIZE_INVALID' });
    },
  );

  it('starts anew for another seed or size', async () => {
    expect(await prepare({ seed: 2 })).toMatchObject({ generated: true, seed: 2 });
    expect(await one(`SELECT count(*)::int FROM food_posts WHERE title = 'kept'`)).toBe(0);
  });

  it('ends when it is told to, and never takes half a world for a whole one', async () => {
    const controller = new AbortController();
    const aborted = prepare({
      posts: 50_000,
      signal: controller.signal,
      onProgress: (_, label) => {
        if (label === 'loading exchanges') controller.abort(new Error('enough'));
      },
    });
    await expect(aborted).rejects.toThrow('enough');
    expect(await prepare()).toMatchObject({ posts: 2000, generated: true });
  });

  it('lets two who come at once wait for each other', async () => {
    const both = await Promise.all([prepare({ seed: 3 }), prepare({ seed: 3 })]);
    expect(both.map(({ generated }) => generated).sort()).toEqual([false, true]);
  });
});

describe('writePeople()', () => {
  it('writes people whose tokens the service takes, with their homes and a group of theirs', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'foodshare-people-'));
    try {
      const file = join(folder, 'people.csv');
      expect(await writePeople({ databaseUrl: server.url, tokenSecret, file, count: 50, admins: 1 })).toBe(
        50,
      );
      expect((await stat(file)).mode & 0o777).toBe(0o600);
      const [head, ...lines] = (await readFile(file, 'utf8')).trimEnd().split('\n');
      expect(head).toBe('user_id,token,lat,lon,group_id');
      expect(new Set(lines.map((line) => line.split(',')[0])).size).toBe(50);
      const [admin, other] = lines.map((line) => line.split(',')[1]) as [string, string];
      await using instance = await startInstance();
      const refresh = async (token: string): Promise<number> => {
        const headers = { authorization: `Bearer ${token}` };
        const { status } = await fetch(`${instance.url}/api/admin/summary/refresh`, {
          method: 'POST',
          headers,
        });
        return status;
      };
      expect([await refresh(admin), await refresh(other)]).toEqual([200, 403]);
      const [userId, , latitude, longitude] = (lines[0] as string).split(',') as [
        string,
        string,
        string,
        string,
      ];
      const within = { latitude: Number(latitude), longitude: Number(longitude), radiusKm: 50 };
      expect((await findFood(database, { userId, within, limit: 20 })).items.length).toBeGreaterThan(0);
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});

async function startInstance(): Promise<{ url: string } & AsyncDisposable> {
  const { url, stop } = await startFoodshare({
    databaseUrl: server.url,
    valkeyCacheUrl: 'valkey://127.0.0.1:9',
    tokenSecret,
  });
  return { url, [Symbol.asyncDispose]: stop };
}
