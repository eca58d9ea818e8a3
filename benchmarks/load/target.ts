/** nginx as the target: it answers from memory, and its own count of requests keeps every generator honest. */
import { randomInt } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { checkEnded, cores, start } from './processes.ts';
import { temporaryFolder } from './temporary-folder.ts';

export interface Target extends AsyncDisposable {
  readonly pid: number;
  readonly url: string;
  readonly port: number;
  /** Requests and open connections since the start, by nginx's own count, without those that ask for it. */
  status(): Promise<{ readonly requests: number; readonly connections: number }>;
}

export interface TargetOptions {
  /** Workers of nginx; each may hold 19,900 connections. Default 1. */
  readonly workers?: number;
  /** Default: the core of targets. */
  readonly core?: number | 'any';
}

export async function startTarget({ workers = 1, core = cores.target }: TargetOptions = {}): Promise<Target> {
  const folder = temporaryFolder('nginx');
  const { path } = folder;
  const port = await freePort();
  const file = join(path, 'nginx.conf');
  const user = process.getuid?.() === 0 ? 'root' : 'nobody';
  await writeFile(file, fill(await readFile(template, 'utf8'), { folder: path, port, user, workers }));
  const command = {
    core,
    command: 'nginx',
    args: ['-p', path, '-e', join(path, 'error.log'), '-c', file],
  };
  const nginx = start(command);
  const stop = async (): Promise<void> => {
    await nginx[Symbol.asyncDispose]();
    folder[Symbol.dispose]();
  };
  let asked = 0;
  const url = `http://127.0.0.1:${port}`;
  const status: Target['status'] = async () => {
    const answer = await fetch(`${url}/status`);
    asked++;
    return readStatus(await answer.text(), asked);
  };
  try {
    for (let waitedMs = 0; ; waitedMs += 20) {
      const isUp = await status().catch(() => undefined);
      if (isUp !== undefined) return { pid: nginx.pid, url, port, status, [Symbol.asyncDispose]: stop };
      if (nginx.child.exitCode !== null || waitedMs > 5000) {
        await nginx[Symbol.asyncDispose]();
        checkEnded(command, await nginx.ended, []);
      }
      await sleep(20);
    }
  } catch (error) {
    await stop();
    throw error;
  }
}

/**
 * Active connections: 2
 * server accepts handled requests
 *  2 2 31
 */
function readStatus(text: string, asked: number): { requests: number; connections: number } {
  const connections = Number(/Active connections: (\d+)/.exec(text)?.[1]);
  const requests = Number(/^ \d+ \d+ (\d+)/m.exec(text)?.[1]);
  if (Number.isNaN(connections + requests)) throw new Error(`Cannot read the status of nginx: ${text}`);
  return { requests: requests - asked, connections: connections - 1 };
}

const template = new URL('./nginx.conf', import.meta.url);

function fill(text: string, values: Readonly<Record<string, string | number>>): string {
  return text.replace(/%(\w+)%/g, (_, name: string) => String(values[name]));
}

/** Below the ports that connections take by themselves; two servers could share one without noticing. */
export async function freePort(): Promise<number> {
  for (let attempt = 0; attempt < 100; attempt++) {
    const port = randomInt(20_000, 30_000);
    const server = createServer();
    const isFree = await new Promise<boolean>((resolve) => {
      server.once('error', () => resolve(false));
      server.listen({ port, host: '127.0.0.1' }, () => server.close(() => resolve(true)));
    });
    if (isFree) return port;
  }
  throw new Error('Cannot start a server: found no free port between 20,000 and 30,000 in 100 attempts.');
}
