import { hashText } from 'loadline/base';
import { describe, expect, it } from 'vitest';

describe('hashText()', () => {
  it('says the same of a text everywhere, because others have dealt out by it already', () => {
    expect(['', 'shop-1', 'shop-2', 'ö'].map(hashText)).toEqual([
      2_872_998_923, 30_958_719, 1_414_995_634, 3_102_846_017,
    ]);
  });

  it('spreads texts that differ in the last letter only', () => {
    const counts = new Uint32Array(16);
    for (let at = 0; at < 16_000; at++) {
      const place = hashText(`instance-${at}`) >>> 28;
      counts[place] = (counts[place] ?? 0) + 1;
    }
    for (const count of counts) expect(Math.abs(count - 1000)).toBeLessThan(150);
  });
});
