import { AsyncLocalStorage } from 'node:async_hooks';
import type { FastifyInstance } from 'fastify';
import type { Postgres, Queryable } from 'loadline/postgres';
import type { Deadline } from 'loadline/resilience';
import { deadlineOf } from 'loadline/traffic';
import { Problem } from './problem.ts';

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
 * The same database, which is asked nothing more for a request whose time is over. A statement that has begun is left to end:
 * whether it took effect could not be told otherwise. A transaction is rolled back before the first that comes too late.
 * Throws problem 504.
 */
export function inTime(postgres: Postgres): Postgres {
  return {
    ...statementsInTime(postgres),
    async transaction(work, options) {
      assertTime();
      return await postgres.transaction((transaction) => work(statementsInTime(transaction)), options);
    },
    get usage() {
      return postgres.usage;
    },
    close: () => postgres.close(),
    [Symbol.asyncDispose]: () => postgres.close(),
  };
}

function statementsInTime(database: Queryable): Queryable {
  return {
    async query(statement, values) {
      assertTime();
      return await database.query(statement, values);
    },
  };
}

function assertTime(): void {
  if (present.getStore()?.remainingMs() === 0)
    throw new Problem(504, 'overdue', 'The time that the request had is over.');
}
