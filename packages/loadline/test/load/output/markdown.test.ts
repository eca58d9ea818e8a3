import { describe, expect, it } from 'vitest';
import { renderMarkdown } from '../../../src/load/output/markdown.ts';
import {
  crowdedRun,
  distributedRun,
  emptyRun,
  failedRun,
  hostile,
  hostileRun,
  invalidRun,
  passedRun,
} from './fixtures.ts';

describe('renderMarkdown()', () => {
  it('begins with the verdict and its reasons', () => {
    const text = renderMarkdown(failedRun());
    expect(text).toContain('### ❌ `evening peak` failed\n\n- latency\\: p95 \\< 40ms, got 62\\.1 ms\n');
  });

  it('says of an invalid run that its numbers say nothing, and judges no threshold', () => {
    const text = renderMarkdown(invalidRun());
    expect(text).toContain('### 🚫 `evening peak` invalid: these numbers say nothing about the target');
    expect(text).toContain('threshold, not judged');
    expect(text).not.toContain('✅');
  });

  it('names those who made the load, who of them was lost, and how much was not heard of', () => {
    const run = distributedRun();
    const text = renderMarkdown({ ...run, offered: { ...run.offered, unreported: 1234 } });
    expect(text).toContain('Made by `alpha` (lost after 31 s), `beta` (lost after 40 s), `gamma`.');
    expect(text).toContain('1,234 lost with their worker.');
    expect(renderMarkdown(passedRun())).not.toContain('Made by');
  });

  it('shows the thresholds that failed first', () => {
    const marks = [...renderMarkdown(failedRun()).matchAll(/^\| (❌|❔|✅) \|/gm)].map((match) => match[1]);
    expect(marks).toEqual(['❌', '❌', '❔', '✅']);
  });

  it('shows the lines of a comparison', () => {
    const text = renderMarkdown(passedRun(), { comparison: ['### Worse', '', '- `claim`'] });
    expect(text).toContain('\n\n### Worse\n\n- `claim`\n\n');
  });

  it('tells no latency where nothing answered', () => {
    expect(renderMarkdown(emptyRun())).toContain('| – | **–** | – |');
  });

  it('cuts long tables and says so', () => {
    const text = renderMarkdown(crowdedRun());
    expect(text).toContain('… and 20 more.');
    expect(text.length).toBeLessThan(10_000);
  });

  it('lets nobody be mentioned, linked or run by what a server has sent', () => {
    const text = renderMarkdown(hostileRun());
    const outside = withoutCode(text);
    expect(outside).not.toMatch(/<(?:img|script|\/script)|@everyone|onerror|HYPERLINK|http:/);
    // Every row of a table has the cells of its header: no bar of a name has added one.
    for (const table of text.split(/\n\n/).filter((block) => block.startsWith('|'))) {
      const bars = table.split('\n').map((line) => line.split('|').length);
      expect(new Set(bars).size).toBe(1);
    }
  });

  it('stays within what GitHub takes, at worst', () => {
    const run = hostileRun();
    const many = Array.from({ length: 500 }, (_, at) => ({
      ...run.total,
      name: `${hostile.repeat(40)}${at}`,
    }));
    const thresholds = many.map((row) => ({
      text: row.name,
      verdict: 'failed' as const,
      measured: 1,
      shown: row.name,
    }));
    const reasons = many.map((row) => row.name);
    const text = renderMarkdown({
      ...run,
      name: hostile.repeat(1000),
      endpoints: many,
      thresholds,
      verdict: { status: 'failed', reasons },
    });
    expect(text.length).toBeLessThan(30_000);
  });
});

/** What stands outside of code spans, by CommonMark's rule: a span ends at a run of just as many backticks. */
function withoutCode(text: string): string {
  return text.replace(/(?<!`)(`+)(?!`)([\s\S]*?[^`])\1(?!`)/g, '');
}
