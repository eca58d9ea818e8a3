import type { FastifyInstance } from 'fastify';
import type { Postgres } from 'loadline/postgres';
import type { Memory } from '../cache/memory.ts';
import { requireAdmin } from '../http/identity.ts';
import { invalid } from '../http/problem.ts';
import { idParams, object, text, uuidSchema } from '../http/validation.ts';
import { type Decision, expireFood, moderateFood } from './moderation.ts';
import { partnerGroups } from './partnership.ts';
import { refreshSummary } from './summary.ts';

/** What an administrator's work needs. */
export interface AdminOptions {
  readonly postgres: Postgres;
  readonly memory: Memory;
  /** For the one statement that may take longer than all others, in milliseconds. */
  readonly refreshTimeoutMs: number;
}

/** What only administrators may do. */
export function adminRoutes(
  scope: FastifyInstance,
  { postgres, memory, refreshTimeoutMs }: AdminOptions,
): void {
  scope.addHook('onRequest', requireAdmin);

  scope.post<{ Params: { id: string } }>(
    '/api/admin/food/:id/expire',
    { schema: { params: idParams } },
    async ({ params }) => await expireFood(postgres, params.id),
  );

  scope.post<{ Params: { id: string }; Body: Decision }>(
    '/api/admin/food/:id/moderate',
    { schema: { params: idParams, body: decisionBody } },
    async ({ params, body, identity }) => await moderateFood(postgres, params.id, identity.userId, body),
  );

  scope.post<{ Params: { id: string }; Body: { group_id: string } }>(
    '/api/admin/groups/:id/partners',
    { schema: { params: idParams, body: object({ group_id: uuidSchema }, ['group_id']) } },
    async ({ params, body }, reply) => {
      if (params.id.toLowerCase() === body.group_id.toLowerCase()) {
        throw invalid({ in: 'body', pointer: '#/group_id', detail: 'must be another group' });
      }
      const partnership = await partnerGroups(postgres, params.id, body.group_id);
      await memory.forget('group_analytics');
      return reply.code(201).send(partnership);
    },
  );

  scope.post('/api/admin/summary/refresh', async (_request, reply) => {
    const isDone = await refreshSummary(postgres, refreshTimeoutMs);
    if (!isDone) return reply.code(202).send({ status: 'already-refreshing' });
    await memory.forget('group_analytics');
    return { status: 'refreshed' };
  });
}

const decisionBody = object(
  { decision: { type: 'string', enum: ['remove', 'restore'] }, reason: text(1, 500) },
  ['decision', 'reason'],
);
