import { ended, withoutEnd } from 'loadline/base';
import { describe, expect, it } from 'vitest';

describe('ended()', () => {
  it.each([
    ['the file is empty', 'the file is empty.'],
    ['the file is empty. \n', 'the file is empty.'],
    ['cpuRatoi is not known; did you mean cpuRatio?', 'cpuRatoi is not known; did you mean cpuRatio?'],
    ['is it there?.', 'is it there?'],
    ['Nested mappings are not allowed:', 'Nested mappings are not allowed.'],
  ])('makes of %j one with one end', (said, whole) => {
    expect(ended(said)).toBe(whole);
  });
});

describe('withoutEnd()', () => {
  it('leaves a question one', () => {
    expect(['so it is.', 'so it is', 'is it?'].map(withoutEnd)).toEqual(['so it is', 'so it is', 'is it?']);
  });
});
