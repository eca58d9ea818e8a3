import { createRandom } from 'loadline/base';
import { describe, expect, it } from 'vitest';
import { textLike } from '../../../src/load/import/openapi/text-like.ts';

const any = { lengthMin: 0, lengthMax: 1000 };

describe('textLike()', () => {
  it.each([
    '^abc$',
    '[a-z]',
    '^[A-Z]{3}\\d{2,4}$',
    '^(?:foo|bar)+$',
    '^\\w+@\\w+\\.(com|org)$',
    '^[^aeiou]{5}$',
    '^a?b*c+$',
    '^(\\d{3}-){2}\\d{4}$',
    '^\\+[1-9]\\d{1,14}$',
    '^#[0-9a-f]{6}$',
    '^(?<year>\\d{4})-(0[1-9]|1[0-2])$',
    '^[\\w.-]+$',
    '.{3}',
    '^\\s\\S$',
    '',
    '[-a]',
    '[a-]',
    '^/[a-z/]*$',
    'a{2,}?',
  ])('makes a text that %s matches', (pattern) => {
    for (const seed of [1, 2, 3])
      expect(textLike(pattern, createRandom(seed), any)).toMatch(new RegExp(pattern));
  });

  it('makes it as long as it must be', () => {
    expect(textLike('^[a-z]+$', createRandom(1), { lengthMin: 12, lengthMax: 12 })).toMatch(/^[a-z]{12}$/);
  });

  it.each([
    '(?=a)b',
    '(?!a)',
    '\\bx\\b',
    '(a)\\1',
    '\\p{L}',
    '[',
    '(',
    'a{1000000}',
    '(?<=x)',
    '[z-a]',
    '^a$b',
  ])('makes none for %s', (pattern) => {
    expect(textLike(pattern, createRandom(1), any)).toBeUndefined();
  });

  it('makes none where the limits leave none', () => {
    expect(textLike('^[a-z]{3}$', createRandom(1), { lengthMin: 5, lengthMax: 9 })).toBeUndefined();
  });
});
