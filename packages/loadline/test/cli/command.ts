import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const bin = fileURLToPath(new URL('../../bin/loadline.js', import.meta.url));

/** How a started command ended. */
export interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
  readonly tookMs: number;
}

export interface Started {
  readonly child: ChildProcess;
  /** Resolves as soon as standard output or error holds this. */
  shows(text: string): Promise<void>;
  readonly ended: Promise<Ended>;
}

/** Starts the real command as a process of its own, as a shell would. */
export function start(args: readonly string[], env: Readonly<Record<string, string>> = {}): Started {
  const { PATH, HOME, NODE_COMPILE_CACHE } = process.env;
  const child = spawn(process.execPath, [bin, ...args], {
    env: { PATH, HOME, NODE_COMPILE_CACHE, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const startMs = performance.now();
  const seen = { out: '', err: '' };
  for (const [stream, key] of [
    [child.stdout, 'out'],
    [child.stderr, 'err'],
  ] as const) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      seen[key] += text;
      child.emit('shown');
    });
  }
  const ended = once(child, 'close').then(([code]) => ({
    code: code as number | null,
    ...seen,
    tookMs: performance.now() - startMs,
  }));
  return {
    child,
    ended,
    async shows(text) {
      while (!`${seen.out}${seen.err}`.includes(text)) await once(child, 'shown');
    },
  };
}

export const run = (args: readonly string[], env?: Readonly<Record<string, string>>): Promise<Ended> =>
  start(args, env).ended;

/** A service on loopback, and a folder for scenario files. */
export interface Bench extends AsyncDisposable {
  readonly target: string;
  readonly folder: string;
  /** How many requests have come. */
  requests(): number;
  /** Writes a scenario file and gives its path. */
  file(name: string, yaml: string): Promise<string>;
}

export async function startBench(
  answer: RequestListener = (_, response) => response.end('{"ok":true}'),
): Promise<Bench> {
  let requests = 0;
  const server = createServer((request, response) => {
    requests++;
    answer(request, response);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const folder = await mkdtemp(join(tmpdir(), 'loadline-cli-'));
  return {
    target: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    folder,
    requests: () => requests,
    async file(name, yaml) {
      await writeFile(join(folder, name), yaml);
      return join(folder, name);
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await rm(folder, { recursive: true });
    },
  };
}

/** A scenario of one request and ten users, for so long, with what is added. */
export const visit = (lasts: string, added = ''): string => `scenarios:
  visit:
    steps:
      - get: /
      - think: 20ms
load:
  - hold: { users: 10, for: ${lasts} }
limits: { request_timeout: 300ms }
${added}`;
