import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { issueToken, startFoodshare } from '@loadline/foodshare';
import { deadlineHeader } from 'loadline/resilience';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  membersOfOneGroup,
  offerTo,
  type Person,
  type Running,
  startRunning,
  tokenSecret,
} from './running.ts';

let running: Running;
let people: readonly Person[];
let sharer: Person;
let receiver: Person;
let stranger: { id: string };

beforeAll(async () => {
  running = await startRunning(4000);
  people = await membersOfOneGroup(running.database, 10);
  [sharer, receiver] = people as [Person, Person];
  const { rows } = await running.database.query<{ id: string }>(
    {
      text: 'SELECT id FROM users WHERE id NOT IN (SELECT user_id FROM group_member_status WHERE group_id = $1) LIMIT 1',
    },
    [sharer.group],
  );
  stranger = rows[0] as { id: string };
});

afterAll(() => running[Symbol.asyncDispose]());

async function post(by: Person = sharer, changes: object = {}): Promise<string> {
  const { status, body } = await running.call('POST', '/api/food', {
    as: by.id,
    body: offerTo(by.group, changes),
  });
  expect(status).toBe(201);
  return body.id;
}

async function balanceOf({ id }: { id: string }): Promise<number> {
  return (await running.call('GET', `/api/users/${id}/profile`, { as: id })).body.balance;
}

describe('GET /api/food', () => {
  const fields = [
    'id',
    'title',
    'description',
    'pickup_time',
    'pickup_location',
    'sharer_pseudonym',
    'overall_score',
    'trust_level',
  ];

  it('shows twenty posts of the own groups, the most trusted first and then the soonest', async () => {
    const { status, body } = await running.call('GET', '/api/food', { as: sharer.id });
    expect(status).toBe(200);
    expect(body.items).toHaveLength(20);
    expect(Object.keys(body.items[0])).toEqual(fields);
    const order = body.items.map((item: { trust_level: number; pickup_time: string }) => [
      -item.trust_level,
      Date.parse(item.pickup_time),
    ]);
    expect(order).toEqual([...order].sort((a, b) => a[0] - b[0] || a[1] - b[1]));
    const { rows } = await running.database.query<{ n: number }>(
      {
        text: `
SELECT count(*)::int AS n FROM food_posts p JOIN group_member_status m ON m.group_id = p.group_id AND m.user_id = $1
WHERE p.id = ANY ($2) AND p.status = 'available' AND p.pickup_time > now()`,
      },
      [sharer.id, body.items.map((item: { id: string }) => item.id)],
    );
    expect(rows[0]?.n).toBe(20);
  });

  // The same question without the index's help: what every page together has to be.
  const plain = `
SELECT p.id FROM food_posts p JOIN group_member_status m ON m.group_id = p.group_id AND m.user_id = $1
WHERE p.status = 'available' AND p.pickup_time > now() AND p.overall_score >= $2
  AND p.pickup_time BETWEEN $3 AND $4 AND distance_km($5, $6, p.latitude, p.longitude) <= $7
ORDER BY p.trust_level DESC, p.pickup_time, p.id`;
  const day = 86_400_000;
  const soon = new Date(Date.now() + day).toISOString();
  const later = new Date(Date.now() + 3 * day).toISOString();

  it.each([
    { name: 'nothing', query: {}, from: '-infinity', to: 'infinity', score: 0, km: 99_999 },
    { name: 'a distance', query: { distance_km: '15' }, from: '-infinity', to: 'infinity', score: 0, km: 15 },
    {
      name: 'a distance and a reputation',
      query: { distance_km: '20', reputation_min: '71.5' },
      from: '-infinity',
      to: 'infinity',
      score: 71.5,
      km: 20,
    },
    {
      name: 'a distance and a window',
      query: { distance_km: '20', pickup_from: soon, pickup_to: later },
      from: soon,
      to: later,
      score: 0,
      km: 20,
    },
  ])(
    'gives page after page everything there is, once, filtered by $name',
    async ({ query, from, to, score, km }) => {
      const { latitude, longitude } = sharer;
      const place = 'distance_km' in query ? { lat: String(latitude), lon: String(longitude) } : {};
      const { rows } = await running.database.query<{ id: string }>({ text: plain }, [
        sharer.id,
        score,
        from,
        to,
        latitude,
        longitude,
        km,
      ]);
      expect(rows.length).toBeGreaterThan(5);
      const seen: string[] = [];
      let cursor: string | null | undefined;
      while (cursor !== null) {
        const words = new URLSearchParams({ ...query, ...place, limit: '7', ...(cursor ? { cursor } : {}) });
        const { body } = await running.call('GET', `/api/food?${words}`, { as: sharer.id });
        seen.push(...body.items.map((item: { id: string }) => item.id));
        cursor = body.next_cursor;
      }
      expect(seen).toEqual(rows.map(({ id }) => id));
    },
  );

  it('loses no post between pages, though several are due at the same moment', async () => {
    const pickup_time = new Date(Date.now() + 7_200_000).toISOString();
    const posted: string[] = [];
    for (let i = 0; i < 5; i++) posted.push(await post(sharer, { pickup_time }));
    const seen: string[] = [];
    let cursor: string | null = '';
    while (cursor !== null) {
      const words = new URLSearchParams({
        limit: '2',
        pickup_to: pickup_time,
        ...(cursor ? { cursor } : {}),
      });
      const { body } = await running.call('GET', `/api/food?${words}`, { as: sharer.id });
      seen.push(...body.items.map((item: { id: string }) => item.id));
      cursor = body.next_cursor;
    }
    expect(seen.filter((id) => posted.includes(id))).toEqual(posted.toSorted());
  });

  it('shows a new post to members and to nobody else, with the sharer’s present score', async () => {
    const id = await post();
    const of = async (as: string): Promise<string[]> => {
      const { body } = await running.call('GET', '/api/food?limit=100', { as });
      return body.items.map((item: { id: string }) => item.id);
    };
    // Enough of a score to be on the first page.
    await running.database.query(
      { text: 'UPDATE user_global_reputation SET overall_score = 100 WHERE user_id = $1' },
      [sharer.id],
    );
    expect(await of(receiver.id)).toContain(id);
    expect(await of(stranger.id)).not.toContain(id);
    const { rows } = await running.database.query(
      { text: 'SELECT overall_score, trust_level FROM food_posts WHERE id = $1' },
      [id],
    );
    expect(rows).toEqual([{ overall_score: 100, trust_level: 5 }]);
  });
});

describe('an exchange', () => {
  it('takes a credit at the claim, gives it to the sharer at the end, and raises the reputation', async () => {
    const id = await post();
    const [before, earnedBefore] = [await balanceOf(receiver), await balanceOf(sharer)];
    const claim = await running.call('POST', `/api/food/${id}/claim`, { as: receiver.id });
    expect(claim).toMatchObject({ status: 200, body: { id, status: 'claimed', balance: before - 1 } });
    const complete = await running.call('POST', `/api/food/${id.toUpperCase()}/complete`, {
      as: receiver.id,
      body: { stars: 5 },
    });
    expect(complete).toMatchObject({ status: 200, body: { id, status: 'completed', credits: 1 } });
    expect(await balanceOf(sharer)).toBe(earnedBefore + 1);
    const { rows } = await running.database.query(
      { text: 'SELECT kind, points FROM reputation_events WHERE exchange_id = $1 ORDER BY kind' },
      [claim.body.exchange_id],
    );
    expect(rows).toEqual([
      { kind: 'exchange_completed', points: 0.5 },
      { kind: 'rated', points: 0.5 },
    ]);
  });

  it('carries a new score to the sharer’s open posts', async () => {
    const [first, second] = [await post(receiver), await post(receiver)];
    const before = (await running.call('GET', `/api/users/${receiver.id}/profile`, { as: sharer.id })).body;
    await running.call('POST', `/api/food/${first}/claim`, { as: sharer.id });
    await running.call('POST', `/api/food/${first}/complete`, { as: sharer.id, body: { stars: 5 } });
    const { rows } = await running.database.query(
      { text: 'SELECT overall_score FROM food_posts WHERE id = $1' },
      [second],
    );
    expect(rows).toEqual([
      { overall_score: Math.min(100, Math.round((before.overall_score + 1) * 100) / 100) },
    ]);
  });

  it('is refused, with the reason, to whoever may not', async () => {
    const id = await post();
    const claim = (as: string, food = id): Promise<unknown> =>
      running.call('POST', `/api/food/${food}/claim`, { as });
    expect(await claim(sharer.id)).toMatchObject({
      status: 409,
      body: { type: 'urn:foodshare:problem:own-food' },
    });
    expect(await claim(stranger.id)).toMatchObject({ status: 403 });
    expect(await claim(receiver.id, crypto.randomUUID())).toMatchObject({ status: 404 });
    await running.call('POST', `/api/food/${id}/claim`, { as: receiver.id });
    const third = people[2] as Person;
    expect(await claim(third.id)).toMatchObject({
      status: 409,
      body: { type: 'urn:foodshare:problem:already-claimed' },
    });
    const complete = (as: string): Promise<unknown> =>
      running.call('POST', `/api/food/${id}/complete`, { as });
    expect(await complete(third.id)).toMatchObject({ status: 403 });
    expect(await complete(sharer.id)).toMatchObject({ status: 200 });
    expect(await complete(sharer.id)).toMatchObject({
      status: 409,
      body: { type: 'urn:foodshare:problem:already-completed' },
    });
  });

  it('is refused to somebody without credits, and leaves the food to others', async () => {
    const poor = people[3] as Person;
    await running.call('POST', '/api/credits/transfer', {
      as: poor.id,
      body: { to_user_id: sharer.id, amount: await balanceOf(poor) },
    });
    const id = await post();
    expect(await running.call('POST', `/api/food/${id}/claim`, { as: poor.id })).toMatchObject({
      status: 409,
      body: { type: 'urn:foodshare:problem:not-enough-credits' },
    });
    expect(await running.call('POST', `/api/food/${id}/claim`, { as: receiver.id })).toMatchObject({
      status: 200,
    });
  });

  it('is refused to somebody without an account for the same reason', async () => {
    const { id: newcomer } = people[4] as Person;
    await running.database.query({ text: 'DELETE FROM credit_accounts WHERE user_id = $1' }, [newcomer]);
    expect(await running.call('POST', `/api/food/${await post()}/claim`, { as: newcomer })).toMatchObject({
      status: 409,
      body: { type: 'urn:foodshare:problem:not-enough-credits' },
    });
  });

  it('is refused once the time is over', async () => {
    const id = await post();
    await running.database.query(
      { text: `UPDATE food_posts SET pickup_time = now() - interval '1 s' WHERE id = $1` },
      [id],
    );
    expect(await running.call('POST', `/api/food/${id}/claim`, { as: receiver.id })).toMatchObject({
      status: 409,
      body: { type: 'urn:foodshare:problem:food-is-over' },
    });
  });
});

describe('people, groups and rankings', () => {
  it('shows a profile to everybody, and the balance only to oneself and administrators', async () => {
    const path = `/api/users/${sharer.id}/profile`;
    const other = await running.call('GET', path, { as: stranger.id });
    expect(other).toMatchObject({
      status: 200,
      body: { id: sharer.id, groups: 5, trust_level: expect.any(Number) },
    });
    expect(other.body).not.toHaveProperty('balance');
    expect((await running.call('GET', path, { as: sharer.id })).body.balance).toEqual(expect.any(Number));
    expect((await running.call('GET', path, { as: stranger.id, admin: true })).body.balance).toEqual(
      expect.any(Number),
    );
  });

  it('counts a group’s members, posts and exchanges each on its own', async () => {
    await running.call('POST', '/api/admin/summary/refresh', { as: stranger.id, admin: true });
    const { status, body } = await running.call('GET', `/api/groups/${sharer.group}/analytics`, {
      as: sharer.id,
    });
    expect(status).toBe(200);
    const count = async (text: string): Promise<number> =>
      Number((await running.database.query<{ n: string }>({ text }, [sharer.group])).rows[0]?.n);
    expect(body.active_members).toBe(
      await count('SELECT count(*) AS n FROM group_member_status WHERE group_id = $1'),
    );
    expect(body.food_posts_30d).toBe(
      await count(
        `SELECT count(*) AS n FROM food_posts WHERE group_id = $1 AND created_at > now() - interval '30 days'`,
      ),
    );
    expect(body.successful_exchanges_30d).toBe(
      await count(`SELECT count(*) AS n FROM exchanges e JOIN food_posts p ON p.id = e.food_id
WHERE p.group_id = $1 AND e.status = 'completed' AND e.created_at > now() - interval '30 days'`),
    );
    expect(body.avg_rating).toBeGreaterThan(1);
    expect(body.avg_rating).toBeLessThanOrEqual(5);
  });

  it('ranks who was active within 30 days by reputation', async () => {
    const { status, body } = await running.call('GET', '/api/rankings?limit=5', { as: sharer.id });
    expect(status).toBe(200);
    expect(body.items.map(({ rank }: { rank: number }) => rank)).toEqual([1, 2, 3, 4, 5]);
    const { rows } = await running.database.query<{ user_id: string }>({
      text: `SELECT user_id FROM user_global_reputation WHERE last_activity > now() - interval '30 days'
ORDER BY overall_score DESC, user_id LIMIT 5`,
    });
    expect(body.items.map(({ user_id }: { user_id: string }) => user_id)).toEqual(
      rows.map(({ user_id }) => user_id),
    );
  });
});

describe('administration', () => {
  const admin = { as: crypto.randomUUID(), admin: true };

  it('expires a claimed post and gives the credit back', async () => {
    const id = await post();
    const before = await balanceOf(receiver);
    await running.call('POST', `/api/food/${id}/claim`, { as: receiver.id });
    const expired = await running.call('POST', `/api/admin/food/${id}/expire`, admin);
    expect(expired).toMatchObject({ status: 200, body: { id, status: 'expired' } });
    expect(await balanceOf(receiver)).toBe(before);
    expect(await running.call('POST', `/api/admin/food/${id}/expire`, admin)).toMatchObject({ status: 409 });
  });

  it('removes and restores a post, for a reason that is kept', async () => {
    const id = await post();
    const moderate = (decision: string): Promise<unknown> =>
      running.call('POST', `/api/admin/food/${id}/moderate`, {
        ...admin,
        body: { decision, reason: 'looks off' },
      });
    expect(await moderate('remove')).toMatchObject({ status: 200, body: { status: 'removed' } });
    expect(await running.call('POST', `/api/food/${id}/claim`, { as: receiver.id })).toMatchObject({
      status: 409,
    });
    expect(await moderate('restore')).toMatchObject({ status: 200, body: { status: 'available' } });
    expect(await running.call('POST', `/api/food/${id}/claim`, { as: receiver.id })).toMatchObject({
      status: 200,
    });
    const { rows } = await running.database.query(
      { text: 'SELECT decision, reason FROM moderation_actions WHERE food_id = $1 ORDER BY created_at' },
      [id],
    );
    expect(rows).toEqual([
      { decision: 'remove', reason: 'looks off' },
      { decision: 'restore', reason: 'looks off' },
    ]);
  });

  it('makes two groups partners once, whoever asks', async () => {
    const { rows } = await running.database.query<{ id: string }>({
      text: `SELECT id FROM community_groups g WHERE NOT EXISTS (SELECT FROM group_partnerships p
WHERE g.id IN (p.requesting_group_id, p.target_group_id)) ORDER BY id LIMIT 2`,
    });
    const [one, two] = rows.map(({ id }) => id) as [string, string];
    const partner = (from: string, to: string): Promise<unknown> =>
      running.call('POST', `/api/admin/groups/${from}/partners`, { ...admin, body: { group_id: to } });
    expect(await partner(one, two)).toMatchObject({ status: 201, body: { status: 'active' } });
    expect(await partner(two, one)).toMatchObject({ status: 409 });
    expect(await partner(one, one)).toMatchObject({ status: 400 });
    expect(await partner(one, crypto.randomUUID())).toMatchObject({ status: 404 });
    const { body } = await running.call('GET', `/api/groups/${two}/analytics`, { as: sharer.id });
    expect(body.active_partners).toBe(1);
  });

  it('shows analytics anew after a refresh, whatever was remembered', async () => {
    const path = `/api/groups/${sharer.group}/analytics`;
    const before = (await running.call('GET', path, { as: sharer.id })).body.food_posts_30d;
    await post();
    expect((await running.call('GET', path, { as: sharer.id })).body.food_posts_30d).toBe(before);
    await running.call('POST', '/api/admin/summary/refresh', admin);
    expect((await running.call('GET', path, { as: sharer.id })).body.food_posts_30d).toBeGreaterThan(before);
  });
});

describe('the instance', () => {
  it('says that it lives and is ready', async () => {
    expect(await running.call('GET', '/health/live')).toMatchObject({
      status: 200,
      body: { status: 'healthy' },
    });
    expect(await running.call('GET', '/health/ready')).toMatchObject({
      status: 200,
      body: { status: 'healthy', checks: { database: 'ok', cache: 'ok' } },
    });
  });

  it('tells its metrics so that promtool finds nothing to blame', async () => {
    const { status, headers, body } = await running.call('GET', '/metrics');
    expect(status).toBe(200);
    expect(headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
    expect(body).toContain('http_requests_total{method="GET",route="/api/food",status="200"}');
    expect(body).toContain(
      'http_request_duration_seconds_count{method="POST",route="/api/food/:id/claim",status="409"}',
    );
    const [, seconds] =
      /^http_request_duration_seconds_sum\{method="GET",route="\/api\/food".*\} (.+)$/m.exec(body) ?? [];
    expect(Number(seconds)).toBeGreaterThan(0);
    for (const name of [
      'process_cpu_seconds_total',
      'process_resident_memory_bytes',
      'nodejs_eventloop_lag_seconds_count',
    ]) {
      expect(body).toMatch(new RegExp(`^${name} \\d`, 'm'));
    }
    expect(execFileSync('promtool', ['check', 'metrics'], { input: body, encoding: 'utf8' })).toBe('');
  });

  it('keeps nothing to itself: a second one serves the same people the same things', async () => {
    const second = await startFoodshare({
      databaseUrl: running.stack.postgres.url,
      valkeyCacheUrl: running.stack.valkeyCache.url,
      tokenSecret,
    });
    try {
      const id = await post();
      const { url } = second;
      expect(await running.call('POST', `/api/food/${id}/claim`, { as: receiver.id, url })).toMatchObject({
        status: 200,
      });
      expect(await running.call('POST', `/api/food/${id}/complete`, { as: receiver.id })).toMatchObject({
        status: 200,
      });
    } finally {
      await second.stop();
    }
  });

  it('changes nothing for a request whose body comes when nobody waits any more', async () => {
    const id = await post();
    const token = await issueToken({ userId: receiver.id, secret: tokenSecret });
    const headers = {
      authorization: `Bearer ${token}`,
      'content-type': 'application/json',
      'content-length': '2',
      [deadlineHeader]: '100',
    };
    const claim = request(`${running.service.url}/api/food/${id}/claim`, { method: 'POST', headers });
    const answered = once(claim, 'response');
    claim.write('{');
    const sentMs = performance.now();
    await expect.poll(() => performance.now() - sentMs, { interval: 10 }).toBeGreaterThan(150);
    claim.end('}');
    const [answer] = (await answered) as [IncomingMessage];
    expect(answer.statusCode).toBe(504);
    answer.resume();
    const { rows } = await running.database.query({ text: 'SELECT status FROM food_posts WHERE id = $1' }, [
      id,
    ]);
    expect(rows).toEqual([{ status: 'available' }]);
  });

  it('refreshes the summary for everybody, also when who asked for it waits no more', async () => {
    const headers = { [deadlineHeader]: '100' };
    const refreshing = running.database.transaction(async (transaction) => {
      await transaction.query({ text: 'LOCK TABLE food_posts' });
      const askedMs = performance.now();
      const asked = running.call('POST', '/api/admin/summary/refresh', {
        as: sharer.id,
        admin: true,
        headers,
      });
      const waiting = {
        text: "SELECT FROM pg_stat_activity WHERE application_name = 'foodshare' AND wait_event_type = 'Lock'",
      };
      await expect.poll(async () => (await running.database.query(waiting)).rowCount).toBeGreaterThan(0);
      await expect.poll(() => performance.now() - askedMs, { interval: 10 }).toBeGreaterThan(150);
      return { asked };
    });
    expect(await (await refreshing).asked).toMatchObject({ status: 200, body: { status: 'refreshed' } });
  });

  it('refuses a user who asks too often of all instances together, and nobody else', async () => {
    const options = {
      databaseUrl: running.stack.postgres.url,
      valkeyCacheUrl: running.stack.valkeyCache.url,
      tokenSecret,
      admission: { userRatePerSecond: 0.01 },
    };
    const instances = await Promise.all([startFoodshare(options), startFoodshare(options)]);
    const [one, other] = instances.map(({ url }) => url) as [string, string];
    try {
      const askBoth = async () => {
        const token = await issueToken({ userId: crypto.randomUUID(), secret: tokenSecret });
        const headers = { authorization: `Bearer ${token}` };
        await running.call('GET', '/api/food', { headers, url: one });
        return { headers, refused: await running.call('GET', '/api/food', { headers, url: other }) };
      };
      let { headers, refused } = await askBoth();
      // Where Valkey's word takes longer than 50 ms, as the first one may, an instance counts by itself. Somebody new it would never refuse.
      for (let again = 0; again < 10 && refused.status !== 429; again++)
        ({ headers, refused } = await askBoth());
      expect(refused).toMatchObject({ status: 429, body: { code: 'TRAFFIC_TOO_OFTEN' } });
      expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(60);
      expect((await running.call('GET', '/api/food', { as: receiver.id, url: other })).status).toBe(200);
      expect((await running.call('GET', '/health/ready', { headers, url: other })).status).toBe(200);
      const { body } = await running.call('GET', '/metrics', { headers, url: other });
      expect(body).toMatch(/^admission_requests_total\{outcome="by-user"\} 1$/m);
      expect(body).toMatch(/^http_requests_total\{.*status="429"\} 1$/m);
    } finally {
      await Promise.all(instances.map((each) => each.stop()));
    }
  });
});
