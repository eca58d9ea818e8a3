import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeCursor, encodeCursor } from '../../src/food/cursor.ts';

const positions = fc.record({
  trustLevel: fc.integer({ min: 1, max: 5 }),
  pickupMs: fc.integer({ min: -8.64e15, max: 8.64e15 }),
  id: fc.uuid(),
});

describe('a cursor', () => {
  it('names its position exactly, in characters that an address takes as they are', () => {
    fc.assert(
      fc.property(positions, (position) => {
        const cursor = encodeCursor(position);
        expect(cursor).toMatch(/^[\w-]+$/);
        expect(decodeCursor(cursor)).toEqual(position);
      }),
    );
  });

  it('is not read from anything else', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        const read = decodeCursor(text);
        expect(read === undefined || encodeCursor(read) === text.replace(/=+$/, '')).toBe(true);
      }),
    );
  });

  const id = '01a1fc56-f25c-79a6-a43c-9b599ee0f529';
  it.each([
    `0.0.${id}`,
    `6.0.${id}`,
    `1.5.${id}`.replace('1.5', '1e1'),
    `1.NaN.${id}`,
    `1.9e15.${id}`,
    '1.0.x',
    `1.0.${id}.0`,
    '',
  ])('is not read from %j in its clothes', (text) => {
    expect(decodeCursor(Buffer.from(text).toString('base64url'))).toBeUndefined();
  });
});
