import fc from 'fast-check';
import { formatBytes, parseBytes } from 'loadline/base';
import { describe, expect, it } from 'vitest';

describe('parseBytes()', () => {
  it.each([
    ['0', 0],
    ['84B', 84],
    ['512MB', 512_000_000],
    ['512MiB', 536_870_912],
    ['1.5kB', 1500],
    ['1.5 KB', 1500],
    ['64KiB', 65_536],
    ['2TiB', 2 * 1024 ** 4],
  ])('reads %s as %d bytes', (text, bytes) => {
    expect(parseBytes(text)).toBe(bytes);
  });

  it.each(['', '512', 'MB', '-1MB', '1mb', '1 GiB ', '1e3B', 'iB', '1iB', `${'9'.repeat(400)}GB`])(
    'refuses %j',
    (text) => {
      expect(parseBytes(text)).toBeUndefined();
    },
  );

  it('reads back every whole number of bytes', () => {
    fc.assert(fc.property(fc.nat(), (bytes) => parseBytes(`${bytes}B`) === bytes));
  });
});

describe('formatBytes()', () => {
  it.each([
    [0, '0 B'],
    [84, '84 B'],
    [999, '999 B'],
    [999.6, '1 kB'],
    [1254, '1.25 kB'],
    [999_999, '1 MB'],
    [5e15, '5000 TB'],
    [-2048, '-2.05 kB'],
  ])('writes %d as %s', (bytes, text) => {
    expect(formatBytes(bytes)).toBe(text);
  });
});
