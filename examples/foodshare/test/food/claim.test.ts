import { LoadlineError } from 'loadline/base';
import type { Postgres } from 'loadline/postgres';
import { describe, expect, it } from 'vitest';
import { claimFood } from '../../src/food/claim.ts';

/** A database that refuses a claim because of this. */
function refusing(facts: Readonly<Record<string, unknown>>): Postgres {
  const query = async () => {
    throw new LoadlineError('POSTGRES_CONSTRAINT', 'refused', { facts });
  };
  return { query } as unknown as Postgres;
}

const claimFrom = (postgres: Postgres): Promise<unknown> => claimFood(postgres, 'a post', 'somebody');

describe('claimFood()', () => {
  it.each([
    ['a balance below zero', { constraint: 'credit_balance_not_negative', table: 'credit_accounts' }],
    ['no account to take from', { sqlState: '23502', table: 'exchanges', column: 'credits_held' }],
  ])('takes %s for a lack of credits', async (_, facts) => {
    await expect(claimFrom(refusing(facts))).rejects.toMatchObject({
      status: 409,
      kind: 'not-enough-credits',
    });
  });

  it('takes an exchange that is there already for somebody who was quicker', async () => {
    const facts = { sqlState: '23505', constraint: 'idx_exchanges_food', table: 'exchanges' };
    await expect(claimFrom(refusing(facts))).rejects.toMatchObject({ status: 409, kind: 'already-claimed' });
  });

  it.each([
    { sqlState: '23503', constraint: 'exchanges_receiver_id_fkey', table: 'exchanges' },
    { sqlState: '23502', table: 'exchanges', column: 'sharer_id' },
    {},
  ])('doesn’t explain away what should never happen: %o', async (facts) => {
    await expect(claimFrom(refusing(facts))).rejects.toMatchObject({ code: 'POSTGRES_CONSTRAINT' });
  });
});
