import { join } from 'node:path';
import { localStackError } from './errors.ts';
import { Ground, type StartOptions } from './ground.ts';
import { launch } from './launch.ts';
import { requireSupportedPlatform } from './platform.ts';
import { findPostgres } from './postgres-binaries.ts';
import {
  type Cluster,
  clusterName,
  openCluster,
  type PostgresServer,
  serverCommand,
  settingsFile,
  urlOf,
  writePrivate,
} from './postgres-cluster.ts';
import { oneRow, withSession } from './postgres-session.ts';
import { checkSettings, renderSettings } from './postgres-settings.ts';
import { removeOtherStandbys, removeStandby, type StandbyPlan, startStandby } from './postgres-standby.ts';

/** A primary with its streaming standbys, which only read (a write there is SQLSTATE 25006). */
export interface PostgresCluster extends PostgresServer {
  /** Those of the start. */
  readonly replicas: readonly PostgresServer[];
  /**
   * Starts one more standby; all together are at most 8. When it resolves it streams and has caught up.
   *
   * @throws LOCAL_STACK_OPTION_INVALID where there are 8, and what startLocalStack() throws.
   */
  addReplica(): Promise<PostgresReplica>;
}

/** A standby that was added. */
export interface PostgresReplica extends PostgresServer {
  /** How it ended, in words: also where nobody had told it to. */
  readonly ended: Promise<string>;
  /** Ends it, and removes its data and its place in the primary's log. Idempotent. */
  remove(): Promise<void>;
}

/** What a PostgreSQL is started with. */
export interface PostgresOptions {
  /** How many streaming standbys, 0 to 8. Default 0. */
  readonly replicas?: number;
  /** Further settings of postgresql.conf, for the primary and its standbys: `{ work_mem: '64MB' }`. */
  readonly settings?: Readonly<Record<string, string>>;
}

/** What to start, and where. */
export interface StartPostgresOptions extends StartOptions, PostgresOptions {}

/** A cluster that runs by itself: who started it stops it, or disposes of it. */
export interface StartedPostgres extends PostgresCluster, AsyncDisposable {
  /** Ends the servers. Idempotent. */
  stop(): Promise<void>;
}

/**
 * Starts PostgreSQL alone; startLocalStack() starts it together with two Valkeys.
 *
 * @throws LOCAL_STACK_POSTGRES_MISSING, and what startLocalStack() throws.
 */
export async function startPostgres(options: StartPostgresOptions = {}): Promise<StartedPostgres> {
  checkPostgresOptions(options);
  const ground = await Ground.open(options);
  try {
    const cluster = await launchPostgres(ground, options);
    const stop = (): Promise<void> => ground.close();
    return { ...cluster, stop, [Symbol.asyncDispose]: stop };
  } catch (error) {
    await ground.close();
    throw error;
  }
}

/** @throws LOCAL_STACK_OPTION_INVALID, LOCAL_STACK_PLATFORM_UNSUPPORTED. */
export function checkPostgresOptions({ replicas = 0, settings = {} }: PostgresOptions): void {
  requireSupportedPlatform();
  checkSettings(settings);
  if (Number.isInteger(replicas) && replicas >= 0 && replicas <= replicasMax) return;
  throw localStackError(
    'LOCAL_STACK_OPTION_INVALID',
    `Cannot start ${replicas} replicas: it must be a whole number from 0 to ${replicasMax}. Set replicas.`,
    { facts: { replicas } },
  );
}

/** Below max_wal_senders, so that something is left for a backup. */
const replicasMax = 8;

/** Brings up a primary and its standbys on opened ground. */
export async function launchPostgres(
  ground: Ground,
  { replicas: count = 0, settings: further = {} }: PostgresOptions,
): Promise<PostgresCluster> {
  const binaries = await findPostgres(ground.account, () =>
    ground.progress("Copying PostgreSQL's programs to where they can be read"),
  );
  const cluster = await openCluster(ground, binaries);
  const { folder } = cluster;
  ground.progress('Starting PostgreSQL');
  const { port, process } = await launch(ground, {
    prepare: async (port) => {
      const settings = renderSettings({ port, isTemporary: ground.isTemporary, further });
      await writePrivate(join(folder, settingsFile), settings, ground.account);
      return serverCommand(ground, binaries, 'postgres', folder);
    },
    isReady: (port) => isPrimaryReady(urlOf(port, cluster, 'postgres'), folder),
  });
  const primary: PostgresServer = { url: urlOf(port, cluster), port, pid: process.pid, folder };
  await prepareDatabase(port, cluster);
  await removeOtherStandbys(ground, primary.url, count);
  const numbers = Array.from({ length: count }, (_, index) => index + 1);
  const plan = { ground, binaries, cluster, primary, further };
  const standbys = await Promise.all(numbers.map((number) => startStandby({ ...plan, number })));
  const replicas = standbys.map(({ server }) => server);
  const more = new Replicas(plan, numbers);
  return { ...primary, replicas, addReplica: () => more.add() };
}

/** Standbys that come and go while the primary runs. */
class Replicas {
  readonly #plan: Omit<StandbyPlan, 'number'>;
  readonly #taken: Set<number>;

  constructor(plan: Omit<StandbyPlan, 'number'>, taken: readonly number[]) {
    this.#plan = plan;
    this.#taken = new Set(taken);
  }

  async add(): Promise<PostgresReplica> {
    const number = this.#freeNumber();
    const plan = { ...this.#plan, number };
    this.#taken.add(number);
    try {
      const standby = await startStandby(plan);
      let removing: Promise<void> | undefined;
      return {
        ...standby.server,
        ended: standby.process.ended.then(
          ({ code, signal }) => (signal === null ? `exited with ${code}` : `was ended by ${signal}`),
          () => 'ended with the stack',
        ),
        remove: () => {
          removing ??= removeStandby(plan, standby).finally(() => this.#taken.delete(number));
          return removing;
        },
      };
    } catch (error) {
      this.#taken.delete(number);
      throw error;
    }
  }

  #freeNumber(): number {
    for (let number = 1; number <= replicasMax; number++) if (!this.#taken.has(number)) return number;
    throw localStackError(
      'LOCAL_STACK_OPTION_INVALID',
      `Cannot add a replica: there are ${replicasMax} already. Remove one first.`,
      { facts: { replicas: replicasMax } },
    );
  }
}

/** That this is our server, and not another that took the port, the password and the folder show. */
function isPrimaryReady(url: string, folder: string): Promise<boolean> {
  return withSession(url, async (session) => {
    const { ready } = await oneRow<{ ready: boolean }>(
      session,
      `SELECT current_setting('data_directory') = $1 AND NOT pg_is_in_recovery() AS ready`,
      [folder],
    );
    return ready;
  });
}

/** In template1, so that every database that is made later has them too; cube before earthdistance. */
const extensions = ['pg_stat_statements', 'cube', 'earthdistance', 'pg_trgm'];

/** Each step may be repeated, since a first start may have been killed between them. */
async function prepareDatabase(port: number, cluster: Cluster): Promise<void> {
  const isThere = await withSession(urlOf(port, cluster, 'postgres'), async (session) => {
    const { rowCount } = await session.query('SELECT FROM pg_database WHERE datname = $1', [clusterName]);
    return rowCount === 1;
  });
  if (isThere) return;
  await withSession(urlOf(port, cluster, 'template1'), async (session) => {
    for (const name of extensions) await session.query(`CREATE EXTENSION IF NOT EXISTS ${name}`);
  });
  await withSession(urlOf(port, cluster, 'postgres'), (session) =>
    session.query(`CREATE DATABASE ${clusterName}`),
  );
}
