import { createPostgres } from '../../postgres/index.ts';
import type { Reading, ResourceProbe } from './resource.ts';

/**
 * Asks PostgreSQL what it has counted in the database of this address, and what its sessions do: one statement
 * a look, in a transaction that may only read, over a connection of its own that it leaves out of what it tells.
 * Any role may ask. From one that is no member of `pg_read_all_stats`, other roles' sessions hide what they do.
 *
 * @throws POSTGRES_ADDRESS_INVALID.
 */
export function createPostgresProbe(url: string): ResourceProbe {
  const postgres = createPostgres({
    url,
    applicationName,
    connectionsMax: 1,
    connectTimeoutMs: answerLimitMs,
    acquireTimeoutMs: answerLimitMs,
    statementTimeoutMs: answerLimitMs,
    lockTimeoutMs: answerLimitMs,
  });
  return {
    source: 'postgres',
    async sample() {
      const { rows } = await postgres.transaction((transaction) => transaction.query<Row>(statement), {
        readOnly: true,
      });
      return numbers.map((number) => readingOf(number, rows[0] as Row));
    },
    close: () => postgres.close(),
  };
}

/** Tells our connection from the target's, which may well call themselves `loadline`. */
const applicationName = 'loadline watch';
/** Less than a sample's limit, so that the server gives up before we do. */
const answerLimitMs = 700;

/** By the name of the number; doubles, because the client gives whole numbers of 64 bits as text. */
type Row = Readonly<Record<string, number>>;

interface DatabaseNumber extends Pick<Reading, 'name' | 'unit' | 'kind'> {
  readonly sql: string;
  /** For `Reading.per`. */
  readonly perSql?: string;
}

/** From pg_stat_database, whose counts backends bring up to date at most once a second. */
const ofDatabase: readonly DatabaseNumber[] = [
  { name: 'commits', unit: 'per second', kind: 'counter', sql: 'xact_commit' },
  { name: 'rollbacks', unit: 'per second', kind: 'counter', sql: 'xact_rollback' },
  { name: 'deadlocks', unit: 'per second', kind: 'counter', sql: 'deadlocks' },
  { name: 'rows returned', unit: 'per second', kind: 'counter', sql: 'tup_returned' },
  { name: 'rows inserted', unit: 'per second', kind: 'counter', sql: 'tup_inserted' },
  { name: 'rows updated', unit: 'per second', kind: 'counter', sql: 'tup_updated' },
  { name: 'rows deleted', unit: 'per second', kind: 'counter', sql: 'tup_deleted' },
  { name: 'temporary files', unit: 'bytes per second', kind: 'counter', sql: 'temp_bytes' },
  {
    name: 'cache hit ratio',
    unit: 'ratio',
    kind: 'counter',
    sql: 'blks_hit',
    perSql: 'blks_hit + blks_read',
  },
];

/** From pg_stat_activity: `here` are the clients of this database. What is hidden from us has no state. */
const ofSessions: readonly DatabaseNumber[] = [
  sessions('connections', 'true'),
  sessions('connections active', "state = 'active'"),
  sessions('connections idle', "state = 'idle'"),
  sessions('connections idle in transaction', "state LIKE 'idle in transaction%'"),
  sessions('connections hidden', 'state IS NULL'),
  sessions('waiting for locks', "wait_event_type = 'Lock'"),
  {
    name: 'longest transaction',
    unit: 'ms',
    kind: 'gauge',
    sql: 'coalesce(1000 * extract(epoch FROM max(clock_timestamp() - xact_start) FILTER (WHERE here)), 0)',
  },
  {
    name: 'connections of the limit',
    unit: 'ratio',
    kind: 'gauge',
    sql: "count(*)::float8 / current_setting('max_connections')::float8",
  },
];

const numbers = [...ofDatabase, ...ofSessions];

/** Sessions of clients alone have both a user and a database; all of them count against the limit. */
const statement = {
  text: `
    SELECT ${columns(ofDatabase)}, activity.*
    FROM pg_stat_database, (
      SELECT ${columns(ofSessions)}
      FROM (SELECT *, datname = current_database() AS here FROM pg_stat_activity) AS sessions
      WHERE usesysid IS NOT NULL AND datid IS NOT NULL AND application_name IS DISTINCT FROM '${applicationName}'
    ) AS activity
    WHERE datname = current_database()`,
};

function sessions(name: string, condition: string): DatabaseNumber {
  return { name, unit: 'count', kind: 'gauge', sql: `count(*) FILTER (WHERE here AND ${condition})` };
}

function columns(of: readonly DatabaseNumber[]): string {
  return of
    .flatMap(({ name, sql, perSql }) => [
      `(${sql})::float8 AS "${name}"`,
      ...(perSql === undefined ? [] : [`(${perSql})::float8 AS "${name} per"`]),
    ])
    .join(', ');
}

function readingOf({ name, unit, kind, perSql }: DatabaseNumber, row: Row): Reading {
  const value = row[name] ?? Number.NaN;
  return { name, unit, kind, value, ...(perSql === undefined ? {} : { per: row[`${name} per`] as number }) };
}
