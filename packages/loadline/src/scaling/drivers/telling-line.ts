import { withoutPassword } from '../../base/index.ts';

/**
 * The line by which a process that has ended tells why, of the last ones that it wrote: the last, or the one above the stack that
 * an error is printed with. For people who only look, so that it is short, without control characters, and without the
 * passwords of addresses; and to go on with, so that it ends with no full stop. Undefined where it wrote nothing. Pure.
 */
export function tellingLine(lines: readonly string[]): string | undefined {
  const line = lines.findLast((each) => !belongsToStack.test(each)) ?? lines.findLast((each) => each.trim());
  const text = line
    ?.replaceAll(/\p{Cc}+/gu, ' ')
    .replaceAll(/\S+:\/\/\S+/g, withoutPassword)
    .trim()
    .replace(/\.$/, '');
  if (!text) return undefined;
  return text.length > charactersMax ? `${text.slice(0, charactersMax - 1)}…` : text;
}

/** An empty line, an indented one, the end of an object, and what Node.js says last. */
const belongsToStack = /^(?:\s|[)\]}]|Node\.js v\d|$)/;
const charactersMax = 200;
