import { execFileSync } from 'node:child_process';
import { cores } from '../load/processes.ts';

/** Everything that this process starts from now on stays off the core of what is measured, but for what is put there. */
export function leaveTargetCore(): void {
  execFileSync('taskset', ['-a', '-c', '-p', String(cores.generator), String(process.pid)], {
    stdio: 'ignore',
  });
}
