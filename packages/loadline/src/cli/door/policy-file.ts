import { existsSync } from 'node:fs';
import { basename } from 'node:path';
import { closest, type Parsed } from '../../base/index.ts';
import {
  namedScalingPresets,
  parseScalingPolicy,
  type ScalingPolicy,
  scalingError,
} from '../../scaling/index.ts';
import { cliError } from './errors.ts';
import { tellProblems } from './problems.ts';
import { readWrittenFile } from './written-file.ts';

/**
 * What stands in a file of YAML or JSON about scaling.
 *
 * @throws CLI_USAGE where it cannot be read, SCALING_POLICY_INVALID with everything that is wrong with it.
 */
export function readPolicyFile<Value>(file: string, read: (value: unknown) => Parsed<Value>): Promise<Value> {
  return readWrittenFile(file, { read, unfit });
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
  return { name: basename(word), policy: await readPolicyFile(word, parseScalingPolicy) };
}

function unfit(file: string, problems: readonly string[]): Error {
  const message = tellProblems(`Cannot scale by ${file}`, problems);
  return scalingError('SCALING_POLICY_INVALID', message, { facts: { file, problems } });
}
