import type { Postgres, Queryable } from '../postgres/index.ts';

/** What one PostgreSQL says of a database and of itself, at one moment. */
export interface ServerStatistics {
  /** The server's clock, in milliseconds since the epoch. */
  readonly atMs: number;
  /** `18.1`. */
  readonly version: string;
  /** It follows a primary and only reads. */
  readonly isReplica: boolean;
  /** When the server started; what is counted may be older. */
  readonly startedMs: number;
  readonly databaseBytes: number;
  readonly counts: DatabaseCounts;
  readonly connections: Connections;
  /** Age of the oldest open transaction of a client in this database; 0 where none is open. */
  readonly longestTransactionMs: number;
  /** How long the oldest one of those that do nothing has been idle, transaction open; 0 where none is. */
  readonly longestIdleInTransactionMs: number;
  /** Those that follow this server; at most 100. Empty where none does. */
  readonly replicas: readonly ReplicaLag[];
  /** On a replica: what it has received and not yet replayed, in bytes of log; undefined elsewhere. */
  readonly replayLagBytes: number | undefined;
}

/** Counted since the statistics of this database were last reset. */
export interface DatabaseCounts {
  readonly sinceMs: number | undefined;
  readonly commits: number;
  readonly rollbacks: number;
  /** Pages of 8 KiB found in the server's memory, and those that were not. */
  readonly blocksHit: number;
  readonly blocksRead: number;
  readonly deadlocks: number;
  /** Statements that were cancelled on a replica, because of the primary's changes. */
  readonly conflicts: number;
  readonly temporaryBytes: number;
}

/** The sessions that clients have open, without our own, and how many there may be. */
export interface Connections {
  /** Of clients, in all databases: they share the limit. */
  readonly total: number;
  readonly max: number;
  /** Of `max`, kept for superusers and for the role pg_use_reserved_connections, so that others are refused earlier. */
  readonly reserved: number;
  /** Of clients in this database, by what they do. */
  readonly here: {
    readonly active: number;
    readonly idle: number;
    readonly idleInTransaction: number;
    /** Of the active ones, those that wait for a lock. */
    readonly waitingForLock: number;
    /** What they do may not be seen by this role. */
    readonly hidden: number;
  };
}

/** How far one server that follows this one is behind. */
export interface ReplicaLag {
  /** Its application_name. */
  readonly name: string;
  /** `streaming`, `catchup`, `backup` …; undefined where this role may not see it. */
  readonly state: string | undefined;
  readonly isSynchronous: boolean;
  /** Log that was written here and is not yet replayed there; undefined where it may not be seen. */
  readonly lagBytes: number | undefined;
  /** Between a commit here and its being visible there, when there last was one; undefined where there is nothing to catch up with. */
  readonly lagMs: number | undefined;
}

/**
 * Reads all of it in one short transaction that only reads. Any role may; what other roles do is hidden from one that
 * is no member of pg_monitor, and counted as hidden. Our own connection is left out of the sessions.
 *
 * @throws POSTGRES_… errors.
 */
export function readServerStatistics(postgres: Postgres): Promise<ServerStatistics> {
  return postgres.transaction(
    async (transaction) => {
      const { rows } = await transaction.query<Row>(statement);
      const replicas = await readReplicas(transaction);
      return statisticsOf(rows[0] as Row, replicas);
    },
    { readOnly: true },
  );
}

interface Row {
  readonly at_ms: number;
  readonly version: string;
  readonly is_replica: boolean;
  readonly started_ms: number;
  readonly database_bytes: number;
  readonly since_ms: number | null;
  readonly commits: number;
  readonly rollbacks: number;
  readonly blocks_hit: number;
  readonly blocks_read: number;
  readonly deadlocks: number;
  readonly conflicts: number;
  readonly temporary_bytes: number;
  readonly total: number;
  readonly max: number;
  readonly reserved: number;
  readonly active: number;
  readonly idle: number;
  readonly idle_in_transaction: number;
  readonly waiting_for_lock: number;
  readonly hidden: number;
  readonly longest_transaction_ms: number;
  readonly longest_idle_ms: number;
  readonly replay_lag_bytes: number | null;
}

/** Others with a user and a database, such as parallel workers, take no connection. What they are may be hidden. */
const client = 'client backend';

/** Doubles, because the client gives whole numbers of 64 bits as text. Clients have both a user and a database. */
const statement = {
  text: `
    SELECT 1000 * extract(epoch FROM clock_timestamp())::float8 AS at_ms,
      current_setting('server_version') AS version,
      pg_is_in_recovery() AS is_replica,
      1000 * extract(epoch FROM pg_postmaster_start_time())::float8 AS started_ms,
      pg_database_size(current_database())::float8 AS database_bytes,
      1000 * extract(epoch FROM stats_reset)::float8 AS since_ms,
      xact_commit::float8 AS commits, xact_rollback::float8 AS rollbacks,
      blks_hit::float8 AS blocks_hit, blks_read::float8 AS blocks_read,
      deadlocks::float8, conflicts::float8, temp_bytes::float8 AS temporary_bytes,
      current_setting('max_connections')::float8 AS max,
      current_setting('superuser_reserved_connections')::float8
        + coalesce(current_setting('reserved_connections', true)::float8, 0) AS reserved,
      CASE WHEN pg_is_in_recovery() THEN
        greatest(pg_wal_lsn_diff(pg_last_wal_receive_lsn(), pg_last_wal_replay_lsn()), 0)::float8 END AS replay_lag_bytes,
      sessions.*
    FROM pg_stat_database, (
      SELECT count(*)::float8 AS total,
        (count(*) FILTER (WHERE here AND state = 'active'))::float8 AS active,
        (count(*) FILTER (WHERE here AND state = 'idle'))::float8 AS idle,
        (count(*) FILTER (WHERE here AND state LIKE 'idle in transaction%'))::float8 AS idle_in_transaction,
        (count(*) FILTER (WHERE here AND wait_event_type = 'Lock'))::float8 AS waiting_for_lock,
        (count(*) FILTER (WHERE here AND state IS NULL))::float8 AS hidden,
        coalesce(1000 * extract(epoch FROM max(clock_timestamp() - xact_start) FILTER (WHERE here)), 0)::float8
          AS longest_transaction_ms,
        coalesce(1000 * extract(epoch FROM max(clock_timestamp() - state_change)
          FILTER (WHERE here AND state LIKE 'idle in transaction%')), 0)::float8 AS longest_idle_ms
      FROM (SELECT *, datname = current_database() AS here FROM pg_stat_activity) AS activity
      WHERE usesysid IS NOT NULL AND datid IS NOT NULL AND coalesce(backend_type, '${client}') = '${client}'
        AND pid <> pg_backend_pid()
    ) AS sessions
    WHERE datname = current_database()`,
};

interface ReplicaRow {
  readonly name: string;
  readonly state: string | null;
  readonly is_synchronous: boolean | null;
  readonly lag_bytes: number | null;
  readonly lag_ms: number | null;
}

async function readReplicas(transaction: Queryable): Promise<readonly ReplicaRow[]> {
  const { rows } = await transaction.query<ReplicaRow>({
    text: `
      SELECT coalesce(application_name, '') AS name, state, sync_state IN ('sync', 'quorum') AS is_synchronous,
        CASE WHEN NOT pg_is_in_recovery()
          THEN pg_wal_lsn_diff(pg_current_wal_lsn(), replay_lsn)::float8 END AS lag_bytes,
        1000 * extract(epoch FROM replay_lag)::float8 AS lag_ms
      FROM pg_stat_replication
      ORDER BY application_name
      LIMIT 100`,
  });
  return rows;
}

function statisticsOf(row: Row, replicas: readonly ReplicaRow[]): ServerStatistics {
  return {
    atMs: row.at_ms,
    version: row.version,
    isReplica: row.is_replica,
    startedMs: row.started_ms,
    databaseBytes: row.database_bytes,
    counts: {
      sinceMs: row.since_ms ?? undefined,
      commits: row.commits,
      rollbacks: row.rollbacks,
      blocksHit: row.blocks_hit,
      blocksRead: row.blocks_read,
      deadlocks: row.deadlocks,
      conflicts: row.conflicts,
      temporaryBytes: row.temporary_bytes,
    },
    connections: {
      total: row.total,
      max: row.max,
      reserved: row.reserved,
      here: {
        active: row.active,
        idle: row.idle,
        idleInTransaction: row.idle_in_transaction,
        waitingForLock: row.waiting_for_lock,
        hidden: row.hidden,
      },
    },
    longestTransactionMs: row.longest_transaction_ms,
    longestIdleInTransactionMs: row.longest_idle_ms,
    replicas: replicas.map((replica) => ({
      name: replica.name,
      state: replica.state ?? undefined,
      isSynchronous: replica.is_synchronous ?? false,
      lagBytes: replica.lag_bytes ?? undefined,
      lagMs: replica.lag_ms ?? undefined,
    })),
    replayLagBytes: row.replay_lag_bytes ?? undefined,
  };
}
