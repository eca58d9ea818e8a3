import { randomBytes } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { type LocalStack, startLocalStack } from '@loadline/local-stack';
import type { Surroundings } from 'loadline/cli';
import type { WatchedProcess } from 'loadline/load';
import pg from 'pg';
import { prepareFoodshare } from '../src/index.ts';
import { type ControlPlane, startControlPlane } from './control-plane.ts';
import { type DemoScaling, demoScaling, freePort, untilFleet, writeServicesFile } from './fleet.ts';
import { writeLoadFiles } from './load-files.ts';
import { createSteps } from './steps.ts';

/** How large the stage is, and where its door. */
export interface StageOptions {
  /** Food posts to generate. */
  readonly posts: number;
  /** Where the service answers; 0 is any free port. */
  readonly port: number;
  /** Default: as the demo shows it. */
  readonly scaling?: DemoScaling;
}

/** Real servers, a control plane that runs the service behind a proxy, and the files to load it with. */
export interface Stage extends AsyncDisposable {
  readonly url: string;
  /** The scenario file, with others, and people with their tokens, beside it. */
  readonly loadFile: string;
  /** For a shell: the addresses of servers and control plane, with a password and a key. */
  readonly addressFile: string;
  readonly controlPlane: ControlPlane;
  /** Where instances were when all was ready; they come and go. */
  readonly instances: readonly { readonly id: string; readonly url: string }[];
  readonly processes: readonly WatchedProcess[];
}

/** Builds the stage, a line on the terminal a step. What was begun is taken down again where a step fails. */
export async function buildStage(
  { posts, port, scaling = demoScaling }: StageOptions,
  { terminal, signal, env }: Surroundings,
): Promise<Stage> {
  const folder = resolve(env.LOADLINE_HOME ?? '.loadline', 'demo');
  const addressFile = join(folder, 'addresses.sh');
  await mkdir(folder, { recursive: true });
  const [tokenSecret, controlKey] = [newSecret(), newSecret()];
  const steps = createSteps(terminal);

  await using parts = new AsyncDisposableStack();
  const stack = await steps.run('PostgreSQL and two Valkeys', () =>
    startLocalStack({ folder: join(folder, 'stack'), signal }),
  );
  parts.use(stack);
  await steps.run(`${posts.toLocaleString('en-US')} food posts`, (progress) =>
    prepareFoodshare({ databaseUrl: stack.postgres.url, posts, onProgress: progress, signal }),
  );
  const loadFile = await steps.run('tokens of 5,000 people', () =>
    writeLoadFiles({
      folder: join(folder, 'load'),
      databaseUrl: stack.postgres.url,
      tokenSecret,
      people: 5000,
    }),
  );
  const servicesFile = join(folder, 'services.json');
  const listenPort = port === 0 ? await freePort() : port;
  const environment = serviceEnvironment(stack, { tokenSecret, controlKey });
  const compiledFolder = join(folder, 'compiled');
  await writeServicesFile({
    ...{ file: servicesFile, port: listenPort, environment, compiledFolder, scaling },
  });
  const controlPlane = parts.use(
    await steps.run('control plane', async () =>
      startControlPlane({
        folder: join(folder, 'control-plane'),
        databaseUrl: await databaseOf(stack.postgres.url, 'control_plane'),
        servicesFile,
        observeKey: controlKey,
        signal,
      }),
    ),
  );
  await writeAddresses(addressFile, stack, controlPlane);
  const url = `http://127.0.0.1:${listenPort}`;
  const { min } = scaling.replicas;
  const fleet = await steps.run(`${min} instances behind a proxy`, () =>
    untilFleet(controlPlane, { count: min, url, limitMs: startLimitMs, signal }),
  );
  const all = parts.move();
  return {
    ...{ url, loadFile, addressFile, controlPlane },
    instances: fleet.instances.flatMap(({ id, url }) => (url === undefined ? [] : { id, url })),
    processes: processesOf(stack, controlPlane),
    [Symbol.asyncDispose]: () => all.disposeAsync(),
  };
}

const startLimitMs = 60_000;

function newSecret(): string {
  return randomBytes(32).toString('hex');
}

function serviceEnvironment(
  stack: LocalStack,
  { tokenSecret, controlKey }: { readonly tokenSecret: string; readonly controlKey: string },
): Record<string, string> {
  return {
    DATABASE_URL: stack.postgres.url,
    VALKEY_CACHE_URL: stack.valkeyCache.url,
    FOODSHARE_TOKEN_SECRET: tokenSecret,
    FOODSHARE_CONTROL_KEY: controlKey,
  };
}

async function writeAddresses(
  file: string,
  stack: LocalStack,
  { url, key }: { readonly url: string; readonly key: string },
): Promise<void> {
  const lines = [
    `DATABASE_URL='${stack.postgres.url}'`,
    `VALKEY_CACHE_URL='${stack.valkeyCache.url}'`,
    `LOADLINE='${url}'`,
    `KEY='${key}'`,
  ];
  await writeFile(file, `${lines.join('\n')}\n`, { mode: 0o600 });
}

/** The same server, another database; it is made where it is missing. */
async function databaseOf(serverUrl: string, name: string): Promise<string> {
  const client = new pg.Client({ connectionString: serverUrl });
  await client.connect();
  try {
    const { rowCount } = await client.query('SELECT FROM pg_database WHERE datname = $1', [name]);
    if (rowCount === 0) await client.query(`CREATE DATABASE ${client.escapeIdentifier(name)}`);
  } finally {
    await client.end();
  }
  const url = new URL(serverUrl);
  url.pathname = `/${name}`;
  return url.href;
}

function processesOf(stack: LocalStack, controlPlane: ControlPlane): WatchedProcess[] {
  return [
    { name: 'load generator', pid: process.pid },
    { name: 'control plane and service', pid: controlPlane.pid },
    { name: 'PostgreSQL', pid: stack.postgres.pid },
    { name: 'Valkey (cache)', pid: stack.valkeyCache.pid },
    { name: 'Valkey (log)', pid: stack.valkeyLog.pid },
  ];
}
