import { Ground, type StartOptions } from './ground.ts';
import {
  checkPostgresOptions,
  launchPostgres,
  type PostgresCluster,
  type PostgresOptions,
} from './postgres.ts';
import { launchValkey, type ValkeyServer } from './valkey.ts';

/** What to start, and where. */
export interface LocalStackOptions extends StartOptions, PostgresOptions {
  /** Default true. */
  readonly postgres?: boolean;
  /** Both Valkeys. Default true. */
  readonly valkey?: boolean;
}

/** The part of a stack that is PostgreSQL. */
export interface PostgresStack extends AsyncDisposable {
  readonly postgres: PostgresCluster;
  /** Ends all servers; idempotent. A temporary folder goes with them, a named one stays. */
  stop(): Promise<void>;
}

/** The part of a stack that is the two Valkeys: what evicts must not hold a queue. */
export interface ValkeyStack extends AsyncDisposable {
  /** May forget: 512 MB, allkeys-lru. */
  readonly valkeyCache: ValkeyServer;
  /** May not: noeviction, append-only file. */
  readonly valkeyLog: ValkeyServer;
  /** Ends all servers; idempotent. A temporary folder goes with them, a named one stays. */
  stop(): Promise<void>;
}

/** PostgreSQL and both Valkeys; `stop` ends all of them. */
export interface LocalStack extends PostgresStack, ValkeyStack {}

/**
 * Starts the real servers a laptop needs: PostgreSQL 18 with pg_stat_statements, cube, earthdistance and pg_trgm in
 * every database, if wished with streaming standbys, and two Valkeys (or Redises). When it resolves, all of
 * them answer. They end with `stop()`, with this process (however it ends), and not before: a
 * running stack keeps the process alive, as any open server does.
 *
 * @throws LOCAL_STACK_OPTION_INVALID, LOCAL_STACK_PLATFORM_UNSUPPORTED, LOCAL_STACK_POSTGRES_MISSING,
 * LOCAL_STACK_VALKEY_MISSING, LOCAL_STACK_FOLDER_IN_USE, LOCAL_STACK_FOLDER_UNUSABLE,
 * LOCAL_STACK_SERVER_FAILED, LOCAL_STACK_NOT_READY, LOCAL_STACK_KEEPER_LOST; the signal's reason.
 *
 * @example
 * await using stack = await startLocalStack({ replicas: 1 });
 * const pool = new pg.Pool({ connectionString: stack.postgres.url });
 */
export function startLocalStack(
  options: LocalStackOptions & { readonly postgres: false },
): Promise<ValkeyStack>;
export function startLocalStack(
  options: LocalStackOptions & { readonly valkey: false },
): Promise<PostgresStack>;
export function startLocalStack(
  options?: LocalStackOptions & { readonly postgres?: true; readonly valkey?: true },
): Promise<LocalStack>;
export async function startLocalStack(
  options: LocalStackOptions = {},
): Promise<Partial<LocalStack> & AsyncDisposable> {
  checkPostgresOptions(options);
  const ground = await Ground.open(options);
  try {
    const servers = await launchAll(ground, options);
    const stop = (): Promise<void> => ground.close();
    return { ...servers, stop, [Symbol.asyncDispose]: stop };
  } catch (error) {
    await ground.close();
    throw error;
  }
}

async function launchAll(
  ground: Ground,
  { postgres = true, valkey = true, ...options }: LocalStackOptions,
): Promise<Partial<Pick<LocalStack, 'postgres' | 'valkeyCache' | 'valkeyLog'>>> {
  const [cluster, cache, log] = await Promise.all([
    postgres ? launchPostgres(ground, options) : undefined,
    valkey ? launchValkey(ground, 'cache') : undefined,
    valkey ? launchValkey(ground, 'log') : undefined,
  ]);
  return {
    ...(cluster === undefined ? {} : { postgres: cluster }),
    ...(cache === undefined ? {} : { valkeyCache: cache }),
    ...(log === undefined ? {} : { valkeyLog: log }),
  };
}
