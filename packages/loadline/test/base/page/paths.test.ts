import { describe, expect, it } from 'vitest';
import { bandPath, linePath, stairsPath } from '../../../src/base/page/paths.ts';

describe('linePath()', () => {
  it('is relative from its second point on', () => {
    expect(
      linePath([
        [0, 0],
        [0.5, 1],
        [1, 0.5],
      ]),
    ).toBe('M0 1000l5000-1000 5000 500');
  });

  it('breaks at a gap, and draws a lone point as a dot', () => {
    expect(linePath([[0, 0], undefined, [0.5, 0.5], [1, 1]])).toBe('M0 1000h0M5000 500l5000-500');
  });

  it('does not drift, however many steps it has', () => {
    const points = Array.from({ length: 999 }, (_, at): [number, number] => [at / 998, (at % 7) / 7]);
    const [start, ...steps] = linePath(points).match(/-?\d+/g)?.map(Number) ?? [];
    const reached = steps.filter((_, at) => at % 2 === 1).reduce((x, dx) => x + dx, start ?? 0);
    expect(reached).toBe(10_000);
  });
});

describe('bandPath()', () => {
  it('goes there along the upper line and back along the lower', () => {
    expect(
      bandPath(
        [
          [0, 0],
          [1, 0],
        ],
        [
          [0, 1],
          [1, 1],
        ],
      ),
    ).toBe('M0 0l10000 0 0 1000-10000 0z');
  });
});

describe('stairsPath()', () => {
  it('stands on the axis', () => {
    expect(
      stairsPath([
        { from: 0, to: 0.5, height: 0.5 },
        { from: 0.5, to: 1, height: 1 },
      ]),
    ).toBe('M0 1000v-500h5000v-500h5000V1000z');
  });

  it('makes one stair of neighbours that are as high', () => {
    const level = [0, 0.25, 0.5, 0.75].map((from) => ({ from, to: from + 0.25, height: 0 }));
    expect(stairsPath(level)).toBe('M0 1000h10000V1000z');
  });
});
