import { join } from 'node:path';
import { holdFolder } from '@loadline/local-stack';
import { isLoadlineError } from 'loadline/base';
import { controlPlaneError } from '../problems/index.ts';

/**
 * Makes the home folder this control plane's own, wherever its database is: two would take each other's tests for
 * interrupted, and tell of every alert twice.
 *
 * @returns lets it go.
 * @throws CONTROL_PLANE_START_REFUSED
 */
export async function claimHome(home: string, signal: AbortSignal): Promise<() => void> {
  try {
    return await holdFolder(join(home, 'claim'), signal);
  } catch (cause) {
    if (!isLoadlineError(cause, 'LOCAL_STACK_FOLDER_IN_USE')) throw cause;
    const { pid } = cause.facts;
    throw controlPlaneError(
      'CONTROL_PLANE_START_REFUSED',
      `Cannot start the control plane: process ${pid} runs one in ${home} already. Stop that, or give another --home.`,
      { cause, facts: { pid } },
    );
  }
}
