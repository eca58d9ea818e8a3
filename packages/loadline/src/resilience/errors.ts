import { errorsOf } from '../base/index.ts';

/** Why a call was not made, or not waited for. */
export const resilienceErrorTable = {
  RESILIENCE_OPTIONS_INVALID: {
    means:
      'A protection was asked for that cannot work: the message names each option with what is wrong with it.',
    remedy: 'Correct every option that the message names.',
  },
  RESILIENCE_TIME_LIMIT: {
    means: 'A call took longer than its time limit, and was told to stop.',
    remedy: 'Look at why the other side is slow; whether the call took effect there is not known.',
  },
  RESILIENCE_DEADLINE: {
    means: 'The time that the whole call had, with its waits and repetitions, is over.',
    remedy: 'Whoever set that time no longer waits; look at which part of it took so long.',
  },
  RESILIENCE_CIRCUIT_OPEN: {
    means:
      'Too many calls failed or were slow lately, so that none are made for now; `retryAfterMs` says how long.',
    remedy: 'Do without, or answer 503 with Retry-After; look at the other side.',
  },
  RESILIENCE_BULKHEAD_FULL: {
    means: 'As many calls as are allowed at once are under way, and as many as may are waiting.',
    remedy: 'Shed load; raise the limit only if the other side can take more.',
  },
  RESILIENCE_QUEUE_TIMEOUT: {
    means: 'A call waited for its turn for longer than it may.',
    remedy: 'Shed load; raise the limit only if the other side can take more.',
  },
} as const;

/** Creates an error of this room. */
export const resilienceError: ReturnType<typeof errorsOf<typeof resilienceErrorTable>> =
  errorsOf(resilienceErrorTable);
