import { randomBytes } from 'node:crypto';
import { appendFile, open, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Account } from './account.ts';
import type { Ground } from './ground.ts';
import type { Command } from './keeper-protocol.ts';
import { serverFailed, tailOf } from './launch.ts';
import { unusable } from './place.ts';
import type { PostgresBinaries } from './postgres-binaries.ts';

/** A running PostgreSQL on this machine. */
export interface PostgresServer {
  /** `postgres://loadline:PASSWORD@127.0.0.1:PORT/loadline`: the superuser, and a database of the same name. */
  readonly url: string;
  readonly port: number;
  /** Of the postmaster, the parent of all others. */
  readonly pid: number;
  /** The data folder, with `postgresql.conf`. */
  readonly folder: string;
}

/** The data folder of a primary, and the password of its one user. */
export interface Cluster {
  readonly folder: string;
  readonly password: string;
  /** Made just now: no standby of an earlier one can follow it. */
  readonly isNew: boolean;
}

/** User and database have this name. */
export const clusterName = 'loadline';
/** The file of settings that each start writes. */
export const settingsFile = 'loadline.conf';
const passwordFile = 'loadline.password';
const majorVersion = '18';

/**
 * The kept data folder, or a new one.
 *
 * @throws LOCAL_STACK_FOLDER_UNUSABLE when it holds data of another major version.
 */
export async function openCluster(ground: Ground, binaries: PostgresBinaries): Promise<Cluster> {
  const folder = ground.path('postgres');
  const version = await readFile(join(folder, 'PG_VERSION'), 'utf8').catch(() => undefined);
  if (version === undefined) return initialise(ground, binaries);
  if (version.trim() !== majorVersion) {
    throw unusable(folder, `it holds data of PostgreSQL ${version.trim()}, and this is ${majorVersion}`);
  }
  const password = await readFile(join(folder, passwordFile), 'utf8').catch((error: unknown) => {
    throw unusable(folder, `it was not made by the local stack (it has no ${passwordFile})`, error);
  });
  return { folder, password, isNew: false };
}

/** Where the server on this port is reached, with the one user. */
export function urlOf(port: number, { password }: Cluster, database: string = clusterName): string {
  return `postgres://${clusterName}:${password}@127.0.0.1:${port}/${database}`;
}

/** How to start a server on a data folder; the settings are in the folder. */
export function serverCommand(
  ground: Ground,
  binaries: PostgresBinaries,
  name: string,
  folder: string,
): Command {
  return {
    name,
    path: binaries.postgres,
    args: ['-D', folder],
    cwd: folder,
    env: serverEnvironment(),
    ...(ground.account === undefined ? {} : { account: ground.account }),
    logPath: ground.logPath(name),
    stopSignals: shutdown,
  };
}

/**
 * The smart shutdown lets sessions end that are about to: the promise of a pool's end() does not wait for the
 * server's side, and the fast shutdown would throw an error at a pool that is as good as gone.
 */
const shutdown: Command['stopSignals'] = [
  { signal: 'SIGTERM', afterMs: 0 },
  { signal: 'SIGINT', afterMs: 200 },
  { signal: 'SIGKILL', afterMs: 30_000 },
];

/** Writes a file that only the servers' account may read: it may hold the password. */
export async function writePrivate(path: string, text: string, account: Account | undefined): Promise<void> {
  await rm(path, { force: true });
  // As root in a folder of the servers': exclusively, and by the handle, so that no link is followed.
  await using file = await open(path, 'wx', 0o600);
  await file.writeFile(text);
  if (account !== undefined) await file.chown(account.uid, account.gid);
}

/**
 * Makes a data folder. Sorting is by code point with PostgreSQL's own C.UTF-8: the same on every machine,
 * whatever its system library, and the quickest. The classes of letters are the system's, since pg_trgm and
 * full text search ask it, and in plain C only ASCII would be letters.
 *
 * The user has a password although only loopback is served: a superuser may run programs, and other users of
 * the machine reach loopback too. It is random, so that stretching it with many iterations would protect
 * nothing and cost time at each connection.
 */
async function initialise(ground: Ground, binaries: PostgresBinaries): Promise<Cluster> {
  ground.progress("Making PostgreSQL's data folder");
  const password = randomBytes(18).toString('base64url');
  const folder = await ground.fillFolder('postgres', async (partial) => {
    const passwordPath = ground.path('postgres.password');
    await writePrivate(passwordPath, password, ground.account);
    const command: Command = {
      ...serverCommand(ground, binaries, 'initdb', partial),
      path: binaries.initdb,
      args: initdbArguments(partial, passwordPath),
      cwd: ground.folder,
    };
    const ending = await ground.untilEnded(await ground.keeper.start(command));
    await rm(passwordPath, { force: true });
    if (ending.code !== 0) throw serverFailed(command, ending, await tailOf(command.logPath));
    await appendFile(join(partial, 'postgresql.conf'), `\ninclude '${settingsFile}'\n`);
    await writePrivate(join(partial, passwordFile), password, ground.account);
  });
  return { folder, password, isNew: true };
}

function initdbArguments(folder: string, passwordPath: string): string[] {
  const ctype = process.platform === 'darwin' ? 'UTF-8' : 'C.UTF-8';
  return [
    ...['-D', folder, '-U', clusterName, '--auth=scram-sha-256', `--pwfile=${passwordPath}`],
    ...['--set', 'scram_iterations=1', '--encoding=UTF8'],
    ...['--locale-provider=builtin', '--builtin-locale=C.UTF-8', '--locale=C', `--lc-ctype=${ctype}`],
    // Were the power cut in the first seconds, nothing but an empty folder would be lost.
    ...['--no-sync', '--no-instructions'],
  ];
}

/** None of the caller's PG… variables, which would change what the server does. */
function serverEnvironment(): Record<string, string> {
  return { PATH: process.env.PATH ?? '', LC_ALL: 'C', TZ: 'UTC' };
}
