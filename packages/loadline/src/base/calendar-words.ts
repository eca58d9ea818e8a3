/** The words of calendars as people write them: what one reads, the other writes. */

/** From Sunday, as days of the week are counted from 0. */
export const weekdayNames: readonly string[] = [
  'sunday',
  'monday',
  'tuesday',
  'wednesday',
  'thursday',
  'friday',
  'saturday',
];

/** Which one of its month; counted from 1, and beside them there is the last. */
export const nthNames: readonly string[] = ['first', 'second', 'third', 'fourth', 'fifth'];

/** Months count from 1. */
export const monthNames: readonly string[] = [
  'january',
  'february',
  'march',
  'april',
  'may',
  'june',
  'july',
  'august',
  'september',
  'october',
  'november',
  'december',
];

export const dayMinutes = 1440;
