/** How much CPU time does it take a service to be observed? */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { Agent, request } from 'node:http';
import { type BenchOptions, figureOf, type Row, rowOf } from './harness.ts';
import type { CpuTime, Ports } from './observe/service.ts';

/** The rule of the project: at most this share, for requests and for the rest together. */
const shareMax = 0.02;
const frameworks = ['node:http', 'fastify'] as const;
const connections = 16;

/**
 * A request has its price, and so has a second: sampling, collections, and a scrape. The first is found by batches of
 * requests in pairs, observed and not, right after each other in one process; the second in a process that does nothing else.
 * Both are CPU time: wall time would be that of the machine.
 *
 * The services are bare: they answer a fixed JSON and do nothing else, so that the price is as large a share as it can be. It
 * is the same where a request does work; the size of request from which it is within the target is a row of its own. The
 * price of a second is that of an idle process, whose every waking is dear: a busy one pays less.
 */
export async function run(options: BenchOptions): Promise<readonly Row[]> {
  const [pairs, requests, idleMs] = options.short ? [40, 100, 3000] : [200, 250, 15_000];
  const rows: Row[] = [];
  let second = 0;
  for (const framework of frameworks) {
    options.progress(`${framework}, ${pairs} pairs of ${requests} requests`);
    const service = await start(framework);
    try {
      const { plain, observed, share, spread } = await compare(service, pairs, requests);
      if (framework === 'node:http') second = await service.idleShare(idleMs);
      rows.push(
        rowOf(
          { name: `bare ${framework}, CPU time a request, observed`, unit: 'µs', value: observed },
          { rival: 'not observed', rivalValue: plain },
        ),
        rowOf({ name: `bare ${framework}, more a request`, unit: 'µs', value: share * plain, spread }),
        percent(`bare ${framework}, more a request`, share),
        rowOf({
          name: `${framework}, the target holds from a request of`,
          unit: 'µs',
          value: (share * plain) / (shareMax - second),
        }),
        rowOf(
          { name: `bare ${framework}, in all, on a busy core`, unit: '%', value: (share + second) * 100 },
          { target: `at most ${shareMax * 100} %`, met: share + second <= shareMax },
        ),
      );
    } finally {
      service.stop();
    }
  }
  return [percent('idle, observed and scraped once a second, of one core', second), ...rows];
}

function percent(name: string, share: number): Row {
  return rowOf({ name, unit: '%', value: share * 100 });
}

/** Medians; that of the differences is of the pairs, since two neighbours share what disturbs the machine. */
async function compare(
  service: Service,
  pairs: number,
  requests: number,
): Promise<{ plain: number; observed: number; share: number; spread: number }> {
  const us = { plain: [] as number[], observed: [] as number[], more: [] as number[] };
  for (const which of ['plain', 'observed', 'plain', 'observed'] as const) await service.serve(which, 3000);
  for (let pair = 0; pair < pairs; pair++) {
    // Who begins alternates, so that neither always comes after the other.
    const order = pair % 2 === 0 ? (['plain', 'observed'] as const) : (['observed', 'plain'] as const);
    const cost = { plain: 0, observed: 0 };
    for (const which of order) cost[which] = await service.serve(which, requests);
    us.plain.push(cost.plain);
    us.observed.push(cost.observed);
    us.more.push(cost.observed - cost.plain);
  }
  const [plain, observed] = [figureOf(us.plain).median, figureOf(us.observed).median];
  const more = figureOf(us.more);
  return { plain, observed, share: more.median / plain, spread: more.spread };
}

/** A service in a process of its own. */
interface Service {
  /** The CPU time that it took for a request, in microseconds. */
  serve(which: keyof Ports, requests: number): Promise<number>;
  /** What it takes of one core where nobody asks for anything but the metrics, once a second. */
  idleShare(forMs: number): Promise<number>;
  stop(): void;
}

async function start(framework: string): Promise<Service> {
  const child = fork(new URL('./observe/service.ts', import.meta.url), [framework]);
  const [ports] = (await once(child, 'message')) as [Ports];
  const agent = new Agent({ keepAlive: true, maxSockets: connections });
  return {
    async serve(which, requests) {
      const before = await cpuUsOf(child);
      let left = requests;
      const worker = async (): Promise<void> => {
        while (left-- > 0) await get(ports[which], '/food/17', agent);
      };
      await Promise.all(Array.from({ length: connections }, worker));
      return ((await cpuUsOf(child)) - before) / requests;
    },
    async idleShare(forMs) {
      const before = await cpuUsOf(child);
      const startMs = performance.now();
      const scraping = setInterval(() => void get(ports.observed, '/metrics', agent), 1000);
      await new Promise((resolve) => setTimeout(resolve, forMs));
      clearInterval(scraping);
      return ((await cpuUsOf(child)) - before) / 1000 / (performance.now() - startMs);
    },
    stop() {
      agent.destroy();
      child.kill();
    },
  };
}

async function cpuUsOf(child: ChildProcess): Promise<number> {
  child.send('cpu');
  const [{ cpuUs }] = (await once(child, 'message')) as [CpuTime];
  return cpuUs;
}

function get(port: number, path: string, agent: Agent): Promise<void> {
  return new Promise((resolve, reject) => {
    const headers = { authorization: 'Bearer a-key-of-some-length', 'x-user': 'ann' };
    request({ port, path, agent, headers, host: '127.0.0.1' }, (response) => {
      response.resume();
      response.once('end', resolve);
    })
      .once('error', reject)
      .end();
  });
}
