import type { LoadlineError } from '../base/index.ts';
import { scalingError } from './errors.ts';
import type { RolloutState } from './rollout/state.ts';

export function underWay({ group }: RolloutState, running: string): LoadlineError {
  return scalingError(
    'SCALING_ROLLOUT_CONFLICT',
    `Cannot start a rollout at ${group}: ${running} is under way there. Let it end, or roll it back.`,
    { facts: { group, running } },
  );
}

export function taken({ group, id }: RolloutState): LoadlineError {
  return scalingError(
    'SCALING_ROLLOUT_CONFLICT',
    `Cannot start a rollout at ${group}: there is ${id} already. Give this one an id of its own; where that one is under way, let it end, or roll it back.`,
    { facts: { group, running: id } },
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
