import type { FastifyInstance } from 'fastify';
import type { AuditedRequest } from '../access/index.ts';

/**
 * Writes every request that would change something into the audit log, refused ones too, before it is answered: what
 * was answered was written down.
 */
export function auditChanges(app: FastifyInstance, audit: (request: AuditedRequest) => Promise<void>): void {
  app.addHook('onSend', async (request, reply, payload) => {
    const { operation } = request.routeOptions.config;
    if (operation === undefined || request.method === 'GET' || request.method === 'HEAD') return payload;
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
