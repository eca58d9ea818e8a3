/**
 * How rows stand in a file: what it takes to find them by their bytes, and to read one alone. So a file that
 * is too large to be held is passed over once, and its rows are read where they stand.
 */
export interface RecordFormat {
  readonly columns: readonly string[];
  /** Where the first row begins, or blank lines before it. */
  readonly firstByte: number;
  /**
   * Where the record that begins at `start` ends, its line end included; -1 where the bytes end before it.
   * What is wrong with the record is looked for where there is a place for it.
   */
  endOf(bytes: Buffer, start: number, end: number, finding?: Finding): number;
  /** The values of a record with nothing wrong, in the order of the columns. */
  valuesOf(bytes: Buffer, start: number, end: number): readonly string[];
}

/** Completes "people.csv …, at line 7". */
export interface Finding {
  problem: string | undefined;
}

/** Makes a format of a file's first bytes, which hold at least its first record, or says why it is none. */
export type OpenFormat = (head: Buffer) => RecordFormat | { readonly problem: string };

/** Rows are small; what is longer is most likely a quote that nobody closed. */
export const recordBytesMax = 1_000_000;

export const lineFeed = 10;

/** Space, tab, carriage return, form feed and line feed: what may stand around a value. */
export function isBlankByte(byte: number | undefined): boolean {
  return byte === 32 || byte === lineFeed || byte === 13 || byte === 9 || byte === 12;
}

/** Whether nothing but blanks stands there: no row, wherever it is. */
export function isBlankRange(bytes: Buffer, start: number, end: number): boolean {
  for (let at = start; at < end; at++) if (!isBlankByte(bytes[at])) return false;
  return true;
}

/** The length of a byte-order mark. */
export function markLength(bytes: Buffer): number {
  return bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? 3 : 0;
}

/**
 * Passes over the records from `start` to `end` and tells of each row.
 *
 * @returns where the first record without an end begins, which is `end` where there is none; or what is wrong
 *   with a row, and where it begins.
 */
export function passRows(
  format: RecordFormat,
  { bytes, start, end }: { readonly bytes: Buffer; readonly start: number; readonly end: number },
  onRow: (start: number, end: number) => void,
): number | { readonly problem: string; readonly at: number } {
  const finding: Finding = { problem: undefined };
  let at = start;
  while (at < end) {
    const next = format.endOf(bytes, at, end, finding);
    if (next < 0) break;
    if (isBlankRange(bytes, at, next)) finding.problem = undefined;
    else if (finding.problem === undefined) onRow(at, next);
    else return { problem: finding.problem, at };
    at = next;
  }
  return at;
}
