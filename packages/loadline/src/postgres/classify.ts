import { isLoadlineError, type LoadlineError } from '../base/index.ts';
import { postgresError, type postgresErrorTable } from './errors.ts';

type PostgresErrorCode = keyof typeof postgresErrorTable;

/** Where a failure happened: opening a connection has other readings of the same error than using one. */
export type Stage = 'connect' | 'statement';

/**
 * Says in our words what the client or the server said in theirs.
 *
 * @param doing what was attempted, to follow "Cannot …".
 */
export function classify(thrown: unknown, stage: Stage, doing: string): LoadlineError {
  if (isLoadlineError(thrown)) return thrown;
  const error = thrown as Partial<ServerError>;
  const sqlState = sqlStateOf(error);
  const code = sqlState === undefined ? codeWithoutState(stage) : codeOfState(sqlState, stage);
  // Where a name has several addresses and none answers, Node's error has a code and no message.
  const said = error.message || error.code || String(thrown);
  return postgresError(code, `Cannot ${doing}: ${said}.`, {
    cause: thrown,
    facts: {
      ...(sqlState === undefined ? {} : { sqlState }),
      ...(error.constraint === undefined ? {} : { constraint: error.constraint }),
      ...(error.table === undefined ? {} : { table: error.table }),
      ...(error.column === undefined ? {} : { column: error.column }),
    },
  });
}

/** The fields of an error message of the server that we use. */
interface ServerError {
  readonly code: string;
  readonly severity: string;
  readonly message: string;
  readonly constraint: string;
  readonly table: string;
  /** Of a null where none may be; such a rule has no name of its own. */
  readonly column: string;
}

/** Only what the server says has a severity: EPIPE, a code of the system, is of five letters too. */
function sqlStateOf({ code, severity }: Partial<ServerError>): string | undefined {
  return severity !== undefined && code !== undefined && /^[0-9A-Z]{5}$/.test(code) ? code : undefined;
}

/** Errors that are none of the server's come from the socket or from the client's own waiting. */
function codeWithoutState(stage: Stage): PostgresErrorCode {
  return stage === 'connect' ? 'POSTGRES_UNREACHABLE' : 'POSTGRES_CONNECTION_LOST';
}

/** By SQLSTATE, PostgreSQL's manual, appendix A. */
function codeOfState(sqlState: string, stage: Stage): PostgresErrorCode {
  const exact = codes[sqlState];
  if (exact !== undefined) return exact;
  if (stage === 'connect') return 'POSTGRES_REFUSED';
  return sqlState.startsWith('23') ? 'POSTGRES_CONSTRAINT' : 'POSTGRES_STATEMENT_FAILED';
}

const codes: Readonly<Record<string, PostgresErrorCode>> = {
  '57P01': 'POSTGRES_UNREACHABLE', // admin_shutdown
  '57P02': 'POSTGRES_UNREACHABLE', // crash_shutdown
  '57P03': 'POSTGRES_UNREACHABLE', // cannot_connect_now
  '57014': 'POSTGRES_STATEMENT_TIMEOUT', // query_canceled
  '55P03': 'POSTGRES_LOCK_TIMEOUT', // lock_not_available
  '40001': 'POSTGRES_CONFLICT', // serialization_failure
  '40P01': 'POSTGRES_CONFLICT', // deadlock_detected
  '25P03': 'POSTGRES_CONNECTION_LOST', // idle_in_transaction_session_timeout
};
