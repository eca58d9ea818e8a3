import type { FastifyInstance } from 'fastify';
import type { Clock } from 'loadline/base';
import type { Registry } from 'loadline/metrics';
import { observeHttp } from 'loadline/observe';

/** The status of a request whose client went away first; nginx's number for it. */
const clientWent = 499;

/** Counts and times every request, also those that are refused or given up by their client. */
export function observeRequests(app: FastifyInstance, registry: Registry, clock: Clock): void {
  const observer = observeHttp(registry);
  app.addHook('onRequest', async (request, reply) => {
    observer.begin();
    const startMs = clock.monotonicMs();
    // Comes once in any case; a hook of the framework does not when the client has gone.
    reply.raw.once('close', () => {
      observer.end({
        method: request.method,
        route: request.routeOptions.url ?? 'unmatched',
        status: reply.raw.writableFinished ? reply.raw.statusCode : clientWent,
        durationMs: clock.monotonicMs() - startMs,
      });
    });
  });
}
