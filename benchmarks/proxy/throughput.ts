/** How many requests a second does a proxy carry that has one core, and what does one cost? */
import { type BenchOptions, figureOf, type Row, rowOf } from '../harness.ts';
import { cores, cpuMsOf } from '../load/processes.ts';
import { startTarget } from '../load/target.ts';
import { type ProxyName, type StartedProxy, startProxies } from './proxies.ts';
import { runWrk } from './wrk.ts';

/** Ours over each rival's, and what it must be. */
const targets: Readonly<Partial<Record<ProxyName, number>>> = {
  'http-proxy': 2.5,
  '@fastify/http-proxy': 2.5,
};

interface Measured {
  readonly perSecond: number;
  /** Of the proxy's process, user and system. */
  readonly cpuUsPerRequest: number;
}

type Samples = ReadonlyMap<ProxyName, readonly Measured[]>;

export async function measureThroughput(options: BenchOptions): Promise<Row[]> {
  await using target = await startTarget({ core: cores.generator });
  await using started = await startProxies(target.port);
  const samples = await takeTurns(started.proxies, options);
  const rivals = started.proxies.map(({ name }) => name).filter((name) => name !== 'loadline');
  return [
    ...rivals.map((rival) => rateRow(rival, samples)),
    ...rivals.map((rival) => cpuRow(rival, samples)),
  ];
}

const name = 'small answers, 64 connections';

/** What disturbs the machine disturbs a whole round: the ratio is the median of the rounds' ratios. */
function rateRow(rival: ProxyName, samples: Samples): Row {
  const [ours, theirs] = [of('loadline', samples), of(rival, samples)];
  const ratio = figureOf(
    ours.map(({ perSecond }, round) => perSecond / (theirs[round]?.perSecond ?? Number.NaN)),
  );
  const wanted = targets[rival];
  const value = figureOf(ours.map(({ perSecond }) => perSecond)).median;
  const row = rowOf(
    { name, unit: '/s', value, spread: ratio.spread },
    {
      rival,
      rivalValue: figureOf(theirs.map(({ perSecond }) => perSecond)).median,
      ...(wanted === undefined ? {} : { target: `at least ${wanted} ×`, met: ratio.median >= wanted }),
    },
  );
  return { ...row, ratio: ratio.median };
}

function cpuRow(rival: ProxyName, samples: Samples): Row {
  const median = (who: ProxyName): number =>
    figureOf(of(who, samples).map(({ cpuUsPerRequest }) => cpuUsPerRequest)).median;
  return rowOf(
    { name: `${name}: CPU a request`, unit: 'µs', value: median('loadline') },
    { rival, rivalValue: median(rival) },
  );
}

function of(who: ProxyName, samples: Samples): readonly Measured[] {
  return samples.get(who) ?? [];
}

async function takeTurns(proxies: readonly StartedProxy[], options: BenchOptions): Promise<Samples> {
  const [rounds, seconds] = options.short ? [3, 1] : [9, 4];
  const samples = new Map<ProxyName, Measured[]>(proxies.map(({ name: who }) => [who, []]));
  for (const { url } of proxies) await runWrk(url, options.short ? 1 : 3, connections); // Warm-up.
  for (let round = 0; round < rounds; round++) {
    for (let turn = 0; turn < proxies.length; turn++) {
      const { name: who, url, running } = proxies[(turn + round) % proxies.length] as StartedProxy;
      const beforeMs = cpuMsOf(running.pid);
      const { perSecond, requests } = await runWrk(url, seconds, connections);
      const cpuUsPerRequest = ((cpuMsOf(running.pid) - beforeMs) * 1000) / requests;
      samples.get(who)?.push({ perSecond, cpuUsPerRequest });
      options.progress(
        `round ${round + 1} of ${rounds}: ${who} ${Math.round(perSecond).toLocaleString('en')}/s, ` +
          `${cpuUsPerRequest.toFixed(1)} µs of CPU a request`,
      );
    }
  }
  return samples;
}

const connections = 64;
