import pg from 'pg';
import { isLoadlineError, type LoadlineError } from '../base/index.ts';
import type { Deadline } from '../resilience/index.ts';
import { classify } from './classify.ts';
import { inTransaction, type Queryable, run, type TransactionOptions } from './connection.ts';
import { postgresError } from './errors.ts';
import { assertTime, connectedInTime } from './in-time.ts';

/** How to reach one PostgreSQL. Everything that waits has a limit, in milliseconds. */
export interface PostgresOptions {
  /** `postgresql://user:password@host:5432/database`. */
  readonly url: string;
  /** How the connections are called in pg_stat_activity. Default `loadline`. */
  readonly applicationName?: string;
  /** Connections at most. Default 10: more than twice the server's cores mostly adds waiting. */
  readonly connectionsMax?: number;
  /** Callers that may wait for a connection; further ones are refused at once. Default 1,000. */
  readonly queueMax?: number;
  /** The longest wait for a connection, its opening included. Default 2,000. */
  readonly acquireTimeoutMs?: number;
  /** To open a connection and log in, for whoever waits longer than that. Default 2,000. */
  readonly connectTimeoutMs?: number;
  /** For one statement, watched by the server, and half a second later by us too. Default 5,000. */
  readonly statementTimeoutMs?: number;
  /** For each lock that a statement waits for. Default 2,000. */
  readonly lockTimeoutMs?: number;
  /** How long a transaction may do nothing before the server ends it. Default 10,000. */
  readonly idleInTransactionTimeoutMs?: number;
  /** How long an unused connection is kept. Default 60,000. */
  readonly idleTimeoutMs?: number;
  /** Closes the pool when it aborts. */
  readonly signal?: AbortSignal;
}

/** A bounded pool of connections to one server. Whoever made it closes it. */
export interface Postgres extends Queryable, AsyncDisposable {
  /**
   * Runs `work` between BEGIN and COMMIT on one connection; whatever it throws rolls back and is thrown on.
   * Nothing is repeated: after POSTGRES_CONFLICT the caller may.
   */
  transaction<Value>(
    work: (transaction: Queryable) => Promise<Value>,
    options?: TransactionOptions,
  ): Promise<Value>;
  /** How busy the pool is, for metrics and health. */
  readonly usage: PoolUsage;
  /** Lets running statements end and closes every connection. A second call waits for the first. */
  close(): Promise<void>;
}

/** A pool at this moment; `refused` and `lost` count since the start. Who gave up waiting counts as `waiting` until a connection is free. */
export interface PoolUsage {
  readonly connectionsMax: number;
  readonly connections: number;
  readonly idle: number;
  readonly waiting: number;
  /** Calls that got no connection because too many were waiting, or for too long, also by their own time. */
  readonly refused: number;
  /** Connections that broke or did not answer. */
  readonly lost: number;
}

/**
 * Makes a pool. It opens connections when they are asked for, so an absent server is noticed by the first call.
 *
 * @throws POSTGRES_ADDRESS_INVALID
 */
export function createPostgres(options: PostgresOptions): Postgres {
  assertAddress(options.url);
  const {
    connectionsMax = 10,
    queueMax = 1000,
    acquireTimeoutMs = 2000,
    statementTimeoutMs = 5000,
    signal,
  } = options;
  const pool = createPool(options, connectionsMax, acquireTimeoutMs);
  let refused = 0;
  let lost = 0;
  let closing: Promise<void> | undefined;
  pool.on('error', () => {
    lost++;
  });

  async function acquire(within: Deadline | undefined): Promise<pg.PoolClient> {
    if (closing !== undefined) throw closedError();
    assertTime(within, 'get a connection');
    // pg-pool lets everybody wait a tick, also for a connection that is free.
    const free = pool.idleCount + connectionsMax - pool.totalCount;
    if (pool.waitingCount >= queueMax + free) {
      refused++;
      throw postgresError(
        'POSTGRES_POOL_EXHAUSTED',
        `Cannot get a connection: ${pool.waitingCount} calls wait for ${connectionsMax} connections already.`,
        { facts: { waiting: pool.waitingCount, connectionsMax } },
      );
    }
    // Only who really waits needs a signal, and with it a timer.
    const isIdle = pool.idleCount > pool.waitingCount;
    try {
      const connecting = pool.connect();
      return await (within === undefined || isIdle ? connecting : connectedInTime(connecting, within));
    } catch (error) {
      if (isLoadlineError(error, 'POSTGRES_DEADLINE')) {
        refused++;
        throw error;
      }
      if (closing !== undefined) throw closedError();
      if ((error as Error).message !== waitedTooLong) throw classify(error, 'connect', 'open a connection');
      refused++;
      throw postgresError(
        'POSTGRES_POOL_EXHAUSTED',
        `Cannot get a connection: all ${connectionsMax} were busy for ${acquireTimeoutMs} ms.`,
        { facts: { connectionsMax, acquireTimeoutMs }, cause: error },
      );
    }
  }

  async function withClient<Value>(
    within: Deadline | undefined,
    work: (client: pg.PoolClient) => Promise<Value>,
  ): Promise<Value> {
    const client = await acquire(within);
    // A connection that breaks between two statements is reported by the next; unheard, it would end the process.
    client.on('error', ignore);
    let isLost = true;
    try {
      const value = await work(client);
      isLost = false;
      return value;
    } catch (error) {
      // What the server or the caller merely refused leaves the connection whole; pg-pool's own query() throws
      // the connection away after every error, and with it all its prepared statements.
      isLost = client.connection.stream.destroyed || isEndOfConnection(error);
      throw error;
    } finally {
      client.off('error', ignore);
      if (isLost) lost++;
      client.release(isLost);
    }
  }

  const postgres: Postgres = {
    query: (statement, values, { within } = {}) =>
      withClient(within, (client) =>
        run(client, { statement, values, timeoutMs: statementTimeoutMs, within }),
      ),
    transaction: (work, transactionOptions) =>
      withClient(transactionOptions?.within, (client) =>
        inTransaction(client, work, statementTimeoutMs, transactionOptions),
      ),
    get usage() {
      const { totalCount, idleCount, waitingCount } = pool;
      return {
        connectionsMax,
        connections: totalCount,
        idle: idleCount,
        waiting: waitingCount,
        refused,
        lost,
      };
    },
    close() {
      signal?.removeEventListener('abort', onAbort);
      closing ??= pool.end();
      return closing;
    },
    [Symbol.asyncDispose]: () => postgres.close(),
  };
  const onAbort = (): void => void postgres.close();
  signal?.addEventListener('abort', onAbort, { once: true });
  if (signal?.aborted) onAbort();
  return postgres;
}

function closedError(): LoadlineError {
  return postgresError('POSTGRES_CLOSED', 'Cannot run a statement: the pool was closed.');
}

/** pg-pool's words for a wait in its queue that was too long; it has no code for it. */
const waitedTooLong = 'timeout exceeded when trying to connect';

function ignore(): void {}

/** Errors after which the server is about to close the connection, or we are. */
function isEndOfConnection(thrown: unknown): boolean {
  return (
    isLoadlineError(thrown, 'POSTGRES_CONNECTION_LOST') || isLoadlineError(thrown, 'POSTGRES_UNREACHABLE')
  );
}

/** Whether this can be the address of a database: a postgres:// or postgresql:// URL. */
export function isPostgresAddress(address: string): boolean {
  return /^postgres(ql)?:\/\//.test(address) && URL.canParse(address);
}

function assertAddress(url: string): void {
  if (isPostgresAddress(url)) return;
  // The address itself stays out of the message: it may hold a password.
  throw postgresError(
    'POSTGRES_ADDRESS_INVALID',
    'Cannot use the address of the database: it is not a postgresql:// URL.',
  );
}

function createPool(options: PostgresOptions, connectionsMax: number, acquireTimeoutMs: number): pg.Pool {
  const { connectTimeoutMs = 2000, idleTimeoutMs = 60_000 } = options;
  // The pool's one time limit means both the wait in its queue and the opening of a connection. Ours are two.
  class TimedClient extends pg.Client {
    constructor(config: pg.ClientConfig) {
      super({ ...config, connectionTimeoutMillis: connectTimeoutMs });
    }
  }
  return new pg.Pool({
    connectionString: options.url,
    application_name: options.applicationName ?? 'loadline',
    max: connectionsMax,
    connectionTimeoutMillis: Math.max(acquireTimeoutMs, 1),
    idleTimeoutMillis: idleTimeoutMs,
    statement_timeout: options.statementTimeoutMs ?? 5000,
    lock_timeout: options.lockTimeoutMs ?? 2000,
    idle_in_transaction_session_timeout: options.idleInTransactionTimeoutMs ?? 10_000,
    keepAlive: true,
    // Its type says a constructor without parameters; the pool passes it these options.
    Client: TimedClient as unknown as NonNullable<pg.PoolConfig['Client']>,
  });
}
