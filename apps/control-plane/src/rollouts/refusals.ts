import { isLoadlineError } from 'loadline/base';
import { notRemembered, Problem, unknownThing, wrongInBody } from '../problems/index.ts';

/** What rollouts refuse, as the API says it. */
export async function orRefusal<Value>(work: Promise<Value>): Promise<Value> {
  try {
    return await work;
  } catch (error) {
    if (!isLoadlineError(error)) throw error;
    switch (error.code) {
      case 'SCALING_ROLLOUT_UNKNOWN':
        throw unknownThing('rollout');
      case 'SCALING_ROLLOUT_CONFLICT':
      case 'SCALING_ROLLOUT_HELD':
      case 'SCALING_ROLLOUT_PAST':
        throw new Problem('CONTROL_PLANE_STATE_CONFLICT', error.message);
      case 'SCALING_ROLLOUT_INVALID':
        throw wrongInBody('/plan', (error.facts.problems as readonly string[]).join('; '));
      case 'SCALING_MEMORY_FAILED':
        throw notRemembered();
      default:
        throw error;
    }
  }
}
