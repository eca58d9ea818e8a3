import { constants } from 'node:fs';
import { copyFile, lchown, mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Account } from './account.ts';

/** What a copy needs besides its two folders. */
export interface DataCopyOptions {
  readonly account: Account | undefined;
  readonly signal: AbortSignal;
}

/**
 * Copies the data folder of a running server, between pg_backup_start() and pg_backup_stop(). Files may grow,
 * shrink or go meanwhile: the replay of the log mends that. `target` exists and is empty.
 */
export async function copyDataFolder(
  source: string,
  target: string,
  { account, signal }: DataCopyOptions,
): Promise<void> {
  const files: string[] = [];
  const walk = async (folder: string): Promise<void> => {
    for (const entry of await readdir(join(source, folder), { withFileTypes: true })) {
      const path = join(folder, entry.name);
      if (notCopied.test(path)) continue;
      if (entry.isFile()) files.push(path);
      if (!entry.isDirectory()) continue; // Links lead out of the folder; the stack makes none.
      await mkdir(join(target, path), { mode: 0o700 });
      await own(join(target, path), account);
      if (!emptied.has(path)) await walk(path);
    }
  };
  await walk('.');
  const next = files.values();
  const copyNext = async (): Promise<void> => {
    for (const path of next) {
      signal.throwIfAborted();
      await copyIfThere(join(source, path), join(target, path), account);
    }
  };
  await Promise.all(Array.from({ length: copiersMax }, copyNext));
}

const copiersMax = 8;

/** Belongs to the running server, or to one session of it. */
const notCopied = /(^|\/)(postmaster\.(pid|opts)|pg_internal\.init.*|pgsql_tmp.*|backup_label.*)$/;

/** The folder is needed, its content isn't (PostgreSQL's documentation, "Backing Up The Data Directory"). */
const emptied: ReadonlySet<string> = new Set([
  'pg_dynshmem',
  'pg_notify',
  'pg_replslot',
  'pg_serial',
  'pg_snapshots',
  'pg_stat_tmp',
  'pg_subtrans',
]);

async function copyIfThere(source: string, target: string, account: Account | undefined): Promise<void> {
  try {
    // A file system that shares blocks between copies need not write them.
    await copyFile(source, target, constants.COPYFILE_FICLONE);
    await own(target, account);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error; // A table was dropped meanwhile.
  }
}

async function own(path: string, account: Account | undefined): Promise<void> {
  if (account !== undefined) await lchown(path, account.uid, account.gid);
}
