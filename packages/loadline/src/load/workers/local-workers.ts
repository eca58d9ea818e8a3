import type { WorkerLink } from './link.ts';
import { startWorkerProcess } from './process-link.ts';
import type { WorkerData } from './worker-process.ts';

/** Starts workers in processes of their own on this machine, for `runWorkers`, which ends them. */
export function startLocalWorkers(count: number, usersAtMost: number, data: WorkerData): WorkerLink[] {
  const script = new URL(
    `./worker-process${import.meta.url.endsWith('.ts') ? '.ts' : '.js'}`,
    import.meta.url,
  );
  const perWorker = usersAtMost / count;
  const execArgv = [...process.execArgv, ...(perWorker > manyUsers ? smallHeap : [])];
  return Array.from({ length: count }, (_, index) =>
    startWorkerProcess(`worker ${index + 1}`, script, data, execArgv),
  );
}

/** With so many users, what each of them costs counts for more than a quick collection of what is young. */
const manyUsers = 2000;
const smallHeap = ['--max-semi-space-size=4'];
