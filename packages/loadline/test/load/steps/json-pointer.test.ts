import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parsePointer, readPointer } from '../../../src/load/steps/json-pointer.ts';

/** RFC 6901, section 5. */
const document = {
  foo: ['bar', 'baz'],
  '': 0,
  'a/b': 1,
  'c%d': 2,
  'e^f': 3,
  'g|h': 4,
  'i\\j': 5,
  'k"l': 6,
  ' ': 7,
  'm~n': 8,
};

const read = (pointer: string, from: unknown = document): unknown => {
  const tokens = parsePointer(pointer);
  return tokens === undefined ? 'no pointer' : readPointer(from, tokens);
};

describe('a JSON pointer', () => {
  it.each([
    ['', document],
    ['/foo', ['bar', 'baz']],
    ['/foo/0', 'bar'],
    ['/', 0],
    ['/a~1b', 1],
    ['/c%d', 2],
    ['/e^f', 3],
    ['/g|h', 4],
    ['/i\\j', 5],
    ['/k"l', 6],
    ['/ ', 7],
    ['/m~0n', 8],
  ])('%j reads as RFC 6901 says', (pointer, value) => {
    expect(read(pointer)).toEqual(value);
  });

  it('unescapes ~1 before ~0, so that ~01 is ~1', () => {
    expect(read('/~01', { '~1': 'right', '/': 'wrong' })).toBe('right');
  });

  it.each(['foo', '#/foo', '/a~2b', '/~', '/foo/~'])('%j is none', (pointer) => {
    expect(parsePointer(pointer)).toBeUndefined();
  });

  it.each(['/foo/2', '/foo/-', '/foo/01', '/foo/length', '/foo/0/0', '/toString', '/__proto__', '/foo/map'])(
    '%j points at nothing',
    (pointer) => {
      expect(read(pointer)).toBeUndefined();
    },
  );

  it('finds every key, however it is written', () => {
    fc.assert(
      fc.property(fc.array(fc.string(), { maxLength: 5 }), fc.string(), (keys, value) => {
        const nested = keys.reduceRight<unknown>(
          (inner, key) => JSON.parse(`{${JSON.stringify(key)}:${JSON.stringify(inner)}}`),
          value,
        );
        const pointer = keys.map((key) => `/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
        expect(read(pointer, nested)).toBe(value);
      }),
    );
  });
});
