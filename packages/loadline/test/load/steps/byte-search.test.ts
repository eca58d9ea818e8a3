import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { prepareSearch } from '../../../src/load/steps/byte-search.ts';

const everywhere = (bytes: Buffer): { bytes: Buffer; from: number; to: number } => ({
  bytes,
  from: 0,
  to: bytes.length,
});

describe('prepareSearch()', () => {
  it('finds just what the native search finds', () => {
    // Of three letters, so that nearly everything nearly fits.
    const text = fc.array(fc.constantFrom(97, 98, 99), { maxLength: 60 }).map((bytes) => Buffer.from(bytes));
    const wanted = fc.array(fc.constantFrom(97, 98, 99), { maxLength: 6 }).map((bytes) => Buffer.from(bytes));
    fc.assert(
      fc.property(text, wanted, (text, wanted) => {
        expect(prepareSearch(wanted)(everywhere(text))).toBe(text.includes(wanted));
      }),
      { numRuns: 2000 },
    );
  });

  it('stays within its stretch', () => {
    const bytes = Buffer.from('before "here" after');
    const inside = { bytes, from: 7, to: 13 };
    expect(prepareSearch(Buffer.from('here'))(inside)).toBe(true);
    for (const outside of ['before', 'before "', '" a', 'after', 'e"h'])
      expect(prepareSearch(Buffer.from(outside))(inside)).toBe(false);
  });

  it('finds at both ends, bytes above 127, and in a long text', () => {
    const long = Buffer.concat([Buffer.alloc(10_000, 120), Buffer.from('zum Schluß')]);
    for (const wanted of ['x', 'zum', 'Schluß', 'ß'])
      expect(prepareSearch(Buffer.from(wanted))(everywhere(long))).toBe(true);
    expect(prepareSearch(Buffer.from('Schluss'))(everywhere(long))).toBe(false);
    expect(prepareSearch(Buffer.from('ß'))(everywhere(Buffer.from('ß')))).toBe(true);
    expect(prepareSearch(Buffer.from('longer'))(everywhere(Buffer.from('long')))).toBe(false);
  });
});
