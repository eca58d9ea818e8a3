/** Header lines that were read and found right, as text: each ended by CR LF. Most are handed on without a look. */

/** The values of a field, in their order. @param name in lower case. */
export function valuesOf(lines: string, name: string): string[] {
  const found: string[] = [];
  for (const [each, value] of pairsOf(lines)) if (each === name) found.push(value);
  return found;
}

/** Names in lower case, and values. */
export function* pairsOf(lines: string): Generator<readonly [name: string, value: string]> {
  for (let at = 0; at < lines.length; ) {
    const end = lines.indexOf('\r\n', at);
    const nameTo = lines.indexOf(':', at);
    yield [lines.slice(at, nameTo).toLowerCase(), lines.slice(nameTo + 1, end).trim()];
    at = end + 2;
  }
}

/** The lines whose names, in lower case, are wanted. */
export function selectLines(lines: string, isWanted: (name: string) => boolean): string {
  let kept = '';
  for (let at = 0; at < lines.length; ) {
    const end = lines.indexOf('\r\n', at) + 2;
    if (isWanted(lines.slice(at, lines.indexOf(':', at)).toLowerCase())) kept += lines.slice(at, end);
    at = end;
  }
  return kept;
}
