import { existsSync } from 'node:fs';
import { basename } from 'node:path';
import { closest, formatPath, type Problem } from '../../base/index.ts';
import {
  namedScalingPresets,
  parseScalingPolicy,
  type ScalingPolicy,
  scalingError,
} from '../../scaling/index.ts';
import { cliError } from './errors.ts';
import { tellProblems } from './problems.ts';
import { readYamlFile } from './yaml-file.ts';

/**
 * What stands in a file of YAML or JSON about scaling.
 *
 * @throws CLI_USAGE where it cannot be read, SCALING_POLICY_INVALID where it is neither.
 */
export function readPolicyFile(file: string): Promise<unknown> {
  return readYamlFile(file, unfit);
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
