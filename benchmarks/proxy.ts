/** How much of a core does the embedded proxy need, beside http-proxy, @fastify/http-proxy and a bare pipe? */
import type { BenchOptions, Row } from './harness.ts';
import { attempt } from './load/attempt.ts';
import { measureAddedLatency } from './proxy/latency.ts';
import { measureThroughput } from './proxy/throughput.ts';

const measurements = {
  throughput: measureThroughput,
  latency: measureAddedLatency,
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
