import type { FastifyInstance } from 'fastify';
import type { Postgres } from 'loadline/postgres';
import type { Memory } from '../cache/memory.ts';
import { isAdmin } from '../http/identity.ts';
import { notFound } from '../http/problem.ts';
import { idParams, object } from '../http/validation.ts';

/** What everybody may know about somebody. */
export interface Profile {
  readonly id: string;
  readonly pseudonym: string;
  readonly home_city: string;
  readonly member_since: Date;
  readonly overall_score: number;
  readonly trust_level: number;
  readonly completed_exchanges: number;
  readonly last_activity: Date;
  readonly groups: number;
  /** Only for oneself and for administrators. */
  readonly balance?: number;
}

/** One of the most trusted people who were active within the last 30 days. */
export interface RankedPerson {
  readonly rank: number;
  readonly user_id: string;
  readonly pseudonym: string;
  readonly overall_score: number;
  readonly trust_level: number;
  readonly completed_exchanges: number;
}

/** Profiles and rankings. */
export function peopleRoutes(scope: FastifyInstance, postgres: Postgres, memory: Memory): void {
  scope.get<{ Params: { id: string } }>(
    '/api/users/:id/profile',
    { schema: { params: idParams } },
    async ({ params, identity }) => {
      const { rows } = await postgres.query<Profile & { balance: number }>(userProfile, [params.id]);
      const [found] = rows;
      if (found === undefined) throw notFound('such user');
      if (found.id === identity.userId || isAdmin(identity)) return found;
      const { balance: _balance, ...shown } = found;
      return shown;
    },
  );

  scope.get<{ Querystring: { limit: number } }>(
    '/api/rankings',
    { schema: { querystring: object({ limit: rankingsLimit }, []) } },
    async ({ query }) => {
      const items = await memory.recall('reputation_rankings', 'all', async () => {
        const { rows } = await postgres.query<RankedPerson>(rankings, [rankingsLimit.maximum]);
        return rows;
      });
      return { items: items.slice(0, query.limit) };
    },
  );
}

const rankingsLimit = { type: 'integer', minimum: 1, maximum: 100, default: 20 };

const userProfile = {
  name: 'user_profile',
  text: `
SELECT u.id, u.pseudonym, u.home_city, u.created_at AS member_since, r.overall_score, r.trust_level,
  r.completed_exchanges, r.last_activity,
  (SELECT count(*) FROM group_member_status m WHERE m.user_id = u.id AND m.bot_access_enabled)::integer AS groups,
  coalesce((SELECT balance FROM credit_accounts a WHERE a.user_id = u.id), 0)::double precision AS balance
FROM users u JOIN user_global_reputation r ON r.user_id = u.id
WHERE u.id = $1`,
};

// The order is the index's, which it walks until it has found enough active people.
const rankings = {
  name: 'reputation_rankings',
  text: `
SELECT (row_number() OVER (ORDER BY best.trust_level DESC, best.overall_score DESC, best.user_id))::integer AS rank,
  best.user_id, u.pseudonym, best.overall_score, best.trust_level, best.completed_exchanges
FROM (
  SELECT user_id, overall_score, trust_level, completed_exchanges FROM user_global_reputation
  WHERE last_activity > now() - interval '30 days'
  ORDER BY trust_level DESC, overall_score DESC, user_id LIMIT $1
) best JOIN users u ON u.id = best.user_id
ORDER BY rank`,
};
