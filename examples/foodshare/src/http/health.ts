import type { FastifyInstance } from 'fastify';
import { createHealth, type Health, isReady } from 'loadline/traffic';
import type { Reach } from '../ground/reach.ts';

/**
 * Without its database an instance is of no use. Without the cache it is slower and right, so it stays in: else one lost
 * cache would take every instance out at once.
 */
export function createReachHealth(reach: Reach): Health {
  return createHealth({
    checks: {
      database: () => reach.probe.query({ name: 'ready', text: 'SELECT 1' }),
      cache: { check: () => reach.valkey.ping(), isCritical: false },
    },
    // Whoever comes while the servers are asked gets the same answer; what has ended is never given out again.
    keptMs: 0,
  });
}

/**
 * `/health/live`: the process answers; restart it where it doesn't. `/health/ready`: send requests here. As routes of the app,
 * so that they are counted like all others.
 */
export function answerHealth(app: FastifyInstance, health: Health): void {
  app.get('/health/live', async () => ({ status: 'healthy' }));

  app.get('/health/ready', async (_request, reply) => {
    const report = await health.ready();
    return reply.code(isReady(report.status) ? 200 : 503).send(report);
  });
}
