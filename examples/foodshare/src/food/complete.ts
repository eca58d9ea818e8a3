import type { Postgres, Queryable } from 'loadline/postgres';
import { pointsPerExchange, pointsPerStar } from '../ground/rules.ts';
import { conflict, forbidden, notFound, type Problem } from '../http/problem.ts';

/** What came of an exchange. */
export interface CompletedFood {
  readonly id: string;
  readonly exchange_id: string;
  readonly status: 'completed';
  /** What the sharer has earned. */
  readonly credits: number;
}

interface EndedExchange {
  readonly id: string;
  readonly food_id: string;
  readonly sharer_id: string;
  readonly receiver_id: string;
  readonly credits: number;
}

/**
 * Notes that food was handed over; either of the two may. The credit that was held goes to the sharer, whose
 * reputation rises; with stars, the caller rates the other.
 *
 * Locks are taken in one order everywhere, so that nobody waits in a circle: the post, then reputations by id, then
 * the sharer's other open posts (by the trigger), and accounts last, by id.
 */
export async function completeFood(
  postgres: Postgres,
  foodId: string,
  userId: string,
  stars?: number,
): Promise<CompletedFood> {
  return await postgres.transaction(async (transaction) => {
    const { rowCount } = await transaction.query(completePost, [foodId, userId]);
    if (rowCount === 0) throw await whyNot(transaction, foodId, userId);
    const { rows } = await transaction.query<EndedExchange>(endExchange, [foodId]);
    const exchange = rows[0] as EndedExchange;
    await raiseReputation(transaction, exchange, userId, stars);
    if (exchange.credits > 0)
      await transaction.query(earnCredits, [exchange.sharer_id, exchange.id, exchange.credits]);
    const { id, food_id, credits } = exchange;
    return { id: food_id, exchange_id: id, status: 'completed', credits };
  });
}

const completePost = {
  name: 'complete_food_post',
  text: `
UPDATE food_posts p SET status = 'completed'
WHERE p.id = $1 AND p.status = 'claimed' AND EXISTS (SELECT FROM exchanges e
  WHERE e.food_id = p.id AND e.status = 'claimed' AND $2 IN (e.sharer_id, e.receiver_id))`,
};

const endExchange = {
  name: 'complete_exchange',
  text: `
UPDATE exchanges SET status = 'completed', credits_held = 0, ended_at = now()
WHERE food_id = $1 AND status = 'claimed'
RETURNING id, food_id, sharer_id, receiver_id, old.credits_held AS credits`,
};

const earnCredits = {
  name: 'earn_credits',
  text: `
WITH earned AS (
  UPDATE credit_accounts SET balance = balance + $3::integer WHERE user_id = $1 RETURNING user_id
)
INSERT INTO credit_movements (to_user_id, exchange_id, amount, kind) SELECT user_id, $2, $3, 'earned' FROM earned`,
};

async function raiseReputation(
  transaction: Queryable,
  exchange: EndedExchange,
  raterId: string,
  stars: number | undefined,
): Promise<void> {
  const { id, sharer_id: sharer, receiver_id: receiver } = exchange;
  await transaction.query(
    {
      name: 'lock_reputations',
      text: 'SELECT FROM user_global_reputation WHERE user_id IN ($1, $2) ORDER BY user_id FOR UPDATE',
    },
    [sharer, receiver],
  );
  await transaction.query(
    {
      name: 'note_exchange',
      text: `
UPDATE user_global_reputation SET last_activity = now(),
  completed_exchanges = completed_exchanges + CASE WHEN user_id = $1 THEN 1 ELSE 0 END
WHERE user_id IN ($1, $2)`,
    },
    [sharer, receiver],
  );
  await addPoints(transaction, sharer, id, pointsPerExchange, 'exchange_completed');
  if (stars === undefined) return;
  const rated = raterId === sharer ? receiver : sharer;
  await transaction.query(
    {
      name: 'insert_rating',
      text: 'INSERT INTO ratings (exchange_id, rater_id, rated_id, stars) VALUES ($1, $2, $3, $4)',
    },
    [id, raterId, rated, stars],
  );
  await addPoints(transaction, rated, id, (stars - 3) * pointsPerStar, 'rated');
}

/** The score stays within 0 and 100; the event notes the points as they were given. */
async function addPoints(
  transaction: Queryable,
  userId: string,
  exchangeId: string,
  points: number,
  kind: string,
): Promise<void> {
  await transaction.query(
    {
      name: 'add_reputation_points',
      text: `
WITH changed AS (
  UPDATE user_global_reputation
  SET overall_score = least(100, greatest(0, round((overall_score + $3)::numeric, 2)))
  WHERE user_id = $1 RETURNING user_id
)
INSERT INTO reputation_events (user_id, exchange_id, points, kind) SELECT user_id, $2, $3, $4 FROM changed`,
    },
    [userId, exchangeId, points, kind],
  );
}

async function whyNot(transaction: Queryable, foodId: string, userId: string): Promise<Problem> {
  const { rows } = await transaction.query<{ status: string; takes_part: boolean }>(
    {
      name: 'why_not_completed',
      text: `
SELECT p.status, EXISTS (SELECT FROM exchanges e
  WHERE e.food_id = p.id AND e.status <> 'cancelled' AND $2 IN (e.sharer_id, e.receiver_id)) AS takes_part
FROM food_posts p WHERE p.id = $1`,
    },
    [foodId, userId],
  );
  const [post] = rows;
  if (post === undefined) return notFound('such food');
  if (post.status === 'completed' && post.takes_part) {
    return conflict('already-completed', 'This exchange is completed already.');
  }
  if (post.status !== 'claimed')
    return conflict('not-claimed', 'Nobody has claimed this food, or it is gone.');
  return forbidden('Only the sharer and the receiver of this food may complete the exchange.');
}
