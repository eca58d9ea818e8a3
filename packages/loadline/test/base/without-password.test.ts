import { withoutPassword } from 'loadline/base';
import { expect, it } from 'vitest';

it.each([
  ['ftp://ann:secret@a/b', 'ftp://…@a/b'],
  ['http://ann:se/cr@et@a', 'http://…@a'],
  ['ann:secret@a', '…@a'],
  ['http://a/b?c', 'http://a/b?c'],
])('shows %s as %s', (address, shown) => {
  expect(withoutPassword(address)).toBe(shown);
});
