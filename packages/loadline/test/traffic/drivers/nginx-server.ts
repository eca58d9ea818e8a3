import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { systemClock } from 'loadline/base';
import { createNginxDriver, type NginxOptions, type ProxyDriver } from 'loadline/traffic';
import type { ProxyAnswer } from '../../contracts/proxy-driver-contract.ts';
import { freePort } from './free-port.ts';

/** A real nginx on a free port of loopback, started with the configuration that its driver writes. */
export interface NginxServer extends AsyncDisposable {
  readonly driver: ProxyDriver;
  readonly options: NginxOptions;
  readonly url: string;
  /** On a connection of its own: those that idle are ended by a reload. */
  send(path: string, method?: 'GET' | 'POST'): Promise<ProxyAnswer>;
  /** Ends it at once, with all that it has in flight. */
  kill(): Promise<void>;
  /** With the configuration as it is now. */
  start(): Promise<void>;
  /** How often it was told to reload. */
  readonly reloads: number;
}

export async function startNginx(further: Partial<NginxOptions> = {}): Promise<NginxServer> {
  const folder = await mkdtemp(join(tmpdir(), 'loadline-nginx-'));
  const port = await freePort();
  const options = {
    clock: systemClock,
    folder,
    controlPort: await freePort(),
    listen: [`127.0.0.1:${port}`],
    reloadEveryMs: 50,
    command: existsSync('/usr/sbin/nginx') ? '/usr/sbin/nginx' : 'nginx',
    ...(process.getuid?.() === 0 ? { user: 'root' } : {}),
    ...further,
  };
  const driver = createNginxDriver(options);
  const { signal } = new AbortController();
  // It writes the configuration first, and then finds nobody to tell.
  await driver.apply([], signal).catch(() => undefined);
  let child: ChildProcess | undefined;
  let reloads = 0;
  const server: NginxServer = {
    driver,
    options,
    url: `http://127.0.0.1:${port}`,
    send: (path, method = 'GET') =>
      new Promise((resolve, reject) => {
        const asking = request(`http://127.0.0.1:${port}${path}`, { method, agent: false }, (response) => {
          let body = '';
          response.setEncoding('utf8').on('data', (piece: string) => {
            body += piece;
          });
          response.on('error', reject);
          response.on('end', () => resolve({ status: response.statusCode ?? 0, body }));
        });
        asking.on('error', reject);
        asking.end();
      }),
    get reloads() {
      return reloads;
    },
    async start() {
      const env = { ...process.env, PATH: [process.env.PATH, '/usr/sbin'].join(delimiter) };
      const args = [
        '-p',
        folder,
        '-c',
        join(folder, 'nginx.conf'),
        '-e',
        'stderr',
        '-g',
        'daemon off; error_log stderr notice;',
      ];
      const started = spawn('nginx', args, { stdio: ['ignore', 'inherit', 'pipe'], env });
      child = started;
      started.stderr?.setEncoding('utf8').on('data', (text: string) => {
        reloads += text.split('signal 1 (SIGHUP) received').length - 1;
        for (const line of text.split('\n'))
          if (/\[(?:emerg|alert|crit)\]/.test(line)) process.stderr.write(`${line}\n`);
      });
      for (let look = 0; look < 500; look++) {
        if (started.exitCode !== null) throw new Error('nginx ended at its start; its words are above');
        const isThere = await driver.observe(signal).then(
          () => true,
          () => false,
        );
        if (isThere) return;
        await sleep(10);
      }
      throw new Error('nginx did not come up within five seconds');
    },
    async kill() {
      const killed = child;
      child = undefined;
      if (killed === undefined || killed.exitCode !== null) return;
      const ended = once(killed, 'exit');
      // Of a killed master the workers would go on.
      killed.kill('SIGTERM');
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
