import { packageFolder } from '../../base/index.ts';
import type { WorkerLink } from './link.ts';
import { startWorkerProcess } from './process-link.ts';
import type { WorkerData } from './worker-process.ts';

/** Starts workers in processes of their own on this machine, for `runWorkers`, which ends them. */
export function startLocalWorkers(count: number, usersAtMost: number, data: WorkerData): WorkerLink[] {
  const isSource = import.meta.url.endsWith('.ts');
  const path = isSource ? 'src/load/workers/worker-process.ts' : 'dist/load/workers/worker-process.js';
  const script = new URL(path, packageFolder);
  const execArgv = [...process.execArgv, ...generatorFlags(usersAtMost / count)];
  return Array.from({ length: count }, (_, index) =>
    startWorkerProcess(`worker ${index + 1}`, script, data, execArgv),
  );
}

/**
 * Flags of V8 for a generator of so many users. What happens to an answer is a chain of many small functions: where more
 * of them may become one, it takes a fifth less time. With thousands of users, what each of them costs counts for more than
 * a quick collection: the heap stays small, and what connecting leaves behind goes early. Fifty thousand idle users then
 * take a third less, and requests cost the same within what can be measured.
 */
export function generatorFlags(users: number): string[] {
  const inlining = ['--max-inlined-bytecode-size=1200', '--max-inlined-bytecode-size-cumulative=5000'];
  return users > 2000 ? [...inlining, '--optimize-for-size'] : inlining;
}
