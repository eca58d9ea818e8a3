import type { WorkerLink } from './link.ts';
import { startWorkerProcess } from './process-link.ts';
import type { WorkerData } from './worker-process.ts';

/** Starts workers in processes of their own on this machine, for `runWorkers`, which ends them. */
export function startLocalWorkers(count: number, usersAtMost: number, data: WorkerData): WorkerLink[] {
  const script = new URL(
    `./worker-process${import.meta.url.endsWith('.ts') ? '.ts' : '.js'}`,
    import.meta.url,
  );
  const execArgv = [...process.execArgv, ...heapFlags(usersAtMost / count)];
  return Array.from({ length: count }, (_, index) =>
    startWorkerProcess(`worker ${index + 1}`, script, data, execArgv),
  );
}

/**
 * Flags of V8 for a generator of so many users. With thousands, what each of them costs counts for more than a
 * quick collection of what is young: the part of the heap where objects begin stays as small as it is. Ten thousand idle
 * users then cost half as much.
 */
export function heapFlags(users: number): string[] {
  return users > 2000 ? ['--semi-space-growth-factor=1'] : [];
}
