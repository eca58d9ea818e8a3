/**
 * Texts of others as templates. The grammar of scenario files has no way to write `{{` other than as a hole,
 * so each place has its own: `%7B` in what is percent-encoded, `\u007b` in JSON that is sent as text.
 */

export function hole(name: string): string {
  return `{{${name}}}`;
}

/** Whether a text would be read as having a hole, or would make one with a hole behind it. */
export function hasBraces(text: string): boolean {
  return text.includes('{{') || text.endsWith('{');
}

/** Of a path or a query: the same to any server. */
export function encodeBraces(text: string): string {
  return text.replaceAll('{', '%7B').replaceAll('}', '%7D');
}

/** For places that know no other way to write it; the caller says so in a note. */
export function spreadBraces(text: string): string {
  return text.replace(/\{(?=\{)/g, '{ ').replace(/\{$/, '{ ');
}

/** One step of a JSON pointer (RFC 6901, section 3), with its slash. */
export function pointerStep(key: string): string {
  return `/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`;
}
