import type { Verdict } from '../../load/index.ts';

/** What a pipeline reads. */
export const exitCodes = {
  passed: 0,
  /** An error that nobody expected: a defect of Loadline. */
  defect: 1,
  /** The input is wrong: words, a file, a target that is not allowed. */
  wrongInput: 2,
  inconclusive: 97,
  invalid: 98,
  failed: 99,
  interrupted: 130,
} as const;

/** With which code a command ends, by how the run was judged. */
export function exitCodeOf(status: Verdict['status']): number {
  return exitCodes[status];
}
