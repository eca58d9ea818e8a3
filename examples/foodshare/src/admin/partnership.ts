import { isLoadlineError } from 'loadline/base';
import type { Postgres } from 'loadline/postgres';
import { conflict, notFound } from '../http/problem.ts';

/** Two groups that share what they have. */
export interface Partnership {
  readonly id: string;
  readonly requesting_group_id: string;
  readonly target_group_id: string;
  readonly status: 'active';
}

/** Makes two groups partners. Throws problems 404 and 409. */
export async function partnerGroups(
  postgres: Postgres,
  requestingGroupId: string,
  targetGroupId: string,
): Promise<Partnership> {
  try {
    const { rows } = await postgres.query<Partnership>(insertPartnership, [requestingGroupId, targetGroupId]);
    return rows[0] as Partnership;
  } catch (error) {
    if (!isLoadlineError(error, 'POSTGRES_CONSTRAINT')) throw error;
    if (error.facts.constraint === 'idx_partnerships_pair') {
      throw conflict('already-partners', 'These groups are partners already.');
    }
    if (error.facts.sqlState === foreignKeyViolation) throw notFound('such group');
    throw error;
  }
}

const foreignKeyViolation = '23503';

const insertPartnership = {
  name: 'insert_partnership',
  text: `
INSERT INTO group_partnerships (requesting_group_id, target_group_id, status) VALUES ($1, $2, 'active')
RETURNING id, requesting_group_id, target_group_id, status`,
};
