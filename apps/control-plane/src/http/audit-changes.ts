import type { FastifyInstance } from 'fastify';
import type { AuditedRequest } from '../access/index.ts';
import { type Operation, operations } from '../contract/index.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** It was only read, and is written down all the same. */
    isAudited: boolean;
  }
}

/**
 * Writes every request that would change something into the audit log, refused ones too, before it is answered: what
 * was answered was written down; so was what gave out secrets. What only brings in measurements or signs of life is not in it.
 */
export function auditChanges(app: FastifyInstance, audit: (request: AuditedRequest) => Promise<void>): void {
  app.decorateRequest('isAudited', false);
  app.addHook('onSend', async (request, reply, payload) => {
    const { operation } = request.routeOptions.config;
    if (operation === undefined || request.method === 'HEAD') return payload;
    if (request.method === 'GET' && !request.isAudited) return payload;
    if ((operations[operation] as Operation).isIntake === true) return payload;
    await audit({
      operation,
      method: request.method,
      path: request.url.split('?', 1)[0] as string,
      who: request.who,
      from: request.ip,
      status: reply.statusCode,
      requestId: request.id,
    });
    return payload;
  });
}
