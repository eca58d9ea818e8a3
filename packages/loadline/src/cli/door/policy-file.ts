import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { parseDocument } from 'yaml';
import { closest, formatPath, type Problem } from '../../base/index.ts';
import {
  namedScalingPresets,
  parseScalingPolicy,
  type ScalingPolicy,
  scalingError,
} from '../../scaling/index.ts';
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

/** A policy, and what it is called. */
export interface NamedPolicy {
  readonly name: string;
  readonly policy: ScalingPolicy;
}

/**
 * The policy that is meant by a word: a file's, or the preset of this name where there is no such file.
 *
 * @throws CLI_USAGE where there is neither, SCALING_POLICY_INVALID where the policy cannot work.
 */
export async function readPolicy(word: string): Promise<NamedPolicy> {
  if (!existsSync(word)) {
    const preset = namedScalingPresets.get(word);
    if (preset !== undefined) return { name: word, policy: preset };
    const meant = closest(word, [...namedScalingPresets.keys()]);
    const said = `Cannot read ${word}: there is no such file, nor a preset of this name; did you mean ${meant}?`;
    if (meant !== undefined) throw cliError('CLI_USAGE', said);
  }
  const parsed = parseScalingPolicy(await readPolicyFile(word));
  if (parsed.ok) return { name: basename(word), policy: parsed.value };
  throw unfitFile(word, parsed.problems);
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
