import fc from 'fast-check';
import { fingerprintOf, isMatched } from 'loadline/monitoring';
import { describe, expect, it } from 'vitest';

const isLike = (text: string, ...patterns: string[]) => isMatched({ label: patterns }, { label: text });

describe('isMatched()', () => {
  it('needs each label that the match names, and no other', () => {
    const match = { service: ['api', 'web'], region: ['eu'] };
    expect(isMatched(match, { service: 'web', region: 'eu', instance: '1' })).toBe(true);
    expect(isMatched(match, { service: 'web' })).toBe(false);
    expect(isMatched(match, { service: 'shop', region: 'eu' })).toBe(false);
    expect(isMatched({}, {})).toBe(true);
  });

  it('takes a label that is absent for an empty text, whatever its name', () => {
    expect(isMatched({ constructor: [''], toString: ['*'] }, {})).toBe(true);
    expect(isMatched({ constructor: ['a*'] }, {})).toBe(false);
  });

  it('takes * for any text, and nothing for two things at once', () => {
    expect(isLike('claim-food', 'claim-*')).toBe(true);
    expect(isLike('claim-', 'claim-*')).toBe(true);
    expect(isLike('claim', 'claim-*')).toBe(false);
    expect(isLike('a', 'a*a')).toBe(false);
    expect(isLike('aba', 'a*b*a')).toBe(true);
    expect(isLike('a.c', 'a?c', 'a+c')).toBe(false);
  });

  it('agrees with a regular expression', () => {
    const text = fc.string({ unit: fc.constantFrom('a', 'b', '.', '-'), maxLength: 10 });
    const pattern = fc.string({ unit: fc.constantFrom('a', 'b', '.', '*'), maxLength: 6 });
    fc.assert(
      fc.property(text, pattern, (written, like) => {
        const expression = like.replaceAll('.', '\\.').replaceAll('*', '.*');
        expect(isLike(written, like)).toBe(new RegExp(`^${expression}$`).test(written));
      }),
    );
  });

  it('is quick also with many stars', () => {
    expect(isLike('a'.repeat(200), `${'*a'.repeat(90)}b`)).toBe(false);
  });
});

describe('fingerprintOf()', () => {
  it('does not depend on the order of labels, but on every name and value', () => {
    const labels = fc.dictionary(fc.string(), fc.string());
    fc.assert(
      fc.property(labels, fc.string(), (some, rule) => {
        const turned = Object.fromEntries(Object.entries(some).toReversed());
        expect(fingerprintOf(rule, turned)).toBe(fingerprintOf(rule, some));
        expect(fingerprintOf(rule, { ...some, more: 'x' })).not.toBe(
          fingerprintOf(rule, { ...some, more: 'y' }),
        );
        expect(fingerprintOf(`${rule}x`, some)).not.toBe(fingerprintOf(rule, some));
      }),
    );
  });
});
