import { readFile } from 'node:fs/promises';
import { parseDocument } from 'yaml';
import { formatPath, type Problem } from '../../base/index.ts';
import { scalingError } from '../../scaling/index.ts';
import { cliError } from './errors.ts';
import { tellProblems, whyUnreadable } from './problems.ts';

/**
 * What stands in a file of YAML or JSON about scaling.
 *
 * @throws CLI_USAGE where it cannot be read, SCALING_POLICY_INVALID where it is neither.
 */
export async function readPolicyFile(file: string): Promise<unknown> {
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

/** What is wrong with such a file, all at once. */
export function unfitFile(file: string, problems: readonly Problem[]): Error {
  return unfit(
    file,
    problems.map(({ path, message }) => `${formatPath(path)} ${message}`),
  );
}

function unfit(file: string, problems: readonly string[]): Error {
  const message = tellProblems(`Cannot scale by ${file}`, problems);
  return scalingError('SCALING_POLICY_INVALID', message, { facts: { file, problems } });
}
