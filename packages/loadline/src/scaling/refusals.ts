import {
  ended,
  formatDuration,
  formatPath,
  isLoadlineError,
  type LoadlineError,
  type Problem,
} from '../base/index.ts';
import { scalingError } from './errors.ts';
import type { ScalingConfiguration } from './policy/policy.ts';

/** Half of what a later version has written would be another policy. */
export function refuseNewer({ group, policy }: ScalingConfiguration): never {
  throw scalingError(
    'SCALING_POLICY_NEWER',
    `Cannot scale ${group}: its policy has the format ${policy.format}, which a later version has written.`,
    { facts: { group, format: policy.format } },
  );
}

/** Changes nothing that could not be remembered. @throws SCALING_MEMORY_FAILED */
export async function remember<Value>(group: string, work: () => Promise<Value>): Promise<Value> {
  try {
    return await work();
  } catch (cause) {
    const said = isLoadlineError(cause) ? cause.message : String(cause);
    throw scalingError(
      'SCALING_MEMORY_FAILED',
      `Cannot change the scaling of ${group}: it could not be remembered: ${said}`,
      { facts: { group }, cause },
    );
  }
}

export function invalidPolicy(group: string, problems: readonly Problem[]): LoadlineError {
  const told = problems.map(({ path, message }) => `${formatPath(path)} ${message}`);
  return scalingError(
    'SCALING_POLICY_INVALID',
    ended(`Cannot scale ${group} by this policy: ${told.join('; ')}`),
    {
      facts: { group, problems },
    },
  );
}

export function conflict(group: string, replaces: number, present: number): LoadlineError {
  return scalingError(
    'SCALING_POLICY_CONFLICT',
    `Cannot replace version ${replaces} of the policy of ${group}: the present one is ${present}. Read it and change that.`,
    { facts: { group, replaces, present } },
  );
}

export function restartRefused(group: string, what: string, because: string): LoadlineError {
  return scalingError('SCALING_RESTART_REFUSED', `Cannot ${what} ${group}: ${because}.`, {
    facts: { group, because },
  });
}

const weekMs = 7 * 86_400_000;

/** @throws SCALING_MANUAL_INVALID where a number is outside the policy, or for no sensible time. */
export function checkManual(
  { group, policy }: ScalingConfiguration,
  { replicas, forMs }: { readonly replicas: number; readonly forMs: number },
): void {
  const { min, max } = policy.replicas;
  const problems = [
    ...(Number.isSafeInteger(replicas) && replicas >= min && replicas <= max
      ? []
      : [`replicas must be a whole number from ${min} to ${max}, got ${replicas}`]),
    ...(forMs > 0 && forMs <= weekMs
      ? []
      : [`forMs must be above 0 and at most ${formatDuration(weekMs)}, got ${forMs}`]),
  ];
  if (problems.length === 0) return;
  throw scalingError('SCALING_MANUAL_INVALID', `Cannot scale ${group} by hand: ${problems.join('; ')}.`, {
    facts: { group, problems },
  });
}
