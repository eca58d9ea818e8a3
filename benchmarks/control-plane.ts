/** How quickly does the control plane answer while it takes in 20,000 samples a second, how large is it, and how soon ready? */
import type { BenchOptions, Row } from './harness.ts';
import { attempt } from './load/attempt.ts';
import { measurePulled } from './control-plane/pulled.ts';

const measurements = {
  pulled: measurePulled,
} as const satisfies Record<string, (options: BenchOptions) => Promise<Row[]>>;

export const parts: readonly string[] = Object.keys(measurements);

export async function run(options: BenchOptions): Promise<Row[]> {
  const rows: Row[] = [];
  for (const [part, measure] of Object.entries(measurements)) {
    if (options.only !== undefined && options.only !== part) continue;
    options.progress(part);
    rows.push(...(await attempt(part, () => measure(options), options)));
  }
  return rows;
}
