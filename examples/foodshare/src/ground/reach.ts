import { createPostgres, type Postgres } from 'loadline/postgres';
import { createValkey, type Valkey } from 'loadline/valkey';

/** The servers behind an instance. */
export interface Reach {
  readonly postgres: Postgres;
  /** For readiness alone: a pool that is merely busy must not make an instance look dead. */
  readonly probe: Postgres;
  readonly valkey: Valkey;
}

/** Where the servers are, and how much of them an instance may take. */
export interface ReachOptions {
  readonly databaseUrl: string;
  readonly valkeyCacheUrl: string;
  readonly connectionsMax?: number;
  readonly statementTimeoutMs?: number;
}

/** Opens pools and connections; whoever opens them closes them. */
export function openReach({
  databaseUrl,
  valkeyCacheUrl,
  connectionsMax,
  statementTimeoutMs,
}: ReachOptions): Reach {
  return {
    postgres: createPostgres({
      url: databaseUrl,
      applicationName: 'foodshare',
      ...(connectionsMax === undefined ? {} : { connectionsMax }),
      ...(statementTimeoutMs === undefined ? {} : { statementTimeoutMs }),
    }),
    probe: createPostgres({
      url: databaseUrl,
      applicationName: 'foodshare-probe',
      connectionsMax: 1,
      queueMax: 10,
      acquireTimeoutMs: probeTimeoutMs,
      connectTimeoutMs: probeTimeoutMs,
      statementTimeoutMs: probeTimeoutMs,
    }),
    valkey: createValkey({ url: valkeyCacheUrl, clientName: 'foodshare' }),
  };
}

/** Ends them all. */
export async function closeReach({ postgres, probe, valkey }: Reach): Promise<void> {
  await Promise.all([postgres.close(), probe.close(), valkey.close()]);
}

/** Well within the five seconds that a load balancer waits. */
const probeTimeoutMs = 1000;
