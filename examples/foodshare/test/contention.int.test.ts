import { createRandom, integerBetween } from 'loadline/base';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  type Answer,
  membersOfOneGroup,
  offerTo,
  type Person,
  type Running,
  startRunning,
} from './running.ts';

let running: Running;
let people: readonly Person[];

beforeAll(async () => {
  running = await startRunning(2000);
  people = await membersOfOneGroup(running.database, 24);
});

afterAll(() => running[Symbol.asyncDispose]());

interface Audit {
  readonly granted: number;
  readonly difference: number;
  readonly wrong_balances: number;
}

/** The invariants of the credits: nothing came from nowhere, nothing vanished, and each balance is its movements. */
async function audit(): Promise<Audit> {
  const { rows } = await running.database.query<Audit>({
    text: `
SELECT granted::int, difference::int, (
  SELECT count(*)::int FROM credit_accounts a WHERE a.balance <> coalesce((
    SELECT sum(CASE WHEN m.to_user_id = a.user_id THEN m.amount ELSE -m.amount END)
    FROM credit_movements m WHERE a.user_id IN (m.from_user_id, m.to_user_id)), 0)
) AS wrong_balances FROM credit_audit`,
  });
  return rows[0] as Audit;
}

function statuses(answers: readonly Answer[]): Record<number, number> {
  const counts: Record<number, number> = {};
  for (const { status } of answers) counts[status] = (counts[status] ?? 0) + 1;
  return counts;
}

async function isWaitingForLock(): Promise<boolean> {
  const { rowCount } = await running.database.query({
    text: `SELECT FROM pg_stat_activity WHERE application_name = 'foodshare' AND wait_event_type = 'Lock'`,
  });
  return rowCount > 0;
}

describe('under contention', () => {
  it('the generated credits add up from the start', async () => {
    expect(await audit()).toMatchObject({ difference: 0, wrong_balances: 0 });
  });

  it('each of ten posts goes to exactly one of twenty people who want it at the same moment', async () => {
    const [sharer, ...others] = people as [Person, ...Person[]];
    const wanting = others.slice(0, 20);
    for (let round = 0; round < 10; round++) {
      const posted = await running.call('POST', '/api/food', { as: sharer.id, body: offerTo(sharer.group) });
      const path = `/api/food/${posted.body.id}/claim`;
      const answers = await Promise.all(wanting.map(({ id }) => running.call('POST', path, { as: id })));
      expect(statuses(answers)).toEqual({ 200: 1, 409: 19 });
    }
    const { rows } = await running.database.query<{ n: number }>(
      {
        text: `SELECT count(*)::int AS n FROM exchanges e JOIN food_posts p ON p.id = e.food_id
WHERE e.sharer_id = $1 AND p.status = 'claimed' AND e.status = 'claimed' AND e.created_at > now() - interval '1 minute'`,
      },
      [sharer.id],
    );
    expect(rows[0]?.n).toBe(10);
    expect(await audit()).toMatchObject({ difference: 0, wrong_balances: 0 });
  });

  it('a post is completed once, and its credit earned once, however often that is asked for', async () => {
    const [sharer, receiver] = people as [Person, Person];
    const posted = await running.call('POST', '/api/food', { as: sharer.id, body: offerTo(sharer.group) });
    await running.call('POST', `/api/food/${posted.body.id}/claim`, { as: receiver.id });
    const path = `/api/food/${posted.body.id}/complete`;
    const asking = [sharer, receiver, sharer, receiver, sharer, receiver];
    const answers = await Promise.all(
      asking.map(({ id }) => running.call('POST', path, { as: id, body: { stars: 4 } })),
    );
    expect(statuses(answers)).toEqual({ 200: 1, 409: 5 });
    expect(await audit()).toMatchObject({ difference: 0, wrong_balances: 0 });
  });

  it('a post is either claimed or expired by an administrator, and no credit is lost between', async () => {
    const [sharer, receiver] = people as [Person, Person];
    for (let round = 0; round < 10; round++) {
      const { body } = await running.call('POST', '/api/food', {
        as: sharer.id,
        body: offerTo(sharer.group),
      });
      const [claim] = await Promise.all([
        running.call('POST', `/api/food/${body.id}/claim`, { as: receiver.id }),
        running.call('POST', `/api/admin/food/${body.id}/expire`, { as: sharer.id, admin: true }),
      ]);
      expect([200, 409]).toContain(claim.status);
    }
    expect(await audit()).toMatchObject({ difference: 0, wrong_balances: 0 });
  });

  it('two hundred transfers in all directions end without a deadlock, a lost credit or a balance below zero', async () => {
    const random = createRandom('transfers');
    const pick = (): Person => people[integerBetween(random, 0, 5)] as Person;
    const before = await audit();
    const transfers = Array.from({ length: 200 }, () => ({
      from: pick(),
      to: pick(),
      amount: integerBetween(random, 1, 9),
    }));
    const answers = await Promise.all(
      transfers
        .filter(({ from, to }) => from.id !== to.id)
        .map(({ from, to, amount }) =>
          running.call('POST', '/api/credits/transfer', { as: from.id, body: { to_user_id: to.id, amount } }),
        ),
    );
    expect(Object.keys(statuses(answers)).every((status) => status === '201' || status === '409')).toBe(true);
    expect(statuses(answers)[201]).toBeGreaterThan(20);
    expect(await audit()).toEqual({ ...before, difference: 0, wrong_balances: 0 });
  });

  it('a transfer with an idempotency key takes effect once, and always has the same receipt', async () => {
    const [, , , , , , , giver, taker] = people as Person[];
    const give = (amount: number): Promise<Answer> =>
      running.call('POST', '/api/credits/transfer', {
        as: (giver as Person).id,
        body: { to_user_id: (taker as Person).id, amount },
        headers: { 'idempotency-key': 'breakfast-of-tuesday' },
      });
    const answers = await Promise.all([give(2), give(2), give(2), give(2)]);
    expect(statuses(answers)).toEqual({ 201: 4 });
    expect(new Set(answers.map(({ body }) => body.id)).size).toBe(1);
    expect((await give(3)).status).toBe(422);
    const { rows } = await running.database.query<{ n: number }>(
      {
        text: `SELECT count(*)::int AS n FROM credit_movements WHERE from_user_id = $1 AND kind = 'transferred'`,
      },
      [(giver as Person).id],
    );
    expect(rows[0]?.n).toBe(1);
  });

  it('a post that is made while the sharer’s score changes gets the new score', async () => {
    const sharer = people[10] as Person;
    const posting = await running.database.transaction(async (transaction) => {
      await transaction.query(
        { text: 'UPDATE user_global_reputation SET overall_score = 41 WHERE user_id = $1' },
        [sharer.id],
      );
      // Not awaited: it can't end before this transaction does.
      const answer = running.call('POST', '/api/food', { as: sharer.id, body: offerTo(sharer.group) });
      await expect.poll(async () => await isWaitingForLock()).toBe(true);
      return { answer };
    });
    const { body } = await posting.answer;
    const { rows } = await running.database.query(
      { text: 'SELECT overall_score, trust_level FROM food_posts WHERE id = $1' },
      [body.id],
    );
    expect(rows).toEqual([{ overall_score: 41, trust_level: 3 }]);
  });

  it('restoring a post takes its locks in the order of all others: the post, then the sharer’s reputation', async () => {
    const sharer = people[11] as Person;
    const { body } = await running.call('POST', '/api/food', { as: sharer.id, body: offerTo(sharer.group) });
    const moderate = (decision: string): Promise<Answer> =>
      running.call('POST', `/api/admin/food/${body.id}/moderate`, {
        as: sharer.id,
        admin: true,
        body: { decision, reason: 'looks off' },
      });
    await moderate('remove');
    const restoring = await running.database.transaction(async (transaction) => {
      await transaction.query(
        { text: 'UPDATE user_global_reputation SET overall_score = 61 WHERE user_id = $1' },
        [sharer.id],
      );
      const answer = moderate('restore');
      await expect.poll(async () => await isWaitingForLock()).toBe(true);
      const { rowCount } = await transaction.query(
        { text: 'SELECT FROM food_posts WHERE id = $1 FOR UPDATE SKIP LOCKED' },
        [body.id],
      );
      expect(rowCount).toBe(0);
      return { answer };
    });
    expect(await restoring.answer).toMatchObject({ status: 200, body: { id: body.id, status: 'available' } });
    const { rows } = await running.database.query(
      { text: 'SELECT overall_score, trust_level FROM food_posts WHERE id = $1' },
      [body.id],
    );
    expect(rows).toEqual([{ overall_score: 61, trust_level: 4 }]);
  });

  it('the food and the credits are never handled by a 5xx', async () => {
    expect((await running.call('GET', '/metrics')).body).not.toMatch(/status="5\d\d"/);
  });
});
