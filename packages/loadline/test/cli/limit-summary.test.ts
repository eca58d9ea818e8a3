import { stripVTControlCharacters, styleText } from 'node:util';
import { describe, expect, it } from 'vitest';
import { curveOf, curveRows } from '../../src/cli/screen/limit-curve.ts';
import { probeLine, summarizeLimit } from '../../src/cli/screen/limit-summary.ts';
import type { Style } from '../../src/cli/screen/terminal.ts';
import { limitReport, missed, probe } from './limit-reports.ts';

const plain: Style = (_, text) => text;
const colored: Style = (format, text) => styleText(format, text, { validateStream: false });

function shown(given: Parameters<typeof limitReport>[0] = {}, width = 100, style = plain): string {
  const report = limitReport(given);
  return summarizeLimit(report, curveOf(report), { width, style });
}

describe('the summary of a search', () => {
  it('begins with what was found', () => {
    const lines = shown({}, 160).split('\n');
    expect(lines[1]).toBe('  visit → http://127.0.0.1:8080, 10 runs in 2 m 34 s');
    expect(lines[2]).toMatch(/^ {2}✓ The limit is 420\/s \(410\/s to 431\/s, 90 % sure\)\. The objectives/);
  });

  it('names the objectives, also those that were left out', () => {
    expect(shown()).toContain(
      '  latency: p99 < 200ms\n  left out, as the rate is what is searched: rate: > 100/s',
    );
    expect(
      shown({ objectives: { source: 'default', texts: ['errors: ratio < 1%'], leftOut: [] } }),
    ).toContain('objectives (the file has none)\n  errors: ratio < 1%');
  });

  it('has every run, by rate', () => {
    const rates = [...shown().matchAll(/^ +(\d+\/s) {2}[●×–!]/gm)].map((match) => match[1]);
    expect(rates).toEqual('50 50 100 200 400 408 416 433 566 800'.split(' ').map((rate) => `${rate}/s`));
  });

  it('says why the lowest rates missed, and why runs were invalid', () => {
    const invalid = probe(300, { outcome: 'invalid', reasons: ['The generator was the bottleneck.'] });
    const text = shown({ probes: [...limitReport().probes, invalid, invalid] });
    expect(text).toContain('  433/s: latency: p99 < 200ms, got 1.2 s\n  566/s: latency');
    expect(text).toContain('  invalid 2 ×: The generator was the bottleneck.');
  });

  it('draws the runs and the curve that was fitted to them', () => {
    const text = shown();
    expect(text).toContain('requests answered, by how many were under way at once, and the fitted curve');
    const chart = text.split('\n').filter((line) => line.includes('│'));
    expect(chart).toHaveLength(12);
    expect(chart.join('\n')).toMatch(/[\u2801-\u28ff]{8}/);
    expect(chart.join('')).toMatch(/●.*×|×.*●/);
    expect(text).toMatch(/one alone +\d+(\.\d)?\/s\n {2}contention σ {2}/);
  });

  it('says why there is no curve, and draws the runs alone', () => {
    const text = shown({ probes: limitReport().probes.slice(0, 4) });
    expect(text).toContain('No curve: its three parameters take at least 5 points, and there are 3.');
    expect(text).toContain('requests answered, by how many were under way at once\n');
    expect(text).not.toContain('by the curve');
  });

  it('of a target that was full from the first rate on tells no time and no highest rate that was not seen', () => {
    const rates = [100, 97, 95, 94, 93];
    const probes = rates.map((answeredPerSecond, at) => {
      const like = probe(100 * 2 ** at, { answeredPerSecond });
      const mean = (1000 * 20 * 2 ** at) / answeredPerSecond;
      return { ...like, latencyMs: { ...(like.latencyMs as NonNullable<typeof like.latencyMs>), mean } };
    });
    const text = shown({ probes }, 200);
    expect(text).toContain('contention σ  1 (');
    expect(text).toMatch(/highest +at least 100\/s\n/);
    expect(text).toContain('more never got more done: contention is 1');
    expect(text).not.toMatch(/-\d|Infinity|NaN/);
  });

  it('of a search without any run has neither table nor chart', () => {
    const text = shown({ probes: [], status: 'interrupted', statement: 'The search was interrupted.' });
    expect(text).toContain('■ The search was interrupted.');
    expect(text).not.toContain('outcome');
    expect(text).not.toContain('│');
  });

  it.each([120, 80, 50, 20])('fits into %d columns, with colors and without', (width) => {
    for (const style of [plain, colored]) {
      for (const line of shown({}, width, style).split('\n')) {
        expect(stripVTControlCharacters(line).length).toBeLessThanOrEqual(width);
      }
    }
    expect(stripVTControlCharacters(shown({}, width, colored))).toBe(shown({}, width));
  });

  it('lets nothing through that would steer a terminal', () => {
    const nasty = '\u001b[2J';
    const text = shown({
      name: nasty,
      statement: nasty,
      probes: [
        ...limitReport().probes,
        probe(900, { ...missed, reasons: [nasty] }),
        probe(300, { outcome: 'invalid', reasons: [nasty] }),
      ],
    });
    expect(text).not.toContain('\u001b');
  });
});

describe('curveRows()', () => {
  it('are runs that say something of the target, with what was under way by Little’s law', () => {
    const probes = [
      probe(100),
      probe(200, { outcome: 'invalid' }),
      probe(300, { errorRatio: 0.02 }),
      probe(50, { purpose: 'warm-up', outcome: 'unjudged' }),
      probe(400, { latencyMs: undefined }),
      probe(800, missed),
    ];
    const rows = curveRows(limitReport({ probes }));
    expect(rows.map((row) => row.ratePerSecond)).toEqual([100, 500]);
    expect(rows[0]?.concurrency).toBeCloseTo((100 * (probes[0]?.latencyMs?.mean ?? 0)) / 1000, 9);
  });
});

describe('probeLine()', () => {
  it('tells a run with its p99, or why it missed', () => {
    expect(probeLine(probe(400), 4, plain)).toBe('  4  climb        400/s  ● met  p99 173 ms');
    expect(probeLine(probe(433, { ...missed, purpose: 'refute' }), 12, plain)).toBe(
      ' 12  refute       433/s  × missed  latency: p99 < 200ms, got 1.2 s',
    );
  });
});
