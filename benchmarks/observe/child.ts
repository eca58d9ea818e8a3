/** A service of the benchmark `observe` as seen from outside: what it takes to answer, and to be idle. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { Agent, request } from 'node:http';
import type { Kind, Ports, Used } from './service.ts';
import { signToken } from './token.ts';
import { metricsKey, type WatchName } from './watches.ts';

const connections = 16;
/** So many dishes there are, and so many users ask for them. */
export const dishes = 10_000;
const tokens = Array.from({ length: 500 }, (_, nth) => signToken(`user-${nth}`));

export interface Child extends Disposable {
  /** The CPU time that it took for a request, in microseconds. */
  serve(which: keyof Ports, requests: number): Promise<number>;
  /** What it takes of one core where nobody asks for anything but the metrics, so often or never. */
  idleShare(forMs: number, readEveryMs: number | undefined): Promise<number>;
  /**
   * Fails where what was sent and what was counted are not the same, so that nobody is cheap who does not do the work.
   *
   * @returns collections of garbage for a request.
   */
  checkCount(): Promise<number>;
}

export interface ChildOptions {
  readonly kind: Kind;
  readonly watch: WatchName;
  readonly databaseUrl?: string;
  /** Which of its two is made first. */
  readonly isWatchedFirst?: boolean;
}

/** Starts a service in a process of its own. */
export async function startChild(options: ChildOptions): Promise<Child> {
  const { kind, watch, databaseUrl = '', isWatchedFirst = false } = options;
  const order = isWatchedFirst ? 'watched first' : 'plain first';
  const child = fork(new URL('./service.ts', import.meta.url), [kind, watch, order, databaseUrl]);
  const [ports] = (await once(child, 'message')) as [Ports];
  const agent = new Agent({ keepAlive: true, maxSockets: connections });
  const sent = { plain: 0, watched: 0 };
  const cpuUs = async (): Promise<number> => (await ask(child, false)).cpuUs;
  return {
    async serve(which, requests) {
      const before = await cpuUs();
      let left = requests;
      const worker = async (): Promise<void> => {
        while (left-- > 0) {
          const nth = sent[which]++;
          await get({ port: ports[which], path: `/food/${1 + ((nth * 7919) % dishes)}`, nth, agent });
        }
      };
      await Promise.all(Array.from({ length: connections }, worker));
      return ((await cpuUs()) - before) / requests;
    },
    async idleShare(forMs, readEveryMs) {
      const read = { port: ports.watched, path: '/metrics', nth: 0, agent };
      // The first reading compiles what the others use.
      if (readEveryMs !== undefined) await get(read);
      const before = await cpuUs();
      const startMs = performance.now();
      const reading = readEveryMs === undefined ? undefined : setInterval(() => void get(read), readEveryMs);
      await new Promise((resolve) => setTimeout(resolve, forMs));
      clearInterval(reading);
      return ((await cpuUs()) - before) / 1000 / (performance.now() - startMs);
    },
    async checkCount() {
      const { counted } = await ask(child, true);
      const all = sent.watched + sent.plain;
      // OpenTelemetry watches both ports of its process.
      const expected = watch === 'nobody' ? 0 : watch === 'OpenTelemetry' ? all : sent.watched;
      if (counted?.requests !== expected)
        throw new Error(`${watch} counted ${counted?.requests} of ${expected}.`);
      return counted.collections / all;
    },
    [Symbol.dispose]() {
      agent.destroy();
      child.kill();
    },
  };
}

async function ask(child: ChildProcess, wantsCount: boolean): Promise<Used> {
  child.send({ wantsCount });
  const [used] = (await once(child, 'message')) as [Used];
  return used;
}

interface Get {
  readonly port: number;
  readonly path: string;
  /** The how many-th request to this port; tells the user. */
  readonly nth: number;
  readonly agent: Agent;
}

function get({ port, path, nth, agent }: Get): Promise<void> {
  return new Promise((resolve, reject) => {
    const authorization = `Bearer ${path === '/metrics' ? metricsKey : tokens[nth % tokens.length]}`;
    request({ port, path, agent, headers: { authorization }, host: '127.0.0.1' }, (response) => {
      if (response.statusCode !== 200) reject(new Error(`${path} answered ${response.statusCode}.`));
      response.resume();
      response.once('end', resolve);
    })
      .once('error', reject)
      .end();
  });
}
