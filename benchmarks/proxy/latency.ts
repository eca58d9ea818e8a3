/** How much later does an answer come through a proxy that is not busy? */
import { type BenchOptions, figureOf, type Row, rowOf } from '../harness.ts';
import { cores } from '../load/processes.ts';
import { freePort, startTarget } from '../load/target.ts';
import { startHaproxy } from './haproxy.ts';
import { startProxies } from './proxies.ts';
import { runWrk } from './wrk.ts';

export async function measureAddedLatency(options: BenchOptions): Promise<Row[]> {
  await using target = await startTarget({ core: cores.generator });
  await using started = await startProxies(target.port);
  await using haproxy = await startHaproxy(target.port, await freePort());
  const [rounds, seconds] = options.short ? [3, 1] : [9, 2];
  const proxies = [...started.proxies, { name: 'HAProxy', url: haproxy.url }];
  const added = new Map<string, number[]>(proxies.map(({ name }) => [name, []]));
  for (const { url } of proxies) await runWrk(url, 1, 64); // Warm-up: that they are compiled.
  for (let round = 0; round < rounds; round++) {
    // One request at a time: with more, they would wait for each other, in nginx and wrk too.
    const direct = await runWrk(target.url, seconds, 1);
    for (const { name, url } of proxies) {
      const through = await runWrk(url, seconds, 1);
      added.get(name)?.push(through.latencyMsP50 - direct.latencyMsP50);
    }
    options.progress(`round ${round + 1} of ${rounds}`);
  }
  const ours = figureOf(added.get('loadline') as number[]);
  return [...added]
    .filter(([name]) => name !== 'loadline')
    .map(([rival, theirs]) =>
      rowOf(
        { name: 'added p50, one request at a time', unit: 'ms', value: ours.median, spread: ours.spread },
        {
          rival,
          rivalValue: figureOf(theirs).median,
          ...(rival === 'http-proxy' ? { target: 'under 0.2 ms', met: ours.median < 0.2 } : {}),
        },
      ),
    );
}
