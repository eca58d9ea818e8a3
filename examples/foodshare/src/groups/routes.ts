import type { FastifyInstance } from 'fastify';
import type { Postgres } from 'loadline/postgres';
import type { Memory } from '../cache/memory.ts';
import { notFound } from '../http/problem.ts';
import { idParams } from '../http/validation.ts';

/** How a group is doing, from the summary, which is as old as its last refresh. */
export interface GroupAnalytics {
  readonly group_id: string;
  readonly display_name: string;
  readonly active_members: number;
  readonly food_posts_30d: number;
  /** Of 1 to 5 stars; null where nobody has rated. */
  readonly avg_rating: number | null;
  readonly successful_exchanges_30d: number;
  readonly active_partners: number;
}

const groupAnalytics = {
  name: 'group_analytics',
  text: `
SELECT s.group_id, s.display_name, s.active_members::integer AS active_members,
  s.food_posts_30d::integer AS food_posts_30d, s.avg_rating,
  s.successful_exchanges_30d::integer AS successful_exchanges_30d,
  (SELECT count(*) FROM group_partnerships WHERE status = 'active' AND target_group_id = $1)::integer
    + (SELECT count(*) FROM group_partnerships WHERE status = 'active' AND requesting_group_id = $1)::integer
    AS active_partners
FROM group_activity_summary s WHERE s.group_id = $1`,
};

/** What concerns groups. */
export function groupRoutes(scope: FastifyInstance, postgres: Postgres, memory: Memory): void {
  scope.get<{ Params: { id: string } }>(
    '/api/groups/:id/analytics',
    { schema: { params: idParams } },
    async ({ params }) => {
      const id = params.id.toLowerCase();
      const found = await memory.recall('group_analytics', id, async () => {
        const { rows } = await postgres.query<GroupAnalytics>(groupAnalytics, [id]);
        return rows[0] ?? null;
      });
      if (found === null) throw notFound('such group');
      return found;
    },
  );
}
