import { open, writeFile } from 'node:fs/promises';
import { cliError } from './errors.ts';

/**
 * Makes sure that a result can be written before the work that leads to it, which may take an hour.
 *
 * @throws CLI_OUTPUT_UNWRITABLE
 */
export async function checkWritable(file: string): Promise<void> {
  try {
    await (await open(file, 'a')).close();
  } catch (cause) {
    throw unwritable(file, cause as Error);
  }
}

/**
 * @param what as an error calls it.
 * @throws CLI_OUTPUT_UNWRITABLE
 */
export async function writeResultFile(file: string, text: string, what = 'the report'): Promise<void> {
  try {
    await writeFile(file, text);
  } catch (cause) {
    throw unwritable(file, cause as Error, what);
  }
}

function unwritable(file: string, cause: Error, what = 'the report'): Error {
  const message = `Cannot write ${what} to ${file}: ${cause.message}.`;
  return cliError('CLI_OUTPUT_UNWRITABLE', message, { cause, facts: { file } });
}
