import { strict as assert } from 'node:assert';
import type pg from 'pg';
import type { LoadlineError } from '../base/index.ts';
import type { Deadline } from '../resilience/index.ts';
import { classify } from './classify.ts';
import { postgresError } from './errors.ts';
import { assertTime } from './in-time.ts';

/**
 * One text of SQL with `$1` for values. What runs more than once deserves a name: it is then parsed and planned
 * once a connection, which nearly doubles the throughput of short statements. One name, one text.
 */
export interface Statement {
  readonly name?: string;
  readonly text: string;
}

/** What a statement gave back. */
export interface Result<Row> {
  readonly rows: readonly Row[];
  /** Rows that were returned or changed. */
  readonly rowCount: number;
}

/** What statements run on: the pool, or one transaction. */
export interface Queryable {
  /** Runs one statement. Throws POSTGRES_… errors. */
  query<Row extends object>(
    statement: Statement,
    values?: readonly unknown[],
    options?: QueryOptions,
  ): Promise<Result<Row>>;
}

/** What one call is told besides. */
export interface QueryOptions {
  /**
   * The time of whatever the statement is for. When it is over, the call gives up its wait for a connection at once, nothing is sent
   * any more, and it throws POSTGRES_DEADLINE. What was sent runs to its end, as long as the limits of statements let it: whether
   * it took effect could not be told otherwise. Default: no such time; in a transaction its own.
   */
  readonly within?: Deadline | undefined;
}

/** How a transaction differs from those of the pool. Its `within` is for all of it: too late for its COMMIT, it is rolled back. */
export interface TransactionOptions extends QueryOptions {
  /** Instead of the pool's limit for every statement inside. */
  readonly statementTimeoutMs?: number;
  /** Default `read committed`. */
  readonly isolation?: 'read committed' | 'repeatable read' | 'serializable';
  /** Refuses what would write. Default false. */
  readonly readOnly?: boolean;
}

/** One statement under its limits. */
export interface Asked {
  readonly statement: Statement;
  readonly values: readonly unknown[] | undefined;
  readonly timeoutMs: number;
  readonly within: Deadline | undefined;
}

/** Runs one statement on a connection, unless nobody waits for it any more. */
export async function run<Row extends object>(
  client: pg.PoolClient,
  { statement, values, timeoutMs, within }: Asked,
): Promise<Result<Row>> {
  assertTime(within, doingOf(statement));
  const { rows, rowCount } = await ask<Row>(client, statement, values, timeoutMs);
  return { rows, rowCount: rowCount ?? 0 };
}

/** Runs `work` between BEGIN and COMMIT on a connection, or ROLLBACK where it throws. */
export async function inTransaction<Value>(
  client: pg.PoolClient,
  work: (transaction: Queryable) => Promise<Value>,
  defaultTimeoutMs: number,
  options: TransactionOptions = {},
): Promise<Value> {
  const {
    statementTimeoutMs = defaultTimeoutMs,
    isolation = 'read committed',
    readOnly = false,
    within,
  } = options;
  const send = (text: string): Promise<pg.QueryResult> =>
    ask(client, { text }, undefined, statementTimeoutMs);
  assertTime(within, 'begin a transaction');
  await send(`BEGIN ISOLATION LEVEL ${isolation}${readOnly ? ' READ ONLY' : ''}`);
  let isOpen = true;
  try {
    if (statementTimeoutMs !== defaultTimeoutMs)
      await send(`SET LOCAL statement_timeout = ${Math.ceil(statementTimeoutMs)}`);
    const value = await work({
      query(statement, values, own) {
        assert(
          isOpen,
          'A transaction was used after its end; its connection belongs to somebody else by now.',
        );
        return run(client, {
          ...{ statement, values, timeoutMs: statementTimeoutMs },
          within: own?.within ?? within,
        });
      },
    });
    isOpen = false;
    assertTime(within, 'commit');
    const { command } = await send('COMMIT');
    if (command === 'ROLLBACK') throw rolledBack();
    return value;
  } catch (error) {
    isOpen = false;
    // A lost connection has rolled back by itself. One that can't be told to is given up, and rolls back too.
    await send('ROLLBACK').catch(() => client.connection.stream.destroy());
    throw error;
  }
}

/** To COMMIT after a failed statement, whose error `work` has swallowed, the server answers ROLLBACK, and no error. */
function rolledBack(): LoadlineError {
  return postgresError(
    'POSTGRES_STATEMENT_FAILED',
    'Cannot commit: a statement of the transaction had failed, so that the server rolled all of it back.',
    { facts: { sqlState: '25P02' } },
  );
}

/**
 * Sends one statement under a limit of our own. The server's limit is of no use when the server is frozen or the
 * network swallows packets; then only tearing the connection down ends the wait.
 */
async function ask<Row extends object>(
  client: pg.PoolClient,
  statement: Statement,
  values: readonly unknown[] | undefined,
  timeoutMs: number,
): Promise<pg.QueryResult<Row>> {
  const doing = doingOf(statement);
  let isOverdue = false;
  const timer = setTimeout(() => {
    isOverdue = true;
    client.connection.stream.destroy();
  }, timeoutMs + answerGraceMs);
  try {
    return await client.query<Row>({ ...statement, values: values as unknown[] });
  } catch (error) {
    if (!isOverdue) throw classify(error, 'statement', doing);
    throw postgresError(
      'POSTGRES_STATEMENT_TIMEOUT',
      `Cannot ${doing}: no answer within ${timeoutMs + answerGraceMs} ms.`,
      {
        cause: error,
        facts: { timeoutMs },
      },
    );
  } finally {
    clearTimeout(timer);
  }
}

function doingOf({ name }: Statement): string {
  return `run ${name ?? 'a statement'}`;
}

/** Half a second for the way there and back, so that the server's own, cleaner answer comes first. */
const answerGraceMs = 500;
