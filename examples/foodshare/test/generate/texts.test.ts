import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { numberedId } from '../../src/generate/numbered-id.ts';
import { createTimeText } from '../../src/generate/time-text.ts';
import { isUuid } from '../../src/ground/formats.ts';

describe('createTimeText()', () => {
  it('writes what toISOString writes', () => {
    const base = Date.UTC(2026, 10, 21);
    const time = createTimeText(base);
    fc.assert(
      fc.property(fc.integer({ min: -400 * 86_400_000, max: 40 * 86_400_000 }), (offsetMs) => {
        expect(time(offsetMs)).toBe(new Date(base + offsetMs).toISOString());
      }),
    );
  });
});

describe('numberedId()', () => {
  const numbers = fc.integer({ min: 0, max: 2 ** 48 - 1 });

  it('is a UUID of version 8 that begins with the number', () => {
    fc.assert(
      fc.property(numbers, (number) => {
        const id = numberedId('post', number);
        expect(isUuid(id)).toBe(true);
        expect(id[14]).toBe('8');
        expect(Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16)).toBe(number);
      }),
    );
  });

  it('ascends with the number, and differs between kinds', () => {
    fc.assert(
      fc.property(numbers, numbers, (a, b) => {
        expect(numberedId('user', a) < numberedId('user', b)).toBe(a < b);
        expect(numberedId('user', a)).not.toBe(numberedId('group', a));
      }),
    );
  });
});
