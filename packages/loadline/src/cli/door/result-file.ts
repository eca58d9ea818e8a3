import { open, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { cliError } from './errors.ts';

/**
 * Makes sure that a result can be written before the work that leads to it, which may take an hour. Where no file was,
 * none is left: an empty one would look like the result of work that did not come about.
 *
 * @param what as an error calls it.
 * @throws CLI_OUTPUT_UNWRITABLE
 */
export async function checkWritable(file: string, what = 'the report'): Promise<void> {
  try {
    const created = await open(file, 'ax').catch((cause: NodeJS.ErrnoException) => {
      if (cause.code === 'EEXIST') return undefined;
      throw cause;
    });
    await (created ?? (await open(file, 'a'))).close();
    if (created !== undefined) await rm(file);
  } catch (cause) {
    throw unwritable(file, cause as Error, what);
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

/**
 * Writes a file that people go on working at, and none over another unless that is wanted.
 *
 * @throws CLI_OUTPUT_UNWRITABLE
 */
export async function writeNewFile(
  file: string,
  text: string,
  { what, replaces }: { readonly what: string; readonly replaces: boolean },
): Promise<void> {
  try {
    await writeFile(file, text, { flag: replaces ? 'w' : 'wx' });
  } catch (cause) {
    throw unwritable(file, cause as Error, what);
  }
}

function unwritable(file: string, cause: NodeJS.ErrnoException, what: string): Error {
  const message = `Cannot write ${what} to ${file}: ${whyUnwritable(file, cause)}.`;
  return cliError('CLI_OUTPUT_UNWRITABLE', message, { cause, facts: { file } });
}

function whyUnwritable(file: string, { code, message }: NodeJS.ErrnoException): string {
  switch (code) {
    case 'ENOENT':
      return `there is no folder ${dirname(file)}`;
    case 'EISDIR':
      return 'it is a folder';
    case 'EEXIST':
      return 'it is there already; --force replaces it';
    default:
      return message;
  }
}
