import { randomBytes } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { type LocalStack, startLocalStack } from '@loadline/local-stack';
import type { Surroundings } from 'loadline/cli';
import type { WatchedProcess } from 'loadline/load';
import { prepareFoodshare } from '../src/index.ts';
import { type Child, startChild } from './children.ts';
import { writeLoadFiles } from './load-files.ts';
import { createSteps } from './steps.ts';

/** How large the stage is, and where its door. */
export interface StageOptions {
  /** Food posts to generate. */
  readonly posts: number;
  /** Where the service answers; 0 is any free port. */
  readonly port: number;
}

/** Real servers, two instances of the service behind a round robin, and the files to load them with. */
export interface Stage extends AsyncDisposable {
  readonly url: string;
  /** The scenario file, with others, and people with their tokens, beside it. */
  readonly loadFile: string;
  /** For a shell: the servers' addresses, which hold a password. */
  readonly addressFile: string;
  readonly instances: readonly { readonly url: string; readonly pid: number }[];
  readonly processes: readonly WatchedProcess[];
}

/** Builds the stage, a line on the terminal a step. What was begun is taken down again where a step fails. */
export async function buildStage(
  { posts, port }: StageOptions,
  { terminal, signal, env }: Surroundings,
): Promise<Stage> {
  const folder = resolve(env.LOADLINE_HOME ?? '.loadline', 'demo');
  const addressFile = join(folder, 'addresses.sh');
  await mkdir(folder, { recursive: true });
  const tokenSecret = randomBytes(32).toString('hex');
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
  await writeAddresses(addressFile, stack);
  const service = serviceEnvironment(stack, tokenSecret);
  const instanceModule = new URL('./instance.ts', import.meta.url);
  const instances: Child[] = [];
  for (const number of [1, 2]) {
    const child = await steps.run(`instance ${number}`, () =>
      startChild(instanceModule, { env: service, signal }),
    );
    instances.push(parts.use(child));
  }
  const ports = [port, ...instances.map((each) => each.port)].map(String);
  const balancer = parts.use(
    await steps.run('round robin', () =>
      startChild(new URL('./round-robin.ts', import.meta.url), { args: ports, signal }),
    ),
  );
  const all = parts.move();
  return {
    url: `http://127.0.0.1:${balancer.port}`,
    loadFile,
    addressFile,
    instances: instances.map((each) => ({ url: `http://127.0.0.1:${each.port}`, pid: each.pid })),
    processes: processesOf(stack, balancer, instances),
    [Symbol.asyncDispose]: () => all.disposeAsync(),
  };
}

function serviceEnvironment(stack: LocalStack, tokenSecret: string): Record<string, string> {
  return {
    DATABASE_URL: stack.postgres.url,
    VALKEY_CACHE_URL: stack.valkeyCache.url,
    VALKEY_LOG_URL: stack.valkeyLog.url,
    FOODSHARE_TOKEN_SECRET: tokenSecret,
  };
}

async function writeAddresses(file: string, stack: LocalStack): Promise<void> {
  const lines = [`DATABASE_URL='${stack.postgres.url}'`, `VALKEY_CACHE_URL='${stack.valkeyCache.url}'`];
  await writeFile(file, `${lines.join('\n')}\n`, { mode: 0o600 });
}

function processesOf(stack: LocalStack, balancer: Child, instances: readonly Child[]): WatchedProcess[] {
  return [
    { name: 'load generator', pid: process.pid },
    { name: 'round robin', pid: balancer.pid },
    ...instances.map(({ pid }, index) => ({ name: `instance ${index + 1}`, pid })),
    { name: 'PostgreSQL', pid: stack.postgres.pid },
    { name: 'Valkey (cache)', pid: stack.valkeyCache.pid },
    { name: 'Valkey (log)', pid: stack.valkeyLog.pid },
  ];
}
