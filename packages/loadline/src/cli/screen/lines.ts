import { stripVTControlCharacters } from 'node:util';

/**
 * A line as lines of at most `width` columns: broken at its spaces, each further line indented, and a word that
 * is longer than a line broken too. Styles take no room and stay as they are.
 *
 * @param indentSize of the further lines, at most half the width; default four more than the line's own.
 */
export function wrapLine(line: string, width: number, indentSize?: number): string[] {
  if (columnsOf(line) <= width) return [line];
  const start = /^ */.exec(line)?.[0] ?? '';
  const shownStart = /^ */.exec(stripVTControlCharacters(line))?.[0] ?? '';
  const indent = ' '.repeat(Math.min(indentSize ?? shownStart.length + 4, Math.floor(width / 2)));
  const lines: string[] = [];
  let current = start;
  let isAtStart = true;
  for (const word of line.slice(start.length).split(' ')) {
    for (const piece of breakWord(word, Math.max(1, width - indent.length))) {
      const longer = isAtStart ? `${current}${piece}` : `${current} ${piece}`;
      if (columnsOf(longer) <= width) current = longer;
      else {
        lines.push(current.trimEnd());
        current = `${indent}${piece}`;
      }
      // Spaces that were there to align are gone where a line is broken.
      isAtStart = current.trim() === '';
      if (isAtStart && lines.length > 0) current = indent;
    }
  }
  return [...lines, current.trimEnd()];
}

/** What others have named, fit for a terminal: without anything that would steer it or begin another line. */
export function printable(text: string): string {
  return text.replace(/\p{Cc}/gu, '·');
}

function columnsOf(text: string): number {
  return stripVTControlCharacters(text).length;
}

function breakWord(word: string, width: number): string[] {
  if (columnsOf(word) <= width) return [word];
  const pieces: string[] = [];
  let current = '';
  for (const character of word.match(styleOrCharacter) ?? []) {
    if (columnsOf(current + character) > width) {
      pieces.push(current);
      current = '';
    }
    current += character;
  }
  return [...pieces, current];
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: a style begins with the escape character
const styleOrCharacter = /\u001b\[[\d;]*m|./gsu;
