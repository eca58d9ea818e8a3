import { isLoadlineError, type LoadlineError } from 'loadline/base';
import type { Postgres } from 'loadline/postgres';
import { creditsPerClaim } from '../ground/rules.ts';
import { conflict, forbidden, notFound, type Problem } from '../http/problem.ts';

/** What somebody who was quick enough gets. */
export interface ClaimedFood {
  readonly id: string;
  readonly exchange_id: string;
  readonly status: 'claimed';
  readonly title: string;
  readonly pickup_time: Date;
  readonly pickup_location: string;
  readonly sharer_pseudonym: string;
  /** Credits that are left. */
  readonly balance: number;
}

// Everything in one statement: it takes the row or it doesn't. Whoever comes second waits for the first one's row
// lock, looks at the row again, finds it no longer available, and changes nothing. Where the credits don't
// suffice, a constraint refuses the whole statement: the balance may not be negative, and what is held may not be
// null, as it is for somebody without an account.
const claimPost = {
  name: 'claim_food_post',
  text: `
WITH claimed AS (
  UPDATE food_posts p SET status = 'claimed'
  WHERE p.id = $1 AND p.status = 'available' AND p.pickup_time > now() AND p.sharer_id <> $2
    AND EXISTS (SELECT FROM group_member_status m
      WHERE m.user_id = $2 AND m.group_id = p.group_id AND m.bot_access_enabled)
  RETURNING p.id, p.sharer_id, p.status, p.title, p.pickup_time, p.pickup_location, p.sharer_pseudonym
), paid AS (
  UPDATE credit_accounts SET balance = balance - $3::integer
  WHERE user_id = $2 AND EXISTS (SELECT FROM claimed)
  RETURNING balance
), exchange AS (
  INSERT INTO exchanges (food_id, sharer_id, receiver_id, credits_held)
  SELECT id, sharer_id, $2, (SELECT $3::integer FROM paid) FROM claimed
  RETURNING id
), movement AS (
  INSERT INTO credit_movements (from_user_id, exchange_id, amount, kind)
  SELECT $2, id, $3::integer, 'spent' FROM exchange
)
SELECT claimed.id, exchange.id AS exchange_id, claimed.status, claimed.title, claimed.pickup_time,
  claimed.pickup_location, claimed.sharer_pseudonym, paid.balance::integer AS balance
FROM claimed, exchange, paid`,
};

/**
 * Claims a post for somebody: at most one person ever gets it.
 * Throws problems 403, 404 and 409: already claimed, over, one's own, or not enough credits.
 */
export async function claimFood(postgres: Postgres, foodId: string, userId: string): Promise<ClaimedFood> {
  try {
    const { rows } = await postgres.query<ClaimedFood>(claimPost, [foodId, userId, creditsPerClaim]);
    const [claimed] = rows;
    if (claimed !== undefined) return claimed;
  } catch (error) {
    if (!isLoadlineError(error, 'POSTGRES_CONSTRAINT')) throw error;
    if (isAboutCredits(error.facts)) throw notEnoughCredits();
    if (error.facts.constraint === 'idx_exchanges_food') throw alreadyClaimed();
    throw error;
  }
  throw await whyNot(postgres, foodId, userId);
}

/** Too little in the account, or no account. */
function isAboutCredits({ constraint, table, column }: LoadlineError['facts']): boolean {
  return constraint === 'credit_balance_not_negative' || (table === 'exchanges' && column === 'credits_held');
}

function alreadyClaimed(): Problem {
  return conflict('already-claimed', 'Somebody was quicker.');
}

function notEnoughCredits(): Problem {
  return conflict('not-enough-credits', `A claim costs ${creditsPerClaim} credit, and you have none left.`);
}

async function whyNot(postgres: Postgres, foodId: string, userId: string): Promise<Problem> {
  const { rows } = await postgres.query<{
    status: string;
    is_over: boolean;
    is_own: boolean;
    is_member: boolean;
  }>(
    {
      name: 'why_not_claimed',
      text: `
SELECT p.status, p.pickup_time <= now() AS is_over, p.sharer_id = $2 AS is_own,
  EXISTS (SELECT FROM group_member_status m
    WHERE m.user_id = $2 AND m.group_id = p.group_id AND m.bot_access_enabled) AS is_member
FROM food_posts p WHERE p.id = $1`,
    },
    [foodId, userId],
  );
  const [post] = rows;
  if (post === undefined) return notFound('such food');
  if (post.is_own) return conflict('own-food', 'This food is your own.');
  if (!post.is_member) return forbidden('You are not a member of the group that this food is offered to.');
  if (post.status === 'claimed' || post.status === 'completed') return alreadyClaimed();
  if (post.status === 'available' && !post.is_over) {
    return conflict('already-claimed', 'Somebody else claimed it and let go again just now. Try once more.');
  }
  return conflict('food-is-over', 'This food is not offered any more.');
}
