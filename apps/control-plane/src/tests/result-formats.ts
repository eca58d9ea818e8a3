/** The forms in which results are given, and their media types. */
export const resultFormats = {
  json: 'application/json',
  html: 'text/html; charset=utf-8',
  csv: 'text/csv; charset=utf-8',
} as const;

export type ResultFormat = keyof typeof resultFormats;
