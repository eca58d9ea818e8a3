import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readPointer } from '../../../src/load/steps/json-pointer.ts';
import {
  countElements,
  decodeRange,
  preparePointer,
  scanPointer,
} from '../../../src/load/steps/json-scan.ts';

/** What the scan finds, parsed; undefined where it finds nothing. */
function scan(json: string | Buffer, tokens: readonly string[]): unknown {
  const bytes = Buffer.from(json);
  const range = scanPointer(bytes, preparePointer(tokens));
  if (range === undefined) return undefined;
  const value = decodeRange(bytes, range);
  return bytes[range.from] === 91 || bytes[range.from] === 123 ? JSON.parse(String(value)) : value;
}

const keys = fc.oneof(fc.constantFrom('a', 'b', '0', '1', '', 'é', 'a"b', 'a\\b', '\n'), fc.string());
const documents = fc.letrec<{ node: unknown }>((tie) => ({
  node: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    fc.oneof(
      fc.string({ unit: 'grapheme' }),
      fc.double({ noNaN: true, noDefaultInfinity: true }),
      fc.boolean(),
      fc.constant(null),
    ),
    fc.array(tie('node'), { maxLength: 4 }),
    fc.dictionary(keys, tie('node'), { maxKeys: 4, noNullPrototype: true }),
  ),
})).node;

/** Every pointer into a document, and some that lead nowhere. */
function pointersOf(value: unknown): string[][] {
  if (typeof value !== 'object' || value === null) return [[]];
  const entries = Object.entries(value);
  return [
    [],
    ['nowhere'],
    ...entries.flatMap(([key, inner]) => pointersOf(inner).map((rest) => [key, ...rest])),
  ];
}

/** JSON as other programs write it: with spaces, and with escapes that need not be. */
const spellings = [
  (value: unknown) => JSON.stringify(value),
  (value: unknown) => JSON.stringify(value, undefined, 2),
  (value: unknown) =>
    ` ${JSON.stringify(value).replace(/[^\x20-\x7e]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`)}\r\n`,
];

describe('a scan of JSON', () => {
  it('finds at every pointer what parsing finds there', () => {
    fc.assert(
      fc.property(documents, fc.constantFrom(...spellings), (document, spell) => {
        const text = spell(document);
        const parsed: unknown = JSON.parse(text);
        for (const tokens of pointersOf(parsed))
          expect(scan(text, tokens)).toEqual(readPointer(parsed, tokens));
      }),
      { numRuns: 300 },
    );
  });

  it('counts the elements of every list', () => {
    fc.assert(
      fc.property(fc.array(documents, { maxLength: 6 }), fc.constantFrom(...spellings), (list, spell) => {
        const bytes = Buffer.from(spell(list));
        const range = scanPointer(bytes, []);
        expect(range && countElements(bytes, range)).toBe(list.length);
      }),
    );
  });

  it('finds a key that is written with escapes', () => {
    expect(scan('{"\\u0061b":1}', ['ab'])).toBe(1);
    expect(scan('{"a\\/b":2}', ['a/b'])).toBe(2);
    expect(scan('{"\\u00e9":3}', ['é'])).toBe(3);
  });

  it.each([
    '',
    ' ',
    'no json',
    '{"id":',
    '{"id"',
    '{"id":1',
    '{"a":{"b":1}',
    '{"x":[1,2',
    '<html>',
    '{,"id":1}',
    '{"id"1}',
    '{"a":,"id":1}',
  ])('finds no end of a document in %j', (text) => {
    const found = scan(text, ['id']);
    expect([undefined, 1]).toContain(found);
  });

  it('of arbitrary bytes neither throws nor reads past their end', () => {
    const bytes = fc.array(fc.constantFrom(...Buffer.from('{}[]",:\\ 0a\u0001'), 255), { maxLength: 40 });
    fc.assert(
      fc.property(bytes, fc.array(fc.constantFrom('a', '0', '1'), { maxLength: 3 }), (values, tokens) => {
        const json = Buffer.from([...values, ...Buffer.from('"a":1}]')]).subarray(0, values.length);
        const range = scanPointer(json, preparePointer(tokens));
        if (range === undefined) return;
        expect(range.to).toBeLessThanOrEqual(json.length);
        decodeRange(json, range);
        countElements(json, range);
      }),
      { numRuns: 2000 },
    );
  });
});
