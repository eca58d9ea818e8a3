import type { Field, ObjectField } from '../../base/index.ts';

/** A word that may stand in the configuration of a proxy without quotes, since it ends nothing there. */
export interface PlainWord {
  readonly pattern: RegExp;
  /** For people. */
  readonly is: string;
}

export const plainName: PlainWord = { pattern: /^[\w.-]{1,64}$/, is: 'a plain name' };
export const plainPath: PlainWord = { pattern: /^[A-Za-z0-9_./@:+,-]+$/, is: 'a plain path' };
/** Which HAProxy takes for one: whatever does not begin with a slash is an address to it. */
export const plainAbsolutePath: PlainWord = {
  pattern: /^\/[A-Za-z0-9_./@:+,-]+$/,
  is: 'a plain path from /',
};
/** Of a request, with a query. */
export const plainTarget: PlainWord = { pattern: /^\/[\w./~%?=&-]*$/, is: 'a plain path from /' };
export const plainAddress: PlainWord = {
  pattern: /^(?:[A-Za-z0-9_.-]+|\*|\[[\da-fA-F:.]+\])?:?\d+$/,
  is: 'an address like *:8080',
};

export function matching(field: Field, { pattern, is }: PlainWord): string {
  const text = field.string();
  if (text !== '' && !pattern.test(text)) field.problem(`must be ${is}, got ${JSON.stringify(text)}`);
  return text;
}

/** A whole number that may be absent. Proxies count milliseconds in 31 bits. */
export function whole<Key extends string>(
  holder: ObjectField<Key>,
  name: Key,
  byDefault: number,
  atLeast: number,
): number {
  return holder.optional(name)?.number({ atLeast, atMost: 2_000_000_000, whole: true }) ?? byDefault;
}
