import { errorsOf, type LoadlineError, type LoadlineErrorOptions } from '../base/index.ts';

/** What can go wrong where the number of instances is decided. */
export const scalingErrorTable = {
  SCALING_POLICY_INVALID: {
    means: 'A scaling policy cannot work as written; every problem is listed with its path.',
    remedy: 'Correct each place that the message names; docs/reference/scaling.md has every field.',
  },
  SCALING_POLICY_CONFLICT: {
    means: 'A policy was to replace a version that is not the present one: somebody else was quicker.',
    remedy: 'Read the present policy, look at what has changed, and send the change again.',
  },
  SCALING_POLICY_NEWER: {
    means: 'A policy that was remembered has a format that a later version has written.',
    remedy: 'Run the later version, or give the group a policy anew after its document has been removed.',
  },
  SCALING_GROUP_UNKNOWN: {
    means: 'No group of this name is scaled here.',
    remedy: 'Use one of the groups that the message names, or give this one a policy first.',
  },
  SCALING_MANUAL_INVALID: {
    means: 'A number of instances was asked for by hand that is outside the policy, or for no sensible time.',
    remedy: 'Ask for a number between the minimum and the maximum of the policy, for at most a week.',
  },
  SCALING_RESTART_REFUSED: {
    means: 'The instances of a group cannot be replaced now, or there is no restart that could be ended.',
    remedy:
      'Look at the reason in the message: let what goes on end first, or ask whatever runs the group itself.',
  },
  SCALING_SERVERS_LEFT: {
    means:
      'Servers that were started by what was given did not say that they had ended, long after they were killed.',
    remedy: 'Look where they were started for the ones that the message names, and end them there.',
  },
  SCALING_RECORD_UNREADABLE: {
    means: 'The file in which a process driver keeps what runs is damaged.',
    remedy: 'Stop the instances that still run by hand, and remove the file that the message names.',
  },
  SCALING_MEMORY_FAILED: {
    means: 'A change of the scaling configuration could not be remembered, so that it was not made.',
    remedy: 'Look at the cause, most likely the database; then send the change again.',
  },
  SCALING_ROLLOUT_INVALID: {
    means: 'A rollout was asked for that cannot work as written; every problem is listed.',
    remedy: 'Correct each place that the message names; docs/reference/rollout.md has every field.',
  },
  SCALING_ROLLOUT_CONFLICT: {
    means: 'A rollout of this group is under way, or its id was used before.',
    remedy: 'Let that one end, or roll it back; then start with an id of its own.',
  },
  SCALING_ROLLOUT_HELD: {
    means: 'A flag keeps a rollout from being started.',
    remedy:
      'Switch on the flag that the message names, for this group and this candidate; or name none in the plan.',
  },
  SCALING_ROLLOUT_UNKNOWN: {
    means: 'There is no rollout of this id.',
    remedy: 'Look at the list of rollouts for the one that is meant.',
  },
  SCALING_ROLLOUT_PAST: {
    means: 'An order was given to a rollout that is past the point where it can be followed.',
    remedy: 'Look at its phase; once it has ended, roll out the other build again.',
  },
  SCALING_FLAGS_INVALID: {
    means: 'Flags cannot be read as written; every problem is listed with its path.',
    remedy: 'Correct each place that the message names; docs/reference/rollout.md has every field.',
  },
  SCALING_FLAG_CONFLICT: {
    means: 'A flag was to replace a version that is not the present one: somebody else was quicker.',
    remedy: 'Read the present flag, look at what has changed, and send the change again.',
  },
  SCALING_KEDA_FAILED: {
    means: 'The server that KEDA asks cannot listen where it is to.',
    remedy: 'Choose another address or port, or end what has it already.',
  },
} as const;

/** Creates an error of this room. */
export const scalingError: (
  code: keyof typeof scalingErrorTable,
  message: string,
  options?: LoadlineErrorOptions,
) => LoadlineError = errorsOf(scalingErrorTable);
