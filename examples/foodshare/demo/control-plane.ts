import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { sleep, systemClock } from 'loadline/base';
import { foodshareError } from '../src/ground/errors.ts';

/** `loadline serve` in a process of its own. It ends, with all that it runs, when it is disposed of. */
export interface ControlPlane extends AsyncDisposable {
  readonly pid: number;
  readonly url: string;
  /** That of an admin. */
  readonly key: string;
  /** What it answers, as JSON. Throws where it does not answer with 200. */
  get(path: string): Promise<unknown>;
}

export interface ControlPlaneOptions {
  readonly folder: string;
  /** A database of its own. */
  readonly databaseUrl: string;
  readonly servicesFile: string;
  /** Opens the doors of its services, by which it profiles them. */
  readonly observeKey: string;
  readonly signal: AbortSignal;
}

/** Starts it on a free port, and waits until it listens. */
export async function startControlPlane(options: ControlPlaneOptions): Promise<ControlPlane> {
  const { folder, databaseUrl, servicesFile, observeKey, signal } = options;
  const key = `demo-${randomBytes(24).toString('hex')}`;
  const manifest = createRequire(import.meta.url).resolve('loadline/package.json');
  const child = spawn(
    process.execPath,
    [
      '--conditions=loadline-source',
      join(dirname(manifest), 'bin', 'loadline.js'),
      'serve',
      ...['--port', '0', '--home', folder, '--services', servicesFile, '--watch-every', '1s'],
    ],
    {
      env: {
        PATH: process.env.PATH,
        DATABASE_URL: databaseUrl,
        LOADLINE_ADMIN_KEY: key,
        LOADLINE_OBSERVE_KEY: observeKey,
      },
      stdio: ['ignore', 'ignore', 'pipe'],
      // Ctrl-C is for the demo, which ends everything in order.
      detached: true,
    },
  );
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said = `${said}${text}`.slice(-saidMax);
  });
  const stop = async (): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, 'exit');
    child.kill('SIGTERM');
    const force = setTimeout(() => child.kill('SIGKILL'), stopLimitMs);
    await exited;
    clearTimeout(force);
  };
  try {
    const url = await untilSaid(
      () => /listens at (\S+)/.exec(said)?.[1],
      () => child.exitCode !== null,
      signal,
    );
    if (url === undefined)
      throw foodshareError('FOODSHARE_DEMO_FAILED', `Cannot start the control plane: it said ${said.trim()}`);
    return {
      pid: child.pid as number,
      url,
      key,
      get: (path) => get(`${url}${path}`, key),
      [Symbol.asyncDispose]: stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

const saidMax = 10_000;
const startLimitMs = 60_000;
/** Its services get half a minute each to end what they have. */
const stopLimitMs = 45_000;

async function untilSaid(
  look: () => string | undefined,
  hasEnded: () => boolean,
  signal: AbortSignal,
): Promise<string | undefined> {
  const endMs = systemClock.monotonicMs() + startLimitMs;
  while (look() === undefined && !hasEnded() && systemClock.monotonicMs() < endMs)
    await sleep(systemClock, 20, signal);
  return look();
}

async function get(url: string, key: string): Promise<unknown> {
  const answer = await fetch(url, { headers: { authorization: `Bearer ${key}` } });
  if (answer.ok) return answer.json();
  throw foodshareError(
    'FOODSHARE_DEMO_FAILED',
    `The control plane answered ${answer.status} to ${url}: ${(await answer.text()).slice(0, 300)}`,
  );
}
