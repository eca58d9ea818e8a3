/** A service of the benchmark `observe` as seen from outside: what it takes to answer, and to be idle. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { Agent, request } from 'node:http';
import { putOn } from '../load/processes.ts';
import { type Behind, nothingBehind, type Question } from './behind.ts';
import { type Line, openLine } from './line.ts';
import type { Kind, Ports, Used } from './service.ts';
import { metricsKey, type WatchName } from './watches.ts';

/** On so many connections each of its two is asked. */
const connections = 16;

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
  readonly behind?: Behind;
  /** Which of its two is made first. */
  readonly isWatchedFirst?: boolean;
  /** The only one that it runs on; any by default. */
  readonly core?: number;
}

/** Starts a service in a process of its own. */
export async function startChild(options: ChildOptions): Promise<Child> {
  const { kind, watch, behind = nothingBehind, isWatchedFirst = false, core } = options;
  const order = isWatchedFirst ? 'watched first' : 'plain first';
  const child = fork(new URL('./service.ts', import.meta.url), [kind, watch, order], {
    env: { ...process.env, ...behind.env },
  });
  const [ports] = (await once(child, 'message')) as [Ports];
  if (core !== undefined) putOn(String(core), child.pid as number);
  const openAll = (port: number): Promise<Line[]> =>
    Promise.all(Array.from({ length: connections }, () => openLine(port)));
  const lines = { plain: await openAll(ports.plain), watched: await openAll(ports.watched) };
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const sent = { plain: 0, watched: 0 };
  const cpuUs = async (): Promise<number> => (await ask(child, false)).cpuUs;
  return {
    async serve(which, requests) {
      const before = await cpuUs();
      let left = requests;
      const worker = async (line: Line): Promise<void> => {
        while (left-- > 0) {
          const question = behind.questions[sent[which]++ % behind.questions.length] as Question;
          await line.ask(question.path, question.authorization);
        }
      };
      await Promise.all(lines[which].map(worker));
      return ((await cpuUs()) - before) / requests;
    },
    async idleShare(forMs, readEveryMs) {
      const read = (): Promise<void> => readMetrics(ports.watched, agent);
      // The first reading compiles what the others use.
      if (readEveryMs !== undefined) await read();
      const before = await cpuUs();
      const startMs = performance.now();
      const reading = readEveryMs === undefined ? undefined : setInterval(() => void read(), readEveryMs);
      await new Promise((resolve) => setTimeout(resolve, forMs));
      clearInterval(reading);
      return ((await cpuUs()) - before) / 1000 / (performance.now() - startMs);
    },
    async checkCount() {
      const { counted } = await ask(child, true);
      const all = sent.watched + sent.plain;
      // OpenTelemetry watches both ports of its process.
      const expected =
        watch === 'nobody' || watch === 'the clock' ? 0 : watch === 'OpenTelemetry' ? all : sent.watched;
      if (counted?.requests !== expected)
        throw new Error(`${watch} counted ${counted?.requests} of ${expected}.`);
      return counted.collections / all;
    },
    [Symbol.dispose]() {
      for (const line of [...lines.plain, ...lines.watched]) line[Symbol.dispose]();
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

function readMetrics(port: number, agent: Agent): Promise<void> {
  return new Promise((resolve, reject) => {
    const headers = { authorization: `Bearer ${metricsKey}` };
    request({ port, path: '/metrics', agent, headers, host: '127.0.0.1' }, (response) => {
      if (response.statusCode !== 200) reject(new Error(`/metrics answered ${response.statusCode}.`));
      response.resume();
      response.once('end', resolve);
    })
      .once('error', reject)
      .end();
  });
}
