import fc from 'fast-check';
import { type HeapPoint, judgeLeak } from 'loadline/advice';
import { createRandom } from 'loadline/base';
import { describe, expect, it } from 'vitest';

const mib = 2 ** 20;
const quarterMs = 900_000;

/** A point each quarter of an hour. */
function heap(count: number, bytesAt: (index: number) => number): readonly HeapPoint[] {
  return Array.from({ length: count }, (_, index) => ({ atMs: index * quarterMs, bytes: bytesAt(index) }));
}

describe('judgeLeak()', () => {
  it('finds a heap that grows without end, and how fast, whatever a few points say', () => {
    const random = createRandom(1);
    const verdict = judgeLeak(
      heap(24, (index) => (100 + 3 * index + (index === 7 ? 80 : 0) + 4 * random()) * mib),
    );
    expect(verdict).toMatchObject({ isLeak: true, samples: 24 });
    expect((verdict?.growthBytesPerSecond ?? 0) * 900).toBeCloseTo(3 * mib, -5.5);
  });

  it.each<[string, (index: number) => number]>([
    ['stays', () => 100 * mib],
    ['shrinks', (index) => (200 - index) * mib],
    ['grows by next to nothing', (index) => 20 * mib + index * 1000],
    ['fills a cache and is full', (index) => 200 * mib * (1 - Math.exp(-index / 4))],
    ['goes up and down with the day', (index) => (150 + 50 * Math.sin(index / 3)) * mib],
    ['has grown at its start alone', (index) => (index < 4 ? 100 + 20 * index : 180) * mib],
  ])('finds none in a heap that %s', (_, bytesAt) => {
    expect(judgeLeak(heap(24, bytesAt))).toMatchObject({ isLeak: false });
  });

  it('looks at the process that there is: what came before a start anew is of another', () => {
    const first = (index: number): number => (300 + 20 * index) * mib;
    const after = (index: number): number => (index < 12 ? first(index) : 60 * mib);
    expect(judgeLeak(heap(24, after))).toEqual({ isLeak: false, growthBytesPerSecond: 0, samples: 12 });
    const leaking = (index: number): number => (index < 12 ? first(index) : (60 + 5 * index) * mib);
    expect(judgeLeak(heap(24, leaking))).toMatchObject({ isLeak: true, samples: 12 });
  });

  it('says nothing of a process that is too young', () => {
    expect(judgeLeak(heap(7, (index) => (100 + 50 * index) * mib))).toBeUndefined();
    expect(judgeLeak([])).toBeUndefined();
  });

  it('seldom takes chance for a leak', () => {
    const random = createRandom(7);
    const found = Array.from({ length: 1000 }, () =>
      judgeLeak(heap(24, () => (100 + 60 * random()) * mib)),
    ).filter((verdict) => verdict?.isLeak);
    expect(found.length).toBeLessThanOrEqual(8);
  });

  it('says the same whatever the zero of time and the size of a byte is', () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: 50e6, max: 60e6, noNaN: true }), { minLength: 8, maxLength: 60 }),
        (values) => {
          const points = heap(values.length, (index) => values[index] as number);
          const moved = points.map(({ atMs, bytes }) => ({ atMs: atMs + 1e12, bytes }));
          const [one, other] = [judgeLeak(points), judgeLeak(moved)];
          expect(other?.isLeak).toBe(one?.isLeak);
          expect(other?.growthBytesPerSecond).toBeCloseTo(one?.growthBytesPerSecond ?? 0, 3);
          expect(Number.isFinite(one?.growthBytesPerSecond)).toBe(true);
        },
      ),
    );
  });
});
