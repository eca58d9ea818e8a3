import { Readable } from 'node:stream';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { AuditedRequest } from '../access/index.ts';
import { type Operation, operations } from '../contract/index.ts';
import { Problem, problemContentType } from '../problems/index.ts';
import { problemOf } from './problem-of.ts';

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
    try {
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
    } catch (error) {
      // Thrown from here, the framework would answer in its own words, with those of the error.
      request.log.error({ err: error }, 'a change could not be written into the audit log');
      if (payload instanceof Readable) payload.destroy();
      return answerUnwritten(error, request, reply);
    }
  });
}

/** Takes the place of the answer that there would have been, of which nothing may be left. */
function answerUnwritten(error: unknown, request: FastifyRequest, reply: FastifyReply): string {
  const problem = reply.statusCode < 400 ? doneUnwritten : problemOf(error);
  for (const name of ['set-cookie', 'etag', 'location', 'content-length', 'www-authenticate'])
    reply.removeHeader(name);
  reply.code(problem.status).headers({ ...problem.headers, 'content-type': problemContentType });
  return JSON.stringify(problem.toDocument(request.id));
}

const doneUnwritten = new Problem(
  'CONTROL_PLANE_UNAVAILABLE',
  'This was done, but it could not be written into the audit log. Look at what there is before you ask again.',
  { headers: { 'retry-after': '1' } },
);
