import fc from 'fast-check';
import { BoundedQueue } from 'loadline/base';
import { describe, expect, it } from 'vitest';

describe('BoundedQueue', () => {
  it('behaves as an array that refuses to grow past its capacity', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 6 }),
        fc.array(fc.oneof(fc.nat(), fc.constant('shift' as const)), { maxLength: 60 }),
        (capacity, steps) => {
          const queue = new BoundedQueue<number>(capacity);
          const model: number[] = [];
          for (const step of steps) {
            if (step === 'shift') expect(queue.shift()).toBe(model.shift());
            else {
              const fits = model.length < capacity;
              if (fits) model.push(step);
              expect(queue.push(step)).toBe(fits);
            }
            expect([queue.size, queue.peek(), queue.isFull]).toEqual([
              model.length,
              model[0],
              model.length === capacity,
            ]);
          }
        },
      ),
    );
  });

  it.each([0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY])('refuses a capacity of %d', (capacity) => {
    expect(() => new BoundedQueue(capacity)).toThrow(RangeError);
  });
});
