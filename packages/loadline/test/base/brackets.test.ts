import { bracketed, unbracketed } from 'loadline/base';
import { describe, expect, it } from 'vitest';

describe('bracketed() and unbracketed()', () => {
  it('give a host the form that an address has, and take it back', () => {
    for (const host of ['::1', 'fe80::1%eth0', '127.0.0.1', 'shop.example', 'localhost'])
      expect(unbracketed(bracketed(host))).toBe(host);
    expect(bracketed('::1')).toBe('[::1]');
    expect(bracketed('shop.example')).toBe('shop.example');
    expect(unbracketed(new URL('http://[::1]:8080').hostname)).toBe('::1');
  });
});
