import { readFile } from 'node:fs/promises';
import type { Parsed } from '../../base/index.ts';
import { listProblems, readText } from '../../base/source/index.ts';
import { cliError } from './errors.ts';
import { whyUnreadable } from './problems.ts';

/**
 * What stands in a file of YAML or JSON.
 *
 * @param read makes it of the file's value.
 * @param unfit makes the error of every problem that there is, each with its line.
 * @throws CLI_USAGE where it cannot be read.
 */
export async function readWrittenFile<Value>(
  file: string,
  {
    read,
    unfit,
  }: {
    readonly read: (value: unknown) => Parsed<Value>;
    readonly unfit: (file: string, problems: readonly string[]) => Error;
  },
): Promise<Value> {
  const text = await readFile(file, 'utf8').catch((cause: NodeJS.ErrnoException) => {
    throw cliError('CLI_USAGE', `Cannot read ${file}: ${whyUnreadable(cause)}.`, { cause });
  });
  const source = readText(file, text);
  const parsed = read(source.value);
  const problems = listProblems(source, parsed.ok ? [] : parsed.problems);
  if (parsed.ok && problems.length === 0) return parsed.value;
  throw unfit(file, problems);
}
