import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { systemClock } from 'loadline/base';
import {
  createHaproxyDriver,
  type HaproxyAddress,
  type HaproxyFileOptions,
  type HaproxyOptions,
  type ProxyDriver,
} from 'loadline/traffic';
import { freePort } from './free-port.ts';

/** A real HAProxy on a free port of loopback, started with the configuration that its driver writes. */
export interface HaproxyServer<Runtime extends HaproxyAddress = BySocket> extends AsyncDisposable {
  readonly driver: ProxyDriver;
  readonly options: HaproxyOptions & { readonly runtime: Runtime; readonly file: HaproxyFileOptions };
  readonly url: string;
  /** Ends it at once, with all that it has in flight. */
  kill(): Promise<void>;
  /** With the configuration as it is now. */
  start(): Promise<void>;
  /** Has another process take over, with the configuration as it is now. @returns when the one before has ended. */
  reload(): Promise<void>;
}

type BySocket = { readonly socketPath: string };
type ByPort = { readonly host: string; readonly port: number };

/** Where Debian has it, which is not on everybody's PATH. */
const debianBinary = '/usr/sbin/haproxy';
const binary = existsSync(debianBinary) ? debianBinary : 'haproxy';

/** Checks that tests can wait for. */
const quick = { intervalMs: 100, startIntervalMs: 20, timeoutMs: 1000 };

type Further = Partial<Omit<HaproxyOptions, 'file' | 'runtime'>> & {
  readonly file?: Partial<HaproxyFileOptions>;
};

export async function startHaproxy(further: Further = {}): Promise<HaproxyServer> {
  const folder = await mkdtemp(join(tmpdir(), 'loadline-haproxy-'));
  return startIn(folder, { socketPath: join(folder, 'haproxy.sock') }, further);
}

/** One that takes its orders over TCP. */
export async function startHaproxyByPort(further: Further = {}): Promise<HaproxyServer<ByPort>> {
  const folder = await mkdtemp(join(tmpdir(), 'loadline-haproxy-'));
  return startIn(folder, { host: '127.0.0.1', port: await freePort() }, further);
}

async function startIn<Runtime extends HaproxyAddress>(
  folder: string,
  runtime: Runtime,
  further: Further,
): Promise<HaproxyServer<Runtime>> {
  const port = await freePort();
  const options = {
    clock: systemClock,
    runtime,
    healthCheck: quick,
    ...further,
    file: {
      path: join(folder, 'haproxy.cfg'),
      listen: [`127.0.0.1:${port}`],
      command: binary,
      ...further.file,
    },
  };
  const driver = createHaproxyDriver(options);
  const { signal } = new AbortController();
  // It writes the configuration first, and then finds nobody to give orders to.
  await driver.apply([], signal).catch(() => undefined);
  let child: ChildProcess | undefined;

  async function run(further: readonly string[]): Promise<void> {
    const started = spawn(binary, ['-db', '-q', '-f', options.file.path, ...further], { stdio: 'inherit' });
    child = started;
    for (let look = 0; look < 500; look++) {
      if (started.exitCode !== null) throw new Error('HAProxy ended at its start; its words are above');
      const isThere = await driver.observe(signal).then(
        () => true,
        () => false,
      );
      if (isThere) return;
      await sleep(10);
    }
    throw new Error('HAProxy did not come up within five seconds');
  }

  const server: HaproxyServer<Runtime> = {
    driver,
    options,
    url: `http://127.0.0.1:${port}`,
    start: () => run([]),
    async reload() {
      const before = child as ChildProcess;
      const ended = once(before, 'exit');
      // It is handed the sockets at which it listens, so that nobody who comes meanwhile is turned away.
      const handed = 'socketPath' in runtime ? ['-x', runtime.socketPath] : [];
      await run([...handed, '-sf', String(before.pid)]);
      await ended;
    },
    async kill() {
      const killed = child;
      child = undefined;
      if (killed === undefined || killed.exitCode !== null) return;
      const ended = once(killed, 'exit');
      killed.kill('SIGKILL');
      await ended;
    },
    async [Symbol.asyncDispose]() {
      await server.kill();
      // A configuration that was being checked may have put something there meanwhile.
      await rm(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
    },
  };
  await server.start();
  return server;
}
