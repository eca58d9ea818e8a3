import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LabelBook } from '../../src/collect/label-book.ts';

const text = fc.constantFrom('', 'a', 'b', 'ab', '__proto__', 'a","b', 'ä', '\0');
const pairs = fc.uniqueArray(fc.tuple(text, text), { selector: ([name]) => name, maxLength: 4 });

function labelsOf(book: LabelBook, shown: readonly (readonly [string, string])[]) {
  return book.of(
    shown.map(([name]) => name),
    shown.map(([, value]) => value),
  );
}

describe('LabelBook', () => {
  it('gives the same frozen object for the same labels, and the same text in whatever order', () => {
    fc.assert(
      fc.property(fc.array(pairs, { maxLength: 20 }), (all) => {
        const book = new LabelBook(1000);
        for (const shown of [...all, ...all]) {
          const { labels, key } = labelsOf(book, shown);
          expect(labelsOf(book, shown).labels).toBe(labels);
          expect(Object.isFrozen(labels)).toBe(true);
          expect(Object.entries(labels)).toEqual(expect.arrayContaining(shown));
          expect(Object.keys(labels)).toHaveLength(shown.length);
          expect(labelsOf(book, shown.toReversed()).key).toBe(key);
        }
      }),
    );
  });

  it('tells those apart that differ in anything', () => {
    fc.assert(
      fc.property(pairs, pairs, (one, other) => {
        const book = new LabelBook(1000);
        const isSame = JSON.stringify(one.toSorted()) === JSON.stringify(other.toSorted());
        expect(labelsOf(book, one).key === labelsOf(book, other).key).toBe(isSame);
      }),
    );
  });

  it('forgets rather than grow beyond its limit', () => {
    const book = new LabelBook(2);
    const first = book.of(['zone'], ['a']);
    book.of(['zone'], ['b']);
    expect(book.of(['zone'], ['a'])).not.toBe(first);
    expect(book.of(['zone'], ['a'])).toEqual(first);
  });
});
