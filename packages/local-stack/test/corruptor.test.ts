import fc from 'fast-check';
import { createRandom } from 'loadline/base';
import { describe, expect, it } from 'vitest';
import { createCorruptor } from '../src/corruptor.ts';

const corruptorOf = (seed: number) => createCorruptor(createRandom(seed));

describe('createCorruptor()', () => {
  it('changes about the given share of the bytes, and says how many', () => {
    const bytes = new Uint8Array(100_000);
    const changed = corruptorOf(7)(bytes, 0.1);
    expect(bytes.filter((byte) => byte !== 0).length).toBe(changed);
    expect(changed / bytes.length).toBeCloseTo(0.1, 2);
  });

  it('changes every byte at 1 and none at 0', () => {
    const corrupt = corruptorOf(7);
    expect(corrupt(new Uint8Array(1000), 1)).toBe(1000);
    expect(corrupt(new Uint8Array(1000), 0)).toBe(0);
  });

  it('comes to an end for the smallest of ratios', () => {
    for (const ratio of [1e-17, Number.MIN_VALUE])
      expect(corruptorOf(7)(new Uint8Array(1000), ratio)).toBe(0);
  });

  it('changes the same bytes however the stream is cut', () => {
    fc.assert(
      fc.property(fc.nat(), fc.array(fc.integer({ min: 0, max: 50 }), { maxLength: 20 }), (seed, cuts) => {
        const total = cuts.reduce((sum, length) => sum + length, 0);
        const whole = new Uint8Array(total);
        corruptorOf(seed)(whole, 0.2);
        const pieces = new Uint8Array(total);
        const corrupt = corruptorOf(seed);
        let at = 0;
        for (const length of cuts) {
          corrupt(pieces.subarray(at, at + length), 0.2);
          at += length;
        }
        expect(pieces).toEqual(whole);
      }),
    );
  });
});
