import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Clock } from 'loadline/base';
import type { Registry } from 'loadline/metrics';
import { observeHttp } from 'loadline/observe';

/** The status of a request whose client went away first; nginx's number for it. */
const clientWent = 499;

/** Counts and times every request, also those that are refused or given up by their client. */
export function observeRequests(app: FastifyInstance, registry: Registry, clock: Clock): void {
  const observer = observeHttp(registry);
  /** When answers of requests began that last as long as somebody listens. */
  const beganMs = new WeakMap<FastifyRequest, number>();
  app.addHook('onSend', async (request, _reply, payload) => {
    if (request.routeOptions.config.operation === 'streamLive') beganMs.set(request, clock.monotonicMs());
    return payload;
  });
  app.addHook('onRequest', async (request, reply) => {
    observer.begin();
    const startMs = clock.monotonicMs();
    // Comes once in any case; a hook of the framework does not when the client has gone.
    reply.raw.once('close', () => {
      observer.end({
        method: request.method,
        route: request.routeOptions.url ?? 'unmatched',
        status: reply.raw.writableFinished ? reply.raw.statusCode : clientWent,
        durationMs: (beganMs.get(request) ?? clock.monotonicMs()) - startMs,
      });
    });
  });
}
