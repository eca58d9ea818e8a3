import { type ErrorEntry, errorsOf } from '../base/index.ts';
import type { DoorCode } from './doors/door.ts';

/** What can go wrong where a service is watched. */
export const observeErrorTable: Readonly<Record<DoorCode | 'OBSERVE_OPTIONS_INVALID', ErrorEntry>> = {
  OBSERVE_OPTIONS_INVALID: {
    means: 'A service asked to be observed with options that cannot be used.',
    remedy: 'Follow the message; keys have at least 16 characters, addresses are IP addresses or ranges.',
  },
  OBSERVE_REFUSED: {
    means: 'A door of the service was asked without the right key, from elsewhere, or by the wrong method.',
    remedy: 'Send the key as "Authorization: Bearer …"; the answer says which key or address would do.',
  },
  OBSERVE_INPUT_INVALID: {
    means:
      'What was sent to a door of the service is no JSON, too large, or has fields that it may not have.',
    remedy: 'Correct each problem that the answer names.',
  },
  OBSERVE_TOO_BUSY: {
    means: 'A door of the service was asked more often than it answers.',
    remedy: 'Ask again after the time that Retry-After names.',
  },
  OBSERVE_FAILED: {
    means: 'A door of the service has failed, which is a mistake of ours.',
    remedy: 'Report what was asked; nothing of it is told in the answer.',
  },
};

/** Creates an error of this room. */
export const observeError: ReturnType<typeof errorsOf<typeof observeErrorTable>> =
  errorsOf(observeErrorTable);
