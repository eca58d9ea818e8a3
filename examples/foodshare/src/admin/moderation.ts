import type { Postgres, Queryable } from 'loadline/postgres';
import { conflict, notFound, type Problem } from '../http/problem.ts';

/** A post after an administrator's decision. */
export interface ModeratedFood {
  readonly id: string;
  readonly status: string;
}

/** What a moderator decides. */
export interface Decision {
  readonly decision: 'remove' | 'restore';
  readonly reason: string;
}

/** Takes a post off the list because its time is over. A held credit goes back. Throws problems 404 and 409. */
export async function expireFood(postgres: Postgres, foodId: string): Promise<ModeratedFood> {
  return await postgres.transaction(async (transaction) => await takeBack(transaction, foodId, 'expired'));
}

/** Removes a post for a reason, or restores a removed one; either is noted. Throws problems 404 and 409. */
export async function moderateFood(
  postgres: Postgres,
  foodId: string,
  moderatorId: string,
  { decision, reason }: Decision,
): Promise<ModeratedFood> {
  return await postgres.transaction(async (transaction) => {
    const moderated =
      decision === 'remove'
        ? await takeBack(transaction, foodId, 'removed')
        : await restore(transaction, foodId);
    await transaction.query(
      {
        name: 'note_moderation',
        text: `
INSERT INTO moderation_actions (food_id, moderator_id, decision, reason) VALUES ($1, $2, $3, $4)`,
      },
      [foodId, moderatorId, decision, reason],
    );
    return moderated;
  });
}

async function takeBack(
  transaction: Queryable,
  foodId: string,
  status: 'expired' | 'removed',
): Promise<ModeratedFood> {
  const { rows } = await transaction.query<ModeratedFood>(
    {
      name: 'take_back_food_post',
      text: `
UPDATE food_posts SET status = $2 WHERE id = $1 AND status IN ('available', 'claimed') RETURNING id, status`,
    },
    [foodId, status],
  );
  const [taken] = rows;
  if (taken === undefined) throw await whyNot(transaction, foodId);
  await transaction.query(refundClaim, [foodId]);
  return taken;
}

// An exchange that was under way is cancelled, and the receiver gets back what was held.
const refundClaim = {
  name: 'refund_claim',
  text: `
WITH ended AS (
  UPDATE exchanges SET status = 'cancelled', credits_held = 0, ended_at = now()
  WHERE food_id = $1 AND status = 'claimed'
  RETURNING id, receiver_id, old.credits_held AS credits
), refunded AS (
  UPDATE credit_accounts a SET balance = balance + ended.credits
  FROM ended WHERE a.user_id = ended.receiver_id AND ended.credits > 0
  RETURNING a.user_id, ended.id, ended.credits
)
INSERT INTO credit_movements (to_user_id, exchange_id, amount, kind)
SELECT user_id, id, credits, 'refunded' FROM refunded`,
};

// A statement of its own, because locks are taken in the order that `completeFood` tells: the post comes first.
const lockRemovedPost = {
  name: 'lock_removed_post',
  text: `SELECT sharer_id FROM food_posts WHERE id = $1 AND status = 'removed' FOR UPDATE`,
};

// While it was removed, nobody carried the sharer's new score to it.
const restorePost = {
  name: 'restore_food_post',
  text: `
WITH sharer AS (
  SELECT overall_score FROM user_global_reputation WHERE user_id = $2 FOR SHARE
)
UPDATE food_posts p SET status = 'available', overall_score = sharer.overall_score
FROM sharer WHERE p.id = $1
RETURNING p.id, p.status`,
};

async function restore(transaction: Queryable, foodId: string): Promise<ModeratedFood> {
  const removed = await transaction.query<{ sharer_id: string }>(lockRemovedPost, [foodId]);
  const [post] = removed.rows;
  if (post === undefined) throw await whyNot(transaction, foodId);
  const { rows } = await transaction.query<ModeratedFood>(restorePost, [foodId, post.sharer_id]);
  return rows[0] as ModeratedFood;
}

async function whyNot(transaction: Queryable, foodId: string): Promise<Problem> {
  const { rows } = await transaction.query<{ status: string }>(
    { name: 'food_status', text: 'SELECT status FROM food_posts WHERE id = $1' },
    [foodId],
  );
  const [post] = rows;
  return post === undefined
    ? notFound('such food')
    : conflict('wrong-status', `This food is ${post.status}, so this can't be done.`);
}
