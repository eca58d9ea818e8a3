/** How many requests a second does a proxy carry that has one core? */
import { type BenchOptions, figureOf, type Row, rowOf } from '../harness.ts';
import { cores } from '../load/processes.ts';
import { startTarget } from '../load/target.ts';
import { type ProxyName, type StartedProxy, startProxies } from './proxies.ts';
import { runWrk } from './wrk.ts';

/** Ours over each rival's, and what it must be. */
const targets: Readonly<Partial<Record<ProxyName, number>>> = {
  'http-proxy': 2.5,
  '@fastify/http-proxy': 2.5,
};

export async function measureThroughput(options: BenchOptions): Promise<Row[]> {
  await using target = await startTarget({ core: cores.generator });
  await using started = await startProxies(target.port);
  const samples = await takeTurns(started.proxies, options);
  const ours = samples.get('loadline') as number[];
  const name = 'small answers, 64 connections';
  return started.proxies
    .filter((proxy) => proxy.name !== 'loadline')
    .map((rival) => {
      const theirs = samples.get(rival.name) as number[];
      // What disturbs the machine disturbs a whole round: the ratio is the median of the rounds' ratios.
      const ratio = figureOf(ours.map((perSecond, round) => perSecond / (theirs[round] as number)));
      const wanted = targets[rival.name];
      const row = rowOf(
        { name, unit: '/s', value: figureOf(ours).median, spread: ratio.spread },
        {
          rival: rival.name,
          rivalValue: figureOf(theirs).median,
          ...(wanted === undefined ? {} : { target: `at least ${wanted} ×`, met: ratio.median >= wanted }),
        },
      );
      return { ...row, ratio: ratio.median };
    });
}

async function takeTurns(
  proxies: readonly StartedProxy[],
  options: BenchOptions,
): Promise<ReadonlyMap<ProxyName, readonly number[]>> {
  const [rounds, seconds] = options.short ? [3, 1] : [9, 4];
  const samples = new Map<ProxyName, number[]>(proxies.map(({ name }) => [name, []]));
  for (const { url } of proxies) await runWrk(url, options.short ? 1 : 3, connections); // Warm-up.
  for (let round = 0; round < rounds; round++) {
    for (let turn = 0; turn < proxies.length; turn++) {
      const { name, url } = proxies[(turn + round) % proxies.length] as StartedProxy;
      const { perSecond } = await runWrk(url, seconds, connections);
      samples.get(name)?.push(perSecond);
      options.progress(
        `round ${round + 1} of ${rounds}: ${name} ${Math.round(perSecond).toLocaleString('en')}/s`,
      );
    }
  }
  return samples;
}

const connections = 64;
