import { AsyncLocalStorage } from 'node:async_hooks';
import type { FastifyInstance } from 'fastify';
import type { Postgres } from 'loadline/postgres';
import type { Deadline } from 'loadline/resilience';
import { deadlineOf } from 'loadline/traffic';

/** The time of the request that is worked on, so that no handler has to hand it down. */
const present = new AsyncLocalStorage<Deadline>();

/** Lets the work of all requests to this scope's routes have no more time than whoever asks still waits. */
export function knowDeadlines(scope: FastifyInstance): void {
  // The last hook before the work: what went before it, like the reading of a body, belongs to the connection.
  scope.addHook('preHandler', (request, _reply, next) => {
    const deadline = deadlineOf(request.raw);
    if (deadline === undefined) next();
    else present.run(deadline, next);
  });
}

/**
 * The same database, which is asked nothing more for a request whose time is over: also one that waits for a connection gives up
 * at once, and a transaction is rolled back. A statement that has begun is left to end. What is not only for whoever asked says so
 * by `within: undefined`. Throws POSTGRES_DEADLINE.
 */
export function inTime(postgres: Postgres): Postgres {
  return {
    query: (statement, values, options) =>
      postgres.query(statement, values, { within: present.getStore(), ...options }),
    transaction: (work, options) => postgres.transaction(work, { within: present.getStore(), ...options }),
    get usage() {
      return postgres.usage;
    },
    close: () => postgres.close(),
    [Symbol.asyncDispose]: () => postgres.close(),
  };
}
