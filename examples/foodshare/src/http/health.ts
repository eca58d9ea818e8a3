import type { FastifyInstance } from 'fastify';
import type { Reach } from '../ground/reach.ts';

/** What an instance knows about itself. */
export interface Health {
  /** From the moment in which it is asked to stop. */
  isDraining: boolean;
}

/**
 * `/health/live`: the process answers; restart it where it doesn't. `/health/ready`: send requests here. Without its
 * database an instance is of no use. Without the cache it is slower and right, so it stays in: else one lost cache
 * would take every instance out at once.
 */
export function answerHealth(app: FastifyInstance, reach: Reach, health: Health): void {
  const ask = shared(() =>
    Promise.all([
      outcome(reach.probe.query({ name: 'ready', text: 'SELECT 1' })),
      outcome(reach.valkey.ping()),
    ]),
  );

  app.get('/health/live', async () => ({ status: 'healthy' }));

  app.get('/health/ready', async (_request, reply) => {
    // At once: a balancer that waits for an answer goes on sending requests meanwhile.
    if (health.isDraining) {
      return reply
        .code(503)
        .send({ status: 'draining', checks: { database: 'not-asked', cache: 'not-asked' } });
    }
    const [database, cache] = await ask();
    const status = statusOf(database, cache);
    return reply.code(status === 'unhealthy' ? 503 : 200).send({ status, checks: { database, cache } });
  });
}

/**
 * Whoever comes while it is under way gets its result too. Anybody may ask whether we are ready: without this, a
 * dozen who do at once would queue up for the probe's one connection until a sound instance says that it isn't. What
 * has ended is never given out again.
 */
function shared<Value>(work: () => Promise<Value>): () => Promise<Value> {
  let underWay: Promise<Value> | undefined;
  return () => {
    underWay ??= work().finally(() => {
      underWay = undefined;
    });
    return underWay;
  };
}

type Outcome = 'ok' | 'failed';

async function outcome(check: Promise<unknown>): Promise<Outcome> {
  try {
    await check;
    return 'ok';
  } catch {
    return 'failed';
  }
}

function statusOf(database: Outcome, cache: Outcome): 'healthy' | 'degraded' | 'unhealthy' {
  if (database === 'failed') return 'unhealthy';
  return cache === 'ok' ? 'healthy' : 'degraded';
}
