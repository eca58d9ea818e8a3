/** How fast and how small is the load generator, how punctual, and does it tell the truth? */
import type { BenchOptions, Row } from './harness.ts';
import { attempt } from './load/attempt.ts';
import { measureCoordinatedOmission } from './load/coordinated-omission.ts';
import { measureIdleUsers } from './load/idle-users.ts';
import { measureOpenModel } from './load/open-model.ts';
import { measureSoak } from './load/soak.ts';
import { measureStart } from './load/start.ts';
import { measureScript, measureStaticGet, measureThreeSteps } from './load/throughput.ts';
import { measureWorkers } from './load/workers.ts';

const measurements = {
  static: measureStaticGet,
  steps: measureThreeSteps,
  script: measureScript,
  idle: measureIdleUsers,
  open: measureOpenModel,
  workers: measureWorkers,
  omission: measureCoordinatedOmission,
  start: measureStart,
  soak: measureSoak,
} as const satisfies Record<string, (options: BenchOptions) => Promise<Row[]>>;

export const parts: readonly string[] = Object.keys(measurements);

export async function run(options: BenchOptions): Promise<Row[]> {
  const rows: Row[] = [];
  for (const [part, measure] of Object.entries(measurements)) {
    // Half an hour is only spent where it is asked for.
    if (options.only === undefined ? part === 'soak' : options.only !== part) continue;
    options.progress(part);
    rows.push(...(await attempt(part, () => measure(options), options)));
  }
  return rows;
}
