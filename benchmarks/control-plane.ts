/** How quickly does the control plane answer while it takes in 20,000 samples a second, how large is it, and how soon ready? */
import { measureReads } from './control-plane/reading.ts';
import { measureReady } from './control-plane/ready.ts';
import { buildRig, type Rig } from './control-plane/rig.ts';
import type { BenchOptions, Row } from './harness.ts';
import { attempt } from './load/attempt.ts';

const measurements = {
  pulled: (rig, options) => measureReads('pulled', rig, options),
  'pulled-wide': (rig, options) => measureReads('pulled wide', rig, options),
  pushed: (rig, options) => measureReads('pushed', rig, options),
  ready: measureReady,
} as const satisfies Record<string, (rig: Rig, options: BenchOptions) => Promise<Row[]>>;

export const parts: readonly string[] = Object.keys(measurements);

/**
 * The control plane runs as packages, alone on a core; its PostgreSQL, two hundred instances or a Prometheus, and the reader
 * share the other. The reader makes 500 requests a second, whoever is slow: 15 % each of what all services do now, of the
 * instances of a service, and of `/health/ready`; 10 % each of the charts of CPU and memory (an hour by the minute) and of
 * alerts; 5 % each of the charts of network (an hour by the minute) and event loop (a week by six hours), of targets, of past
 * load tests and of scaling.
 */
export async function run(options: BenchOptions): Promise<Row[]> {
  await using rig = await buildRig(options);
  const rows: Row[] = [];
  for (const [part, measure] of Object.entries(measurements)) {
    if (options.only !== undefined && options.only !== part) continue;
    options.progress(part);
    rows.push(...(await attempt(part, () => measure(rig, options), options)));
  }
  return rows;
}
