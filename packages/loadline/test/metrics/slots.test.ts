import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Arena, Counter } from '../../src/metrics/slots.ts';

describe('Counter', () => {
  it('adds ones and other amounts to one value', () => {
    const counter = new Counter(new Arena());
    counter.add();
    counter.add(2.5);
    counter.add(1);
    expect(counter.value).toBe(4.5);
  });

  it('goes on past 2^31 increments of one', () => {
    const arena = new Arena();
    const counter = new Counter(arena);
    const next = arena.take();
    next.ones[next.at - 1] = 2 ** 31 - 1;
    expect(counter.value).toBe(2 ** 31 - 1);
    counter.add();
    counter.add();
    expect(counter.value).toBe(2 ** 31 + 1);
  });

  it('is the sum of whatever whole numbers were added, in any order', () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(fc.constant(1), fc.nat())), (amounts) => {
        const counter = new Counter(new Arena());
        for (const amount of amounts) counter.add(amount);
        expect(counter.value).toBe(amounts.reduce((sum, amount) => sum + amount, 0));
      }),
    );
  });

  it.each([-1, Number.NaN, Number.POSITIVE_INFINITY])('refuses %d, and stays as it was', (amount) => {
    const counter = new Counter(new Arena());
    counter.add();
    expect(() => counter.add(amount)).toThrow(RangeError);
    expect(counter.value).toBe(1);
  });

  it('keeps apart from its neighbours while the arena grows', () => {
    const arena = new Arena();
    const counters = Array.from({ length: 3000 }, () => new Counter(arena));
    for (const [index, counter] of counters.entries()) {
      counter.add();
      counter.add(index);
    }
    expect(counters.map((counter) => counter.value)).toEqual(counters.map((_, index) => index + 1));
  });
});
