/** How quick are decisions and simulations, and who misses the target less at equal cost? */
import type { BenchOptions, Row } from './harness.ts';
import { measureDeciding } from './scaling/deciding.ts';
import { measureFaults } from './scaling/faults.ts';
import { measureSimulating } from './scaling/simulating.ts';
import { measureStep } from './scaling/step.ts';
import { judgeTraces } from './scaling/traces.ts';

export const parts: readonly string[] = ['decide', 'simulate', 'traces', 'step', 'faults'];

export async function run(options: BenchOptions): Promise<readonly Row[]> {
  const isAsked = (part: string): boolean => options.only === undefined || options.only === part;
  return [
    ...(isAsked('decide') ? await measureDeciding(options) : []),
    ...(isAsked('simulate') ? measureSimulating(options) : []),
    ...(isAsked('traces') ? judgeTraces(options) : []),
    ...(isAsked('step') ? await measureStep(options) : []),
    ...(isAsked('faults') ? await measureFaults(options) : []),
  ];
}
