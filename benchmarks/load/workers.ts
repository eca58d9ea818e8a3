/** Are two workers nearly twice as fast as one, where a scenario has work of its own? */
import { type BenchOptions, type Row, rowOf } from '../harness.ts';
import { type Contender, loadline } from './contenders.ts';
import { work } from './own-work.ts';
import { measureRounds, medianOf, ratiosOf } from './rounds.ts';
import { startTarget } from './target.ts';

const name = 'two workers, 100 µs of own work a request';

/** Nobody has a core of their own here: two workers and the target share what there is. */
export async function measureWorkers(options: BenchOptions): Promise<Row[]> {
  const workers = (count: number, name: string): Contender =>
    loadline(name, 'own-work.ts', { core: 'any', words: ['--workers', String(count)], env });
  const env = { LOADLINE_BENCH_ROUNDS: String(roundsIn(100)) };
  const [one, two] = [workers(1, 'one worker'), workers(2, 'two workers')];
  await using target = await startTarget({ core: 'any' });
  const samples = await measureRounds([one, two], target, options);
  const [ones = [], twos = []] = [one, two].map((each) => samples.get(each.name));
  const { median, spread } = ratiosOf(twos, ones);
  const cpu = {
    one: medianOf(ones, (sample) => sample.cpuUsPerRequest),
    two: medianOf(twos, (sample) => sample.cpuUsPerRequest),
  };
  return [
    {
      ...rowOf(
        { name, unit: '/s', value: medianOf(twos, (sample) => sample.perSecond), spread },
        {
          rival: one.name,
          rivalValue: medianOf(ones, (sample) => sample.perSecond),
          target: 'at least 1.8 ×',
          met: median >= 1.8,
        },
      ),
      ratio: median,
    },
    rowOf(
      { name: `${name}: CPU a request`, unit: 'µs', value: cpu.two },
      {
        rival: one.name,
        rivalValue: cpu.one,
        target: 'at most 5 % more',
        met: cpu.two <= cpu.one * 1.05,
      },
    ),
  ];
}

/** How many rounds of work take this long where nothing disturbs them. */
function roundsIn(us: number): number {
  const rounds = 1_000_000;
  let leastMs = Number.POSITIVE_INFINITY;
  for (let attempt = 0; attempt < 50; attempt++) {
    const startMs = performance.now();
    if (work(rounds) === 0) throw new Error('The work has not been done.'); // No number leads to 0.
    leastMs = Math.min(leastMs, performance.now() - startMs);
  }
  return Math.round((rounds * us) / 1000 / leastMs);
}
