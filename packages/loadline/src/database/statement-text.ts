/**
 * A statement with a `?` for each value in it, without comments, on one line, and cut. pg_stat_statements puts `$1` for
 * the values of most statements, but not of all: those that it could not keep in mind, and those that define
 * something, like a role with its password, stand there as they were sent.
 *
 * @param charactersMax longer texts are cut and end in `…`.
 */
export function withoutValues(text: string, charactersMax = 2000): string {
  const parts: string[] = [];
  let length = 0;
  for (let at = 0; at < text.length && length <= charactersMax; ) {
    const { shown, end } = nextToken(text, at);
    // A comment or a run of blanks becomes one blank.
    const part = shown === ' ' && parts.at(-1) === ' ' ? '' : shown;
    if (part !== '') parts.push(part);
    length += part.length;
    at = end;
  }
  const line = parts.join('').trim();
  // A cut through a character must leave no half of one, which PostgreSQL would not keep.
  return line.length > charactersMax ? `${line.slice(0, charactersMax - 1).toWellFormed()}…` : line;
}

interface Token {
  readonly shown: string;
  readonly end: number;
}

/** PostgreSQL's manual, 4.1; `y` anchors each pattern where the text stands. */
const blank = /\s+|--[^\n]*/y;
const word = /[\p{L}_][\p{L}\p{N}_$]*/uy;
const quotedName = /"[^"]*"?/y;
const parameter = /\$\d+/y;
const number =
  /0[xX][\da-fA-F_]+|0[oO][0-7_]+|0[bB][01_]+|(?:\d[\d_]*(?:\.[\d_]*)?|\.\d[\d_]*)(?:[eE][+-]?\d+)?/y;
/** In `E'…'` a backslash hides the quote that follows it. */
const escapedText = /[eE]'(?:[^'\\]|\\[\s\S]|'')*'?/y;
const plainText = /(?:[bBxXnN]|[uU]&)?'(?:[^']|'')*'?/y;
const dollarQuote = /\$(?:[\p{L}_][\p{L}\p{N}_]*)?\$/uy;

function nextToken(text: string, at: number): Token {
  if (text.startsWith('/*', at)) return { shown: ' ', end: endOfComment(text, at) };
  const blanks = match(blank, text, at);
  if (blanks !== undefined) return { shown: ' ', end: at + blanks.length };
  const value = match(escapedText, text, at) ?? match(plainText, text, at) ?? match(number, text, at);
  if (value !== undefined) return { shown: '?', end: at + value.length };
  const kept = match(word, text, at) ?? match(quotedName, text, at) ?? match(parameter, text, at);
  if (kept !== undefined) return { shown: kept, end: at + kept.length };
  const quote = match(dollarQuote, text, at);
  if (quote !== undefined) {
    const closing = text.indexOf(quote, at + quote.length);
    return { shown: '?', end: closing === -1 ? text.length : closing + quote.length };
  }
  const character = String.fromCodePoint(text.codePointAt(at) as number);
  return { shown: character, end: at + character.length };
}

function match(pattern: RegExp, text: string, at: number): string | undefined {
  pattern.lastIndex = at;
  return pattern.exec(text)?.[0];
}

/** Comments of this kind nest. */
function endOfComment(text: string, start: number): number {
  let depth = 0;
  for (let at = start; at < text.length; at++) {
    if (text.startsWith('/*', at)) depth++;
    else if (text.startsWith('*/', at)) depth--;
    else continue;
    at++;
    if (depth === 0) return at + 1;
  }
  return text.length;
}
