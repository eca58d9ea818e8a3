import type { FastifyInstance } from 'fastify';
import type { Postgres } from 'loadline/postgres';
import { invalid } from '../http/problem.ts';
import { object, uuidSchema } from '../http/validation.ts';
import { type Transfer, transferCredits } from './transfer.ts';

/** Giving credits. */
export function creditRoutes(scope: FastifyInstance, postgres: Postgres): void {
  scope.post<{ Body: Transfer; Headers: { 'idempotency-key'?: string } }>(
    '/api/credits/transfer',
    { schema: { body: transferBody, headers: transferHeaders } },
    async ({ body, headers, identity }, reply) => {
      const transfer = { ...body, to_user_id: body.to_user_id.toLowerCase() };
      if (transfer.to_user_id === identity.userId) {
        throw invalid({ in: 'body', pointer: '#/to_user_id', detail: 'must be somebody else' });
      }
      const receipt = await transferCredits(postgres, identity.userId, transfer, headers['idempotency-key']);
      return reply.code(201).send(receipt);
    },
  );
}

const transferBody = object(
  { to_user_id: uuidSchema, amount: { type: 'integer', minimum: 1, maximum: 1_000_000 } },
  ['to_user_id', 'amount'],
);

const transferHeaders = {
  type: 'object',
  properties: { 'idempotency-key': { type: 'string', minLength: 1, maxLength: 200, pattern: '^[!-~]+$' } },
};
