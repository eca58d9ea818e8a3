import type { LoadReport } from 'loadline/load';
import { describe, expect, it } from 'vitest';
import { run, startBench } from './command.ts';

describe('a script that leaves a failing promise behind', { retry: 2 }, () => {
  it.each([
    ['in this process', '1'],
    ['in a worker', '2'],
  ])('does not end the run, and is told (%s)', async (_, workers) => {
    await using bench = await startBench();
    const file = await bench.file(
      'visit.ts',
      `export default async (user) => {
  await user.get('/');
  void Promise.reject(new Error('a helper failed'));
  await user.think(20);
};
`,
    );
    const words = ['run', file, '--target', bench.target, '--rate', '20', '--duration', '500ms'];
    const { code, out } = await run([...words, '--workers', workers, '--json', '-']);
    const { iterations, total } = JSON.parse(out) as LoadReport;
    expect([0, 98]).toContain(code);
    expect([iterations.completed, total.requests]).toEqual([10, 10]);
    expect(iterations.cutShortBecause).toEqual({ 'a promise that nobody awaited: a helper failed': 10 });
  });
});
