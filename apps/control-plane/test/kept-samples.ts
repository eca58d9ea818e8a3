/** A process for tests: it writes samples into the memory of a control plane, and tells of each that was acknowledged. */
import { systemClock } from 'loadline/base';
import { openMemory } from '../src/memory/index.ts';

const [home = ''] = process.argv.slice(2);
const memory = await openMemory({
  home,
  clock: systemClock,
  databaseUrl: undefined,
  signal: new AbortController().signal,
});
const series = { metric: 'count', service: 'killed', unit: 'count' };
for (let value = 1; ; value++) {
  const { state } = await memory.store.metrics.write([{ series, atMs: Date.now(), value }]);
  if (state === 'committed') process.stdout.write(`${value}\n`);
}
