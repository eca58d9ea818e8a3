import { describe, expect, it } from 'vitest';
import { type Chart, drawChart } from '../../src/cli/screen/chart.ts';

const screen = { width: 40, style: (_: unknown, text: string) => text };

const chart = (given: Partial<Chart> = {}): Chart => ({
  points: [
    { x: 1, y: 10, mark: 'a', format: 'green' },
    { x: 10, y: 100, mark: 'b', format: 'green' },
    { x: 100, y: 30, mark: 'c', format: 'red' },
  ],
  line: undefined,
  showX: String,
  showY: String,
  ...given,
});

describe('drawChart()', () => {
  it('puts points where they belong, over a logarithmic x', () => {
    const lines = drawChart(chart(), screen);
    const at = (mark: string) => {
      const row = lines.findIndex((line) => line.includes(mark));
      return { row, column: (lines[row] as string).indexOf(mark) - (lines[0] as string).indexOf('│') - 1 };
    };
    const [a, b, c] = [at('a'), at('b'), at('c')];
    expect([a.row > c.row, c.row > b.row]).toEqual([true, true]);
    expect(Math.abs(b.column - a.column - (c.column - b.column))).toBeLessThanOrEqual(1);
  });

  it('labels its top, its middle, its ground and round numbers of x', () => {
    const lines = drawChart(chart(), screen);
    expect(lines[0]).toMatch(/^120 │/);
    expect(lines[5]).toMatch(/^ 60 │/);
    expect(lines[11]).toMatch(/^ {2}0 │/);
    expect(lines[13]).toBe('     1    2      5    10   20    50  100');
  });

  it('draws a line in dots, leaving out where it has no value', () => {
    const half = drawChart(chart({ line: (x) => (x < 10 ? 60 : undefined) }), screen);
    const dotted = half.filter((line) => /[\u2801-\u28ff]/.test(line));
    expect(dotted).toHaveLength(1);
    expect(dotted[0]?.indexOf('│')).toBeLessThan((dotted[0] as string).search(/[\u2801-\u28ff]/));
    expect((dotted[0] as string).trimEnd().length).toBeLessThan(26);
  });

  it('makes room for the line, but does not press the points to the ground', () => {
    expect(drawChart(chart({ line: () => 140 }), screen)[0]).toMatch(/^150 │/);
    expect(drawChart(chart({ line: () => 1e6 }), screen)[0]).toMatch(/^200 │/);
  });

  it('draws nothing of no points, and something of one', () => {
    expect(drawChart(chart({ points: [] }), screen)).toEqual([]);
    expect(
      drawChart(chart({ points: [{ x: 3, y: 0, mark: 'z', format: 'dim' }] }), screen).join(''),
    ).toContain('z');
  });

  it.each([20, 30, 80, 300])('stays within %d columns', (width) => {
    for (const line of drawChart(chart({ line: (x) => x }), { ...screen, width })) {
      expect(line.length).toBeLessThanOrEqual(width);
    }
  });
});
