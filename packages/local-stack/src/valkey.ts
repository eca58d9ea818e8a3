import { connect } from 'node:net';
import { Ground, type StartOptions } from './ground.ts';
import { launch } from './launch.ts';
import { requireSupportedPlatform } from './platform.ts';
import { findValkey } from './valkey-binary.ts';

/** A running Valkey or Redis on this machine. */
export interface ValkeyServer {
  /** `redis://127.0.0.1:PORT`, which every client understands. */
  readonly url: string;
  readonly port: number;
  readonly pid: number;
}

/**
 * What the server is for. A `cache` may forget: 512 MB, allkeys-lru, nothing on disk. A `log` (streams,
 * queues) may not: noeviction, append-only file synced every second.
 */
export type ValkeyRole = 'cache' | 'log';

/** For what the server is, and where its data live. */
export interface StartValkeyOptions extends StartOptions {
  readonly role: ValkeyRole;
}

/** A server that runs by itself: who started it stops it, or disposes of it. */
export interface StartedValkey extends ValkeyServer, AsyncDisposable {
  /** Ends the server. Idempotent. */
  stop(): Promise<void>;
}

/**
 * Starts one Valkey alone; startLocalStack() starts both, with PostgreSQL.
 *
 * @throws LOCAL_STACK_VALKEY_MISSING, and what startLocalStack() throws.
 */
export async function startValkey(options: StartValkeyOptions): Promise<StartedValkey> {
  requireSupportedPlatform();
  const ground = await Ground.open(options);
  try {
    const server = await launchValkey(ground, options.role);
    const stop = (): Promise<void> => ground.close();
    return { ...server, stop, [Symbol.asyncDispose]: stop };
  } catch (error) {
    await ground.close();
    throw error;
  }
}

/** Brings up one Valkey on opened ground. */
export async function launchValkey(ground: Ground, role: ValkeyRole): Promise<ValkeyServer> {
  const path = await findValkey();
  const name = `valkey-${role}`;
  ground.progress(`Starting Valkey for the ${role === 'cache' ? 'cache' : 'log and the queues'}`);
  const folder = await ground.makeFolder(name);
  const { port, process } = await launch(ground, {
    prepare: async (port) => ({
      name,
      path,
      args: ['--port', `${port}`, ...valkeySettings(role, folder)],
      cwd: folder,
      env: { PATH: globalThis.process.env.PATH ?? '' },
      ...(ground.account === undefined ? {} : { account: ground.account }),
      logPath: ground.logPath(name),
      stopSignals: [
        { signal: 'SIGTERM', afterMs: 0 },
        { signal: 'SIGKILL', afterMs: 15_000 },
      ],
    }),
    isReady: answersAs,
  });
  return { url: `redis://127.0.0.1:${port}`, port, pid: process.pid };
}

/**
 * No password: only loopback is served, the account is nobody's or the caller's own, and `redis-cli -p PORT`
 * should just work. PostgreSQL has one, since its superuser may run programs.
 */
export function valkeySettings(role: ValkeyRole, folder: string): string[] {
  const memory =
    role === 'cache'
      ? ['--maxmemory', '512mb', '--maxmemory-policy', 'allkeys-lru', '--appendonly', 'no']
      : ['--maxmemory-policy', 'noeviction', '--appendonly', 'yes', '--appendfsync', 'everysec'];
  return ['--bind', '127.0.0.1', '--dir', folder, '--save', '', '--daemonize', 'no', ...memory];
}

/**
 * Whether the server on this port has this pid and has loaded its data. In the inline form of the protocol a
 * command is a line of text, and QUIT ends the connection after the answers, so there is nothing to parse.
 */
function answersAs(port: number, pid: number): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port });
    let answer = '';
    socket.setEncoding('latin1');
    socket.setTimeout(2000, () => socket.destroy(new Error('no answer to PING within 2 s')));
    socket.on('connect', () => socket.write('PING\r\nINFO server\r\nQUIT\r\n'));
    socket.on('data', (text: string) => {
      answer += text;
      if (answer.length > 65_536) socket.destroy(new Error('the answer is not that of a Valkey'));
    });
    socket.on('error', reject);
    socket.on('close', () =>
      resolve(answer.startsWith('+PONG\r\n') && answer.includes(`\nprocess_id:${pid}\r\n`)),
    );
  });
}
