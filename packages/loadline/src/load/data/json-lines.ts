import { isBlankByte, lineFeed, markLength, type OpenFormat } from './record-format.ts';

/**
 * JSON lines: an object a line. The columns are the keys of the first hundred, in the order in which they
 * appear; a key that is missing or null is an empty text, a list or a map is its JSON.
 */
export const openJsonLines: OpenFormat = (head) => {
  const firstByte = markLength(head);
  const columns = columnsOf(head, firstByte);
  if (columns.length === 0) return { problem: 'holds no JSON objects with keys, one a line' };
  let read = 0;
  return {
    columns,
    firstByte,
    endOf(bytes, start, end, finding) {
      const at = endOfLine(bytes, start, end);
      if (finding === undefined || at < 0) return at;
      const isObject =
        read++ < linesRead ? readObject(bytes, start, at) !== undefined : hasBraces(bytes, start, at);
      finding.problem = isObject ? undefined : 'has a line that is no JSON object';
      return at;
    },
    valuesOf(bytes, start, end) {
      const found = readObject(bytes, start, end) ?? {};
      return columns.map((column) => (Object.hasOwn(found, column) ? asText(found[column]) : ''));
    },
  };
};

const objectsForColumns = 100;

/** Of later lines only the braces are looked at: to read a gigabyte of JSON takes a quarter of a minute. */
const linesRead = 100_000;

function columnsOf(head: Buffer, firstByte: number): string[] {
  const keys = new Set<string>();
  let objects = 0;
  for (let at = firstByte; objects < objectsForColumns; ) {
    const end = endOfLine(head, at, head.length);
    if (end < 0) break;
    const found = readObject(head, at, end);
    if (found !== undefined) objects++;
    for (const key of Object.keys(found ?? {})) keys.add(key);
    at = end;
  }
  return [...keys];
}

function endOfLine(bytes: Buffer, start: number, end: number): number {
  const at = bytes.indexOf(lineFeed, start);
  return at < 0 || at >= end ? -1 : at + 1;
}

function readObject(bytes: Buffer, start: number, end: number): Record<string, unknown> | undefined {
  try {
    const found: unknown = JSON.parse(bytes.toString('utf8', start, end));
    const isObject = typeof found === 'object' && found !== null && !Array.isArray(found);
    return isObject ? (found as Record<string, unknown>) : undefined;
  } catch {
    // Whoever asks says what is wrong, and where.
    return undefined;
  }
}

function hasBraces(bytes: Buffer, start: number, end: number): boolean {
  let [first, last] = [start, end - 1];
  while (first < last && isBlankByte(bytes[first])) first++;
  while (first < last && isBlankByte(bytes[last])) last--;
  return bytes[first] === 123 && bytes[last] === 125;
}

function asText(value: unknown): string {
  if (value === null) return '';
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}
