import { createHash } from 'node:crypto';
import { chmod, mkdir, mkdtemp, readlink, realpath, rm, stat, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { isLoadlineError } from 'loadline/base';
import { type Account, mayEnter, serverAccount } from './account.ts';
import { localStackError } from './errors.ts';

/** Where a stack keeps its data, and as whom its servers run there. */
export interface Place {
  /** Absolute, without links, and open to the account. */
  readonly folder: string;
  /** Made for this run, and removed with it. */
  readonly isTemporary: boolean;
  readonly account: Account | undefined;
  /**
   * A link in the caller's folder that has to lead to `folder`, where that is elsewhere. Without the link, what
   * is in `folder` belongs to a folder of the same name that has been deleted since.
   */
  readonly link?: string;
}

/** How temporary folders are called, in the system's folder for such. */
export const temporaryPrefix = 'loadline-stack-';

/** A fresh folder for one run. */
export async function temporaryPlace(): Promise<Place> {
  // TMPDIR may name no folder, or lie in a private home, where root's servers can't follow; /tmp is open to everybody.
  const parents = [...new Set([tmpdir(), '/tmp'])];
  const failures: unknown[] = [];
  for (const parent of parents) {
    try {
      return await makeTemporary(parent);
    } catch (error) {
      if (isLoadlineError(error)) throw error;
      failures.push(error);
    }
  }
  const reasons = failures.map((error) => (error instanceof Error ? error.message : String(error)));
  throw unusable(parents.join(' or in '), reasons.join('; '), failures[0]);
}

async function makeTemporary(parent: string): Promise<Place> {
  const folder = await realpath(await mkdtemp(join(parent, temporaryPrefix)));
  try {
    const account = await serverAccount(folder);
    if (account !== undefined) {
      await chmod(folder, 0o711);
      if (!(await mayEnter(account, folder))) throw new Error('the account of the servers may not enter it');
    }
    return { folder, isTemporary: true, account };
  } catch (error) {
    await rm(folder, { recursive: true });
    throw error;
  }
}

/** The folder that the caller names, made if need be. */
export async function namedPlace(named: string): Promise<Place> {
  const folder = await makeFolder(resolve(named));
  const account = await serverAccount(folder);
  if (account === undefined || (await mayEnter(account, folder))) {
    return { folder, isTemporary: false, account };
  }
  return elsewhere(folder, account);
}

/**
 * Root's home is closed to everybody else, and so is a checkout in it: there, the data are under /var/lib, and
 * the folder has a link to them.
 */
async function elsewhere(folder: string, account: Account): Promise<Place> {
  const name = createHash('sha256').update(folder).digest('hex').slice(0, 16);
  const open = await openToAll('/var/lib/loadline', name);
  if (!(await mayEnter(account, open)))
    throw unusable(folder, `its servers may enter neither it nor ${open}`);
  return { folder: open, isTemporary: false, account, link: join(folder, 'data') };
}

/** Makes a folder of root's that everybody may enter. */
export async function openToAll(...path: readonly string[]): Promise<string> {
  let folder = '';
  for (const part of path) {
    folder = folder === '' ? part : join(folder, part);
    const made = await mkdir(folder, { recursive: true });
    if (made !== undefined) await chmod(folder, 0o755); // Whatever the umask says.
  }
  return folder;
}

/** Whether the place's link is there; a place without one needs none. */
export async function isLinked({ folder, link }: Place): Promise<boolean> {
  if (link === undefined) return true;
  return (await readlink(link).catch(() => undefined)) === folder;
}

export async function makeLink({ folder, link }: Place): Promise<void> {
  if (link === undefined) return;
  await rm(link, { force: true });
  await symlink(folder, link);
}

async function makeFolder(folder: string): Promise<string> {
  try {
    await mkdir(folder, { recursive: true });
    if (!(await stat(folder)).isDirectory()) throw new Error('it is not a folder');
    return await realpath(folder);
  } catch (error) {
    throw unusable(folder, error instanceof Error ? error.message : String(error), error);
  }
}

export function unusable(folder: string, reason: string, cause?: unknown): Error {
  return localStackError(
    'LOCAL_STACK_FOLDER_UNUSABLE',
    `Cannot keep the servers' data in ${folder}: ${reason}. Name another folder.`,
    { facts: { folder }, cause },
  );
}
