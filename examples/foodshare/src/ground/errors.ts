import { errorsOf } from 'loadline/base';

/** What can go wrong in preparing the data. */
export const foodshareErrorTable = {
  FOODSHARE_SIZE_INVALID: {
    means: 'A world can’t be made of this number of posts or from this seed.',
    remedy: 'Give whole numbers: posts from 100 to 100,000,000, a seed from 0 to 4,294,967,295.',
  },
  FOODSHARE_DATABASE_FOREIGN: {
    means: 'The database holds tables of our names that were not made here.',
    remedy: 'Give the example a database of its own; preparing it would drop these tables.',
  },
} as const;

export const foodshareError: ReturnType<typeof errorsOf<typeof foodshareErrorTable>> =
  errorsOf(foodshareErrorTable);
