import type { Postgres, Queryable } from 'loadline/postgres';
import { conflict, notFound, Problem } from '../http/problem.ts';

/** Credits for somebody else. */
export interface Transfer {
  readonly to_user_id: string;
  readonly amount: number;
}

/** A transfer that took place. */
export interface TransferReceipt extends Transfer {
  readonly id: string;
  readonly from_user_id: string;
  readonly created_at: Date;
}

/**
 * Moves credits from one person to another, all or nothing, and never below zero. Both accounts are locked by id
 * before anything is looked at: two who give to each other at once wait for one another instead of in a circle.
 *
 * With an idempotency key the same request takes effect once, however often it arrives within a day, and gets
 * the same receipt. Throws problems 404, 409, and 422 for a key that was used for another request.
 */
export async function transferCredits(
  postgres: Postgres,
  fromUserId: string,
  transfer: Transfer,
  idempotencyKey?: string,
): Promise<TransferReceipt> {
  return await postgres.transaction(async (transaction) => {
    const balances = await lockAccounts(transaction, fromUserId, transfer.to_user_id);
    // After the lock: a second copy of the request that came at the same moment finds the first one's key here.
    const earlier = idempotencyKey && (await findEarlier(transaction, fromUserId, idempotencyKey, transfer));
    if (earlier) return earlier;
    if (!balances.has(transfer.to_user_id)) throw notFound('such user');
    if ((balances.get(fromUserId) ?? 0) < transfer.amount) {
      throw conflict('not-enough-credits', 'You have fewer credits than you want to give.');
    }
    const receipt = await move(transaction, fromUserId, transfer);
    if (idempotencyKey !== undefined) await rememberKey(transaction, fromUserId, idempotencyKey, receipt);
    return receipt;
  });
}

async function lockAccounts(transaction: Queryable, ...userIds: string[]): Promise<Map<string, number>> {
  const { rows } = await transaction.query<{ user_id: string; balance: number }>(
    {
      name: 'lock_accounts',
      text: `
SELECT user_id, balance::double precision AS balance FROM credit_accounts
WHERE user_id = ANY ($1::uuid[]) ORDER BY user_id FOR UPDATE`,
    },
    [userIds],
  );
  return new Map(rows.map(({ user_id, balance }) => [user_id, balance]));
}

async function move(
  transaction: Queryable,
  fromUserId: string,
  transfer: Transfer,
): Promise<TransferReceipt> {
  const { rows } = await transaction.query<TransferReceipt>(
    {
      name: 'transfer_credits',
      text: `
WITH moved AS (
  UPDATE credit_accounts SET balance = balance + CASE WHEN user_id = $1 THEN -$3::bigint ELSE $3::bigint END
  WHERE user_id IN ($1, $2)
)
INSERT INTO credit_movements (from_user_id, to_user_id, amount, kind) VALUES ($1, $2, $3, 'transferred')
RETURNING id, from_user_id, to_user_id, amount::integer AS amount, created_at`,
    },
    [fromUserId, transfer.to_user_id, transfer.amount],
  );
  return rows[0] as TransferReceipt;
}

async function findEarlier(
  transaction: Queryable,
  userId: string,
  key: string,
  transfer: Transfer,
): Promise<TransferReceipt | undefined> {
  const { rows } = await transaction.query<TransferReceipt>(
    {
      name: 'find_idempotent_transfer',
      text: `
SELECT m.id, m.from_user_id, m.to_user_id, m.amount::integer AS amount, m.created_at
FROM idempotent_requests r JOIN credit_movements m ON m.id = r.movement_id
WHERE r.user_id = $1 AND r.key = $2 AND r.created_at > now() - interval '1 day'`,
    },
    [userId, key],
  );
  const [earlier] = rows;
  if (earlier === undefined) return undefined;
  if (earlier.to_user_id === transfer.to_user_id && earlier.amount === transfer.amount) return earlier;
  throw new Problem(422, 'idempotency-key-reused', 'This Idempotency-Key was used for another transfer.');
}

/** Notes the key, and forgets this user's keys of former days. */
async function rememberKey(
  transaction: Queryable,
  userId: string,
  key: string,
  receipt: TransferReceipt,
): Promise<void> {
  await transaction.query(
    {
      name: 'forget_idempotency_keys',
      text: `DELETE FROM idempotent_requests WHERE user_id = $1 AND created_at <= now() - interval '1 day'`,
    },
    [userId],
  );
  await transaction.query(
    {
      name: 'remember_idempotency_key',
      text: 'INSERT INTO idempotent_requests (user_id, key, movement_id) VALUES ($1, $2, $3)',
    },
    [userId, key, receipt.id],
  );
}
