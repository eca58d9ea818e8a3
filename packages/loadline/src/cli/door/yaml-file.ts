import { readFile } from 'node:fs/promises';
import { parseDocument } from 'yaml';
import { cliError } from './errors.ts';
import { whyUnreadable } from './problems.ts';

/**
 * What stands in a file of YAML or JSON.
 *
 * @param unfit makes the error for one that is neither.
 * @throws CLI_USAGE where it cannot be read.
 */
export async function readYamlFile(
  file: string,
  unfit: (file: string, problems: readonly string[]) => Error,
): Promise<unknown> {
  const text = await readFile(file, 'utf8').catch((cause: NodeJS.ErrnoException) => {
    throw cliError('CLI_USAGE', `Cannot read ${file}: ${whyUnreadable(cause)}.`, { cause });
  });
  const document = parseDocument(text);
  if (document.errors.length > 0)
    throw unfit(
      file,
      document.errors.map(({ message }) => message.split('\n')[0] ?? ''),
    );
  try {
    return document.toJS();
  } catch (error) {
    // An alias that nothing has the name of, or aliases that unfold to more than the reader allows.
    throw unfit(file, [(error as Error).message]);
  }
}
