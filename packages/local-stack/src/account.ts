import { execFile, spawn } from 'node:child_process';
import { stat } from 'node:fs/promises';
import { promisify } from 'node:util';
import { localStackError } from './errors.ts';

/** As whom a server runs, where that is not the caller. */
export interface Account {
  readonly uid: number;
  readonly gid: number;
}

/**
 * The account for servers that keep their data in this folder; undefined: the caller's own.
 *
 * PostgreSQL refuses to run as root, and no server should: on a shared machine, whoever reaches a server
 * that is root is root. So root lends its servers the folder's owner, when that is a user the system knows by
 * name (initdb insists on one), or else `nobody`.
 *
 * @throws LOCAL_STACK_FOLDER_UNUSABLE when there is neither.
 */
export async function serverAccount(folder: string): Promise<Account | undefined> {
  if (process.getuid?.() !== 0) return undefined;
  const owner = await stat(folder);
  if (owner.uid !== 0 && (await succeeds('id', [`${owner.uid}`]))) return { uid: owner.uid, gid: owner.gid };
  try {
    const [uid, gid] = await Promise.all([numberOfNobody('-u'), numberOfNobody('-g')]);
    return { uid, gid };
  } catch (error) {
    throw localStackError(
      'LOCAL_STACK_FOLDER_UNUSABLE',
      `Cannot keep the servers' data in ${folder}: no server should run as root, and this system has no user "nobody" to run it as. Name a folder that belongs to a user.`,
      { facts: { folder }, cause: error },
    );
  }
}

/** Whether the account may enter this folder, and so all that leads there. */
export function mayEnter(account: Account | undefined, folder: string): Promise<boolean> {
  return succeeds('test', ['-x', folder], account);
}

/** Whether a short program, run as the account, ends with 0. */
export function succeeds(path: string, args: readonly string[], account?: Account): Promise<boolean> {
  return new Promise((resolve) => {
    // The caller's own folder may be closed to the account.
    const child = spawn(path, args, { cwd: '/', stdio: 'ignore', timeout: 10_000, ...account });
    child.on('error', () => resolve(false));
    child.on('exit', (code) => resolve(code === 0));
  });
}

async function numberOfNobody(which: '-u' | '-g'): Promise<number> {
  const { stdout } = await promisify(execFile)('id', [which, 'nobody'], { cwd: '/', timeout: 10_000 });
  const said = stdout.trim();
  // Nothing said would be 0 as a number, which is root.
  if (!/^[1-9]\d*$/.test(said)) throw new Error(`id ${which} nobody says ${JSON.stringify(said)}`);
  return Number(said);
}
