import {
  compareServerStatistics,
  type DatabaseUse,
  readServerStatistics,
  type ServerStatistics,
} from 'loadline/database';
import { createPostgres } from 'loadline/postgres';
import { type ServerProbe, samplesOf } from './server-probe.ts';

/** Less than between two looks. */
const answerLimitMs = 2000;

/** Reads `pg_stat_*` of a database, over a connection of its own. */
export function createPostgresProbe(service: string, url: string): ServerProbe {
  const postgres = createPostgres({
    url,
    applicationName: 'loadline watch',
    connectionsMax: 1,
    connectTimeoutMs: answerLimitMs,
    acquireTimeoutMs: answerLimitMs,
    statementTimeoutMs: answerLimitMs,
    lockTimeoutMs: answerLimitMs,
  });
  const instance = placeOf(url);
  let before: ServerStatistics | undefined;
  return {
    service,
    instance,
    kind: 'postgres',
    async read(atMs) {
      const now = await readServerStatistics(postgres);
      const use = before === undefined ? undefined : compareServerStatistics(before, now);
      before = now;
      return { samples: samplesOf(figuresOf(now, use), { service, instance, atMs }), caches: [] };
    },
    close: () => postgres.close(),
  };
}

type Figures = Parameters<typeof samplesOf>[0];

function figuresOf(now: ServerStatistics, use: DatabaseUse | undefined): Figures {
  const { total, max, here } = now.connections;
  const lags = now.replicas.flatMap(({ lagMs }) => (lagMs === undefined ? [] : [lagMs]));
  return [
    ['database_connections', 'count', total],
    ['database_connections_max', 'count', max],
    ['database_connections_active', 'count', here.active],
    ['database_connections_idle_in_transaction', 'count', here.idleInTransaction],
    ['database_lock_waits', 'count', here.waitingForLock],
    ['database_bytes', 'bytes', now.databaseBytes],
    ['database_longest_transaction_ms', 'ms', now.longestTransactionMs],
    ['database_replica_lag_ms', 'ms', lags.length === 0 ? undefined : Math.max(...lags)],
    ['database_transactions', 'per second', use?.transactionsPerSecond],
    ['database_rollback_ratio', 'ratio', use?.rollbackRatio],
    ['database_hit_ratio', 'ratio', use?.hitRatio],
    ['database_deadlocks', 'count', use?.deadlocks],
    ['database_temporary_bytes', 'bytes/s', use?.temporaryBytesPerSecond],
  ];
}

function placeOf(url: string): string {
  const { hostname, port, pathname } = new URL(url);
  return `${hostname || 'socket'}:${port || 5432}${pathname}`.slice(0, 100);
}
