import { errorsOf } from '../base/index.ts';

/** What can go wrong on the way to PostgreSQL and back. */
export const postgresErrorTable = {
  POSTGRES_ADDRESS_INVALID: {
    means: 'The address of the database is not a postgres:// or postgresql:// URL.',
    remedy: 'Write it as postgresql://user:password@host:5432/database.',
  },
  POSTGRES_UNREACHABLE: {
    means: 'No connection could be opened in time, or the server is starting or stopping.',
    remedy:
      'Check that the server runs at this address and can be reached from here; the call may be repeated.',
  },
  POSTGRES_REFUSED: {
    means:
      'The server answered and does not let us in: wrong credentials, no such database, or no slot free.',
    remedy: 'Check the URL, the rights of the role, and max_connections against the sum of all pools.',
  },
  POSTGRES_POOL_EXHAUSTED: {
    means:
      'Every connection of the pool is busy, and the wait for one was too long or too many wait already.',
    remedy:
      'Shed load or shorten statements first; raise connectionsMax only if the server has cores to spare.',
  },
  POSTGRES_STATEMENT_TIMEOUT: {
    means: 'A statement took longer than its limit and was cancelled, or the server did not answer at all.',
    remedy:
      'Look at its plan and at what it waited for; a statement that may take longer gets its own limit.',
  },
  POSTGRES_LOCK_TIMEOUT: {
    means: 'A statement waited longer for a lock than its limit.',
    remedy: 'Find who holds the lock; shorten transactions, and take locks in one order everywhere.',
  },
  POSTGRES_CONFLICT: {
    means:
      'Two transactions stood in each other’s way (a deadlock or a serialization failure) and this one lost.',
    remedy: 'Repeat the whole transaction.',
  },
  POSTGRES_CONSTRAINT: {
    means: 'The data would have broken a rule of the schema; the facts name the constraint.',
    remedy:
      'Treat the constraint that the caller can run into as an answer, and any other as a mistake in the code.',
  },
  POSTGRES_STATEMENT_FAILED: {
    means: 'The server refused a statement; the facts have its SQLSTATE.',
    remedy: 'Correct the statement or the schema.',
  },
  POSTGRES_CONNECTION_LOST: {
    means: 'The connection broke while a statement was under way, so that its outcome is not known.',
    remedy: 'Repeat what only reads; repeat a write only where a repetition changes nothing.',
  },
  POSTGRES_DEADLINE: {
    means: 'The time that a call had was over before its statement was sent; a transaction was rolled back.',
    remedy:
      'Whoever set that time no longer waits. Where it comes often, look at what keeps the connections busy.',
  },
  POSTGRES_MIGRATION_CHANGED: {
    means: 'A step of the schema is no more what was applied to this database.',
    remedy: 'Put the step back as it was, and say what is new in a further step.',
  },
  POSTGRES_MIGRATION_UNKNOWN: {
    means: 'The database has steps of its schema that this program does not know.',
    remedy: 'Run the version that has written them, or a newer one.',
  },
  POSTGRES_CLOSED: {
    means: 'This pool was closed.',
    remedy: 'Let requests end before closing it.',
  },
} as const;

/** Creates an error of this room. */
export const postgresError: ReturnType<typeof errorsOf<typeof postgresErrorTable>> =
  errorsOf(postgresErrorTable);
