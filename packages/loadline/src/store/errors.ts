import { errorsOf, type LoadlineError, type LoadlineErrorOptions } from '../base/index.ts';

/** What can go wrong where measurements, tests and decisions are remembered. */
export const storeErrorTable = {
  STORE_CLOSED: {
    means: 'The store was closed.',
    remedy: 'Stop what writes and reads before closing it.',
  },
  STORE_BATCH_TOO_LARGE: {
    means: 'More samples were given at once than one write may have.',
    remedy: 'Write them in several batches; the facts have the limit.',
  },
  STORE_QUERY_INVALID: {
    means: 'A window, a step, a quantile or a page that was asked for cannot be answered.',
    remedy: 'Correct what the message lists.',
  },
  STORE_QUERY_TOO_LARGE: {
    means: 'An answer would be put together from more series or rows than one question may read.',
    remedy: 'Name a service or an instance, take a shorter window, or a longer step.',
  },
  STORE_SERIES_LOST: {
    means: 'Series that were being written have gone from the table `metric_series`.',
    remedy: 'Nothing, if the database was put back to an earlier state: the store adds them again by itself.',
  },
  STORE_TOO_LARGE: {
    means: 'A document, a plan or a report is larger than the store keeps.',
    remedy: 'Keep large things in files; the facts have size and limit.',
  },
} as const;

/** Creates an error of this room. */
export const storeError: (
  code: keyof typeof storeErrorTable,
  message: string,
  options?: LoadlineErrorOptions,
) => LoadlineError = errorsOf(storeErrorTable);
