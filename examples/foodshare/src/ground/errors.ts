import { errorsOf } from 'loadline/base';

/** What can go wrong in preparing the data, and in starting the demo. */
export const foodshareErrorTable = {
  FOODSHARE_SIZE_INVALID: {
    means: 'A world can’t be made of this number of posts or from this seed.',
    remedy: 'Give whole numbers: posts from 100 to 100,000,000, a seed from 0 to 4,294,967,295.',
  },
  FOODSHARE_DATABASE_FOREIGN: {
    means: 'The database holds tables of our names that were not made here.',
    remedy: 'Give the example a database of its own; preparing it would drop these tables.',
  },
  FOODSHARE_WORDS_INVALID: {
    means: 'The demo can’t be shown with these options.',
    remedy: 'The message names all that do not fit; `npm run demo -- --help` says what they mean.',
  },
  FOODSHARE_PORT_UNUSABLE: {
    means: 'The demo can’t answer at the port that was asked for.',
    remedy: 'Take another port, or end the program that uses it.',
  },
  FOODSHARE_DEMO_FAILED: {
    means: 'A part of the demo did not start, or did not get to where it should be in time.',
    remedy: 'The message has what that part said; `npm run demo` once more begins from the start.',
  },
} as const;

export const foodshareError: ReturnType<typeof errorsOf<typeof foodshareErrorTable>> =
  errorsOf(foodshareErrorTable);
