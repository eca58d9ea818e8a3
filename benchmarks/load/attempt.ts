import type { BenchOptions, Row } from '../harness.ts';

/** What could not be measured is a row that is missed, and costs nobody the rows that could. */
export async function attempt(
  name: string,
  measure: () => Promise<readonly Row[]>,
  options: BenchOptions,
): Promise<readonly Row[]> {
  try {
    return await measure();
  } catch (error) {
    options.progress(`${name} could not be measured: ${(error as Error).message}`);
    return [
      { name: `${name}: could not be measured`, value: Number.NaN, unit: '', target: 'a figure', met: false },
    ];
  }
}
