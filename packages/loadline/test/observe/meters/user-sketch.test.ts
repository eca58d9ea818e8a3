import fc from 'fast-check';
import { isLoadlineError } from 'loadline/base';
import { UserSketch } from 'loadline/observe';
import { describe, expect, it } from 'vitest';

/** Evenly spread bits for a number, the same each time: the finalizer of MurmurHash3, twice. */
function hashOf(id: number): bigint {
  const mix = (value: number): number => {
    let bits = Math.imul(value ^ (value >>> 16), 0x85ebca6b);
    bits = Math.imul(bits ^ (bits >>> 13), 0xc2b2ae35);
    return (bits ^ (bits >>> 16)) >>> 0;
  };
  return (BigInt(mix(id + 1)) << 32n) | BigInt(mix(id ^ 0x5bd1e995));
}

function sketchOf(from: number, count: number): UserSketch {
  const sketch = new UserSketch();
  for (let id = from; id < from + count; id++) sketch.add(hashOf(id));
  return sketch;
}

describe('UserSketch', () => {
  it('is exact to 1,024 users, however often each comes', () => {
    const sketch = sketchOf(0, 1024);
    for (let id = 0; id < 1024; id++) sketch.add(hashOf(id));
    expect([sketch.count, sketch.isExact]).toEqual([1024, true]);
    sketch.add(hashOf(5000));
    expect(sketch.isExact).toBe(false);
  });

  // 1.6 % is the standard deviation of the estimate: over 20 sketches, its measured size is within a factor of 1.6.
  it.each([2000, 20_000])('has a standard error of 0.016 with %d users, and not to one side', (count) => {
    const errors = Array.from({ length: 20 }, (_, at) => sketchOf(at * 1e6, count).count / count - 1);
    const mean = errors.reduce((sum, error) => sum + error, 0) / errors.length;
    const deviation = Math.sqrt(errors.reduce((sum, error) => sum + error ** 2, 0) / errors.length);
    expect(Math.abs(mean)).toBeLessThan((3 * 0.016) / Math.sqrt(20));
    expect(deviation).toBeLessThan(0.026);
    expect(deviation).toBeGreaterThan(0.006);
  });

  it('united with another is what one would be that had seen everything', () => {
    const size = fc.integer({ min: 0, max: 1500 });
    fc.assert(
      fc.property(size, size, fc.integer({ min: 0, max: 1500 }), (one, other, from) => {
        const united = sketchOf(0, one);
        united.unite(sketchOf(from, other));
        const whole = sketchOf(0, one);
        for (let id = from; id < from + other; id++) whole.add(hashOf(id));
        expect([...united.encode()]).toEqual([...whole.encode()]);
      }),
      { numRuns: 25 },
    );
  });

  it.each([0, 1, 1024, 1025])('round-trips with %d users', (count) => {
    const sketch = sketchOf(0, count);
    const copy = UserSketch.decode(sketch.encode());
    expect([copy.count, copy.isExact]).toEqual([sketch.count, sketch.isExact]);
    expect([...copy.encode()]).toEqual([...sketch.encode()]);
  });

  it('either refuses bytes or reads what they hold', () => {
    const forms = fc.constantFrom([], [1], [2], [3]);
    fc.assert(
      fc.property(forms, fc.uint8Array({ maxLength: 40 }), (form, tail) => {
        try {
          expect(UserSketch.decode(Uint8Array.from([...form, ...tail])).count).toBeLessThanOrEqual(5);
        } catch (error) {
          if (!isLoadlineError(error, 'METRICS_SNAPSHOT_INVALID')) throw error;
        }
      }),
      { numRuns: 500 },
    );
    const full = new Uint8Array(4097).fill(200);
    full[0] = 2;
    expect(() => UserSketch.decode(full)).toThrow('Cannot read a sketch');
  });
});
