/** What a moment of sampling costs a process that is busy, in a process of its own: `ticks.ts PAIRS` tells microseconds. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { type Clock, systemClock } from 'loadline/base';
import { createRegistry } from 'loadline/metrics';
import { observeProcess } from 'loadline/observe';
import { figureOf } from '../harness.ts';

/** So much more often than a service is sampled, that it can be told from nothing: every millisecond. */
const faster = 100;
const stretchMs = 200;

/** CPU time for each moment that is sampled, in microseconds: what the same work took more, by how many there were. */
export async function tickUs(pairs: number): Promise<number> {
  const child = fork(import.meta.filename, [String(pairs)]);
  const [us] = (await once(child, 'message')) as [number];
  return us;
}

if (process.argv[1] === import.meta.filename) {
  let ticks = 0;
  const clock: Clock = {
    ...systemClock,
    setTimer: (callback, delayMs) =>
      systemClock.setTimer(() => {
        ticks++;
        callback();
      }, delayMs / faster),
  };
  await workUs(2000);
  const units = Math.round((stretchMs * 1000) / (await workUs(2000)));
  const prices: number[] = [];
  for (let pair = 0; pair < Number(process.argv[2]); pair++) {
    const plain = await workUs(units);
    ticks = 0;
    const stop = observeProcess(createRegistry(), clock);
    const sampled = await workUs(units);
    stop();
    prices.push(((sampled - plain) * units) / ticks);
  }
  process.send?.(figureOf(prices).median);
  process.disconnect?.();
}

/** CPU time for a unit of work, each in a turn of its own as requests are. */
async function workUs(units: number): Promise<number> {
  const before = process.cpuUsage();
  for (let unit = 0; unit < units; unit++) {
    JSON.parse(JSON.stringify(Array.from({ length: 100 }, (_, id) => ({ id, title: `Lentil soup ${id}` }))));
    await new Promise((resolve) => setImmediate(resolve));
  }
  const { user, system } = process.cpuUsage(before);
  return (user + system) / units;
}
