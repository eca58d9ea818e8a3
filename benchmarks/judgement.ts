/** Does a comparison of runs tell what changed, and nothing else? */
import { judgeRecorded, readRecorded } from '../packages/loadline/test/load/compare/recorded.ts';
import { type BenchOptions, type Row, rowOf } from './harness.ts';

/** Runs on each side; five is what the documentation asks for. */
const sizes = [3, 5, 8] as const;
const asked = 5;

export function run(options: BenchOptions): Promise<readonly Row[]> {
  const recorded = readRecorded();
  const comparisons = options.short ? 100 : 1000;
  const rows = sizes.flatMap((size) => {
    options.progress(`${comparisons} comparisons of ${size} with ${size} recorded runs`);
    const { falseAlarms, named } = judgeRecorded(recorded, { comparisons, size, seed: 'benchmark' });
    const row = (name: string, count: number, target: string, isMet: (of100: number) => boolean): Row => {
      const value = (count / comparisons) * 100;
      const judged = size === asked ? { target, met: isMet(value) } : {};
      return rowOf({ name: `${name}, ${size} runs with ${size}`, unit: 'of 100', value }, judged);
    };
    return [
      row('a build with itself: any false alarm', falseAlarms, 'at most 5', (of100) => of100 <= 5),
      row('one endpoint 10 % slower: named', named, 'at least 90', (of100) => of100 >= 90),
    ];
  });
  return Promise.resolve(rows);
}
