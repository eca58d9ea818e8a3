/** A Prometheus in one small process, which writes what two hundred instances show, five hundred series each. */
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { cores, start } from '../load/processes.ts';
import { adminKey } from './plane.ts';

/** What became of its requests. */
export interface Pushed {
  readonly committed: number;
  readonly waiting: number;
  /** Requests that were refused. */
  readonly refused: number;
  /** Requests that were not made in time, because too many were under way. */
  readonly late: number;
  readonly lastRefusal: string;
}

export interface Pushing extends AsyncDisposable {
  /** @throws where a request was refused or late. */
  check(): Promise<void>;
}

export function startPushing(url: string): Pushing {
  const running = start({
    core: cores.generator,
    command: process.execPath,
    args: ['--conditions=loadline-source', fileURLToPath(new URL('./push-process.ts', import.meta.url)), url],
    env: { KEY: adminKey },
    hasChannel: true,
  });
  return {
    async check() {
      running.child.send('tell');
      const [told] = (await once(running.child, 'message')) as [Pushed];
      if (told.refused + told.late > 0) throw new Error(`Not all was pushed: ${JSON.stringify(told)}.`);
    },
    [Symbol.asyncDispose]: () => running[Symbol.asyncDispose](),
  };
}
