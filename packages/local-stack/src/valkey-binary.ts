import { access, constants } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { localStackError } from './errors.ts';

/**
 * The server's program: what LOADLINE_VALKEY_SERVER names, or else valkey-server, or else redis-server on the
 * PATH. Both speak the same commands.
 *
 * @throws LOCAL_STACK_VALKEY_MISSING, which says how to install one here.
 */
export async function findValkey(env: NodeJS.ProcessEnv = process.env): Promise<string> {
  const named = env.LOADLINE_VALKEY_SERVER;
  if (named !== undefined && named !== '') {
    if (await isExecutable(named)) return named;
    throw missing(`LOADLINE_VALKEY_SERVER names ${named}, which is no program`);
  }
  for (const name of ['valkey-server', 'redis-server']) {
    for (const folder of (env.PATH ?? '').split(delimiter)) {
      const path = join(folder, name);
      if (folder !== '' && (await isExecutable(path))) return path;
    }
  }
  throw missing('neither valkey-server nor redis-server is on the PATH');
}

function isExecutable(path: string): Promise<boolean> {
  return access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
}

function missing(found: string): Error {
  return localStackError(
    'LOCAL_STACK_VALKEY_MISSING',
    `Cannot start Valkey: ${found}. ${howToInstall()}, or set LOADLINE_VALKEY_SERVER to the program's path.`,
    { facts: { platform: process.platform } },
  );
}

function howToInstall(): string {
  if (process.platform === 'darwin') return 'Install it with: brew install valkey';
  return 'Install it (Debian, Ubuntu: apt-get install redis-server; Fedora: dnf install valkey; Arch: pacman -S valkey; Alpine: apk add valkey)';
}
