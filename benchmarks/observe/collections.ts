/** What it costs to hear of a collection of garbage, in a process of its own: `collections.ts PAIRS` tells microseconds. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { createRegistry } from 'loadline/metrics';
import { observeHeap } from 'loadline/observe';
import { figureOf } from '../harness.ts';

const collectionsEach = 25;

/** CPU time for each collection that is reported, in microseconds. */
export async function collectionUs(pairs: number): Promise<number> {
  const child = fork(import.meta.filename, [String(pairs)], {
    execArgv: [...process.execArgv, '--expose-gc'],
  });
  const [us] = (await once(child, 'message')) as [number];
  return us;
}

if (process.argv[1] === import.meta.filename) {
  const differences: number[] = [];
  for (let pair = 0; pair < Number(process.argv[2]); pair++) {
    const plain = await collectUs();
    const stop = observeHeap(createRegistry());
    const watched = await collectUs();
    stop();
    differences.push(watched - plain);
  }
  process.send?.(figureOf(differences).median);
  process.disconnect?.();
}

async function collectUs(): Promise<number> {
  const collect = globalThis.gc;
  if (collect === undefined) throw new Error('This process has to be started with --expose-gc.');
  const before = process.cpuUsage();
  for (let nth = 0; nth < collectionsEach; nth++) {
    collect({ type: 'minor', execution: 'sync' });
    // It is told in a turn of its own.
    await new Promise((resolve) => setImmediate(resolve));
  }
  const { user, system } = process.cpuUsage(before);
  return (user + system) / collectionsEach;
}
