import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Left, Pool, Upstream } from 'loadline/traffic';

export interface Instance {
  readonly upstream: Upstream;
  /** Asks it to stop, and waits until it has. */
  stop(): Promise<void>;
  /** Ends it at once, with all that it has in flight. */
  kill(): Promise<void>;
}

/** Instances of a service, each a process, behind a pool. */
export interface Instances extends AsyncDisposable {
  readonly running: readonly Instance[];
  /** Starts so many, and has them join. */
  add(count: number): Promise<void>;
  /** Has the oldest leave, and stops each when it may. */
  remove(count: number): Promise<Left[]>;
}

export function createInstances(pool: Pool, graceMs = 5000): Instances {
  const running: Instance[] = [];
  let made = 0;
  return {
    running,
    async add(count) {
      const started = await Promise.all(Array.from({ length: count }, () => startInstance(`i${++made}`)));
      running.push(...started);
      await Promise.all(started.map(({ upstream }) => pool.join(upstream)));
    },
    remove: (count) =>
      Promise.all(
        running.splice(0, count).map(async (instance) => {
          const left = await pool.leave(instance.upstream.id, { graceMs });
          await instance.stop();
          return left;
        }),
      ),
    async [Symbol.asyncDispose]() {
      await Promise.all(running.map((instance) => instance.kill()));
    },
  };
}

async function startInstance(id: string): Promise<Instance> {
  const child = fork(fileURLToPath(new URL('instance.mjs', import.meta.url)), [id], { execArgv: [] });
  const [port] = (await once(child, 'message')) as [number];
  return {
    upstream: { id, host: '127.0.0.1', port },
    stop: () => end(child, 'SIGTERM'),
    kill: () => end(child, 'SIGKILL'),
  };
}

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill(signal);
  await ended;
}
