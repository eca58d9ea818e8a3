import type { LoadlineError } from '../base/index.ts';
import { scalingError } from './errors.ts';
import type { RolloutState } from './rollout/state.ts';

export function taken({ group }: RolloutState, running: string): LoadlineError {
  return scalingError(
    'SCALING_ROLLOUT_CONFLICT',
    `Cannot start a rollout at ${group}: there is ${running} already. Let it end, or roll it back, and take an id of its own.`,
    { facts: { group, running } },
  );
}

export function notRemembered({ group, id }: RolloutState, because: string): LoadlineError {
  return scalingError('SCALING_MEMORY_FAILED', `Cannot start the rollout ${id} at ${group}: ${because}.`, {
    facts: { group, id },
  });
}

export function tooLate({ id, phase, reason }: RolloutState, verb: string): LoadlineError {
  return scalingError('SCALING_ROLLOUT_PAST', `Cannot ${verb} the rollout ${id}: it is ${phase}. ${reason}`, {
    facts: { id, phase },
  });
}

/** @param because what keeps it, to end a sentence with. */
export function heldBack({ group, candidate }: RolloutState, because: string): LoadlineError {
  return scalingError(
    'SCALING_ROLLOUT_HELD',
    `Cannot roll out ${candidate} at ${group}: ${because}. Change that, then start it again.`,
    {
      facts: { group, candidate, because },
    },
  );
}
