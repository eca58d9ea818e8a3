import { spawn } from 'node:child_process';
import { stat } from 'node:fs/promises';

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
 */
export async function serverAccount(folder: string): Promise<Account | undefined> {
  if (process.getuid?.() !== 0) return undefined;
  const owner = await stat(folder);
  if (owner.uid !== 0 && (await succeeds('id', [`${owner.uid}`]))) return { uid: owner.uid, gid: owner.gid };
  const [uid, gid] = await Promise.all([output('id', ['-u', 'nobody']), output('id', ['-g', 'nobody'])]);
  return { uid: Number(uid), gid: Number(gid) };
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

async function output(path: string, args: readonly string[]): Promise<string> {
  const child = spawn(path, args, { cwd: '/', stdio: ['ignore', 'pipe', 'ignore'], timeout: 10_000 });
  const chunks: Buffer[] = [];
  for await (const chunk of child.stdout) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8').trim();
}
