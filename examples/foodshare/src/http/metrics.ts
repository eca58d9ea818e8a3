import { Readable } from 'node:stream';
import type { FastifyInstance } from 'fastify';
import { systemClock } from 'loadline/base';
import { prometheusContentType, type Registry, renderPrometheus } from 'loadline/metrics';
import { observeHttp } from 'loadline/observe';
import type { Reach } from '../ground/reach.ts';

/** The status of a request whose client went away first; nginx's number for it. */
const clientWent = 499;

/** Counts and times every request, also those that are refused or given up by their client. */
export function observeRequests(app: FastifyInstance, registry: Registry): void {
  const observer = observeHttp(registry);
  app.addHook('onRequest', async (request, reply) => {
    observer.begin();
    // Fastify's own elapsed time is 0 for a server that logs nothing.
    const startMs = systemClock.monotonicMs();
    // Comes once in any case; Fastify's own hook doesn't when the client has gone.
    reply.raw.once('close', () => {
      observer.end({
        method: request.method,
        route: request.routeOptions.url ?? 'unmatched',
        status: reply.raw.writableFinished ? reply.raw.statusCode : clientWent,
        durationMs: systemClock.monotonicMs() - startMs,
      });
    });
  });
}

/** How busy the connections to the servers behind us are. */
export function observeReach(registry: Registry, { postgres, valkey }: Reach): void {
  registry.gauge({
    name: 'postgres_pool_connections',
    help: 'Connections to PostgreSQL, by what they do.',
    labels: ['state'],
    read: () => {
      const { connections, idle } = postgres.usage;
      return [
        [{ state: 'busy' }, connections - idle],
        [{ state: 'idle' }, idle],
      ];
    },
  });
  registry.gauge({
    name: 'postgres_pool_connections_limit',
    help: 'Connections to PostgreSQL at most.',
    read: () => postgres.usage.connectionsMax,
  });
  registry.gauge({
    name: 'postgres_pool_waiting',
    help: 'Calls that wait for a connection.',
    read: () => postgres.usage.waiting,
  });
  registry.counter({
    name: 'postgres_pool_refused_total',
    help: 'Calls that got no connection: too many were waiting, or for too long.',
    read: () => postgres.usage.refused,
  });
  registry.counter({
    name: 'postgres_connections_lost_total',
    help: 'Connections to PostgreSQL that broke or did not answer.',
    read: () => postgres.usage.lost,
  });
  registry.gauge({
    name: 'valkey_connected',
    help: 'Whether there is a connection to the cache, 1 or 0.',
    read: () => (valkey.usage.isConnected ? 1 : 0),
  });
  registry.gauge({
    name: 'valkey_commands_in_flight',
    help: 'Commands to the cache without an answer yet.',
    read: () => valkey.usage.commandsInFlight,
  });
  registry.counter({
    name: 'valkey_timeouts_total',
    help: 'Commands to the cache that had no answer in time.',
    read: () => valkey.usage.timeouts,
  });
}

/** `/metrics`, for Prometheus; sent piece by piece, so that a scrape holds nobody up. */
export function answerMetrics(app: FastifyInstance, registry: Registry): void {
  app.get('/metrics', async (_request, reply) =>
    reply.header('content-type', prometheusContentType).send(Readable.from(renderPrometheus(registry))),
  );
}
