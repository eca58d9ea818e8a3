import {
  type Finding,
  isBlankByte,
  isBlankRange,
  lineFeed,
  markLength,
  type OpenFormat,
  type RecordFormat,
} from './record-format.ts';

/**
 * CSV (RFC 4180) with a line of column names. Lines end with or without a carriage return, blank ones are
 * passed over, and blanks around a value or its quotes are no part of it.
 *
 * Ours, because a gigabyte has to be passed over in seconds and any row read alone; a test holds it against
 * csv-parse.
 */
export const openCsv: OpenFormat = (head) => {
  let start = markLength(head);
  let end = endOfRecord(head, start, head.length, 0);
  while (end >= 0 && isBlankRange(head, start, end)) {
    start = end;
    end = endOfRecord(head, start, head.length, 0);
  }
  if (end < 0) return { problem: 'is empty; it needs a line of column names' };
  const columns = valuesOf(head, start, end);
  const finding: Finding = { problem: undefined };
  endOfRecord(head, start, end, columns.length, finding);
  if (finding.problem !== undefined) return { problem: `${finding.problem}, in its line of column names` };
  const repeated = columns.find((column, index) => columns.indexOf(column) !== index);
  if (repeated !== undefined) return { problem: `has two columns named ${JSON.stringify(repeated)}` };
  const endOf: RecordFormat['endOf'] = (bytes, from, to, finding) =>
    endOfRecord(bytes, from, to, columns.length, finding);
  return { columns, firstByte: end, endOf, valuesOf };
};

const quote = 34;
const comma = 44;

/**
 * A line end outside quotes. A doubled quote closes and opens again, so it need not be told apart; most bytes
 * of most files are past the comma, and are passed over with one comparison.
 */
function endOfRecord(
  bytes: Buffer,
  start: number,
  end: number,
  columnCount: number,
  finding?: Finding,
): number {
  let isQuoted = false;
  let isMisquoted = false;
  let count = 1;
  for (let at = start; at < end; at++) {
    const byte = bytes[at] as number;
    if (byte > comma) continue;
    if (byte === comma) {
      if (!isQuoted) count++;
    } else if (byte === quote) {
      isMisquoted ||= !(isQuoted ? mayClose(bytes, at, end) : mayOpen(bytes, start, at));
      isQuoted = !isQuoted;
    } else if (byte === lineFeed && !isQuoted) {
      if (finding !== undefined) finding.problem = problemOf(isMisquoted, count, columnCount);
      return at + 1;
    }
  }
  return -1;
}

function problemOf(isMisquoted: boolean, count: number, columnCount: number): string | undefined {
  if (isMisquoted) return 'is no CSV: a quote stands in the middle of a value';
  if (count === columnCount) return undefined;
  return `has a row of ${count === 1 ? 'one value' : `${count} values`} for its ${columnCount} columns`;
}

function mayOpen(bytes: Buffer, start: number, at: number): boolean {
  let before = at - 1;
  if (before >= start && bytes[before] === quote) return true;
  while (before >= start && isBlankByte(bytes[before])) before--;
  return before < start || bytes[before] === comma;
}

function mayClose(bytes: Buffer, at: number, end: number): boolean {
  let after = at + 1;
  if (bytes[after] === quote) return true;
  while (after < end && bytes[after] !== lineFeed && isBlankByte(bytes[after])) after++;
  return after >= end || bytes[after] === comma || bytes[after] === lineFeed;
}

function valuesOf(bytes: Buffer, start: number, end: number): readonly string[] {
  const text = bytes.toString('utf8', start, end);
  if (!text.includes('"')) return text.split(',').map(trim);
  const values: string[] = [];
  for (let from = 0; ; ) {
    let first = from;
    while (isBlankByte(text.charCodeAt(first))) first++;
    const isQuoted = text.charCodeAt(first) === quote;
    const close = isQuoted ? closingQuote(text, first) : first;
    const next = text.indexOf(',', close);
    const value = text.slice(isQuoted ? first + 1 : from, isQuoted ? close : next < 0 ? text.length : next);
    values.push(isQuoted ? value.replaceAll('""', '"') : trim(value));
    if (next < 0) return values;
    from = next + 1;
  }
}

/** The next quote that is not doubled; where there is none, the end. */
function closingQuote(text: string, open: number): number {
  let close = text.indexOf('"', open + 1);
  while (close >= 0 && text.charCodeAt(close + 1) === quote) close = text.indexOf('"', close + 2);
  return close < 0 ? text.length : close;
}

/** Most values have nothing around them: looking at both ends is quicker than cutting nothing off. */
function trim(value: string): string {
  const [first, last] = [value.charCodeAt(0), value.charCodeAt(value.length - 1)];
  return first > 32 && last > 32 && last < 128 ? value : value.replace(/^[ \t\r\n\f]+/, '').trimEnd();
}
