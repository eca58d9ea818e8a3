import { createHash } from 'node:crypto';
import { Script } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { pageScript } from '../../../../src/base/page/script.ts';
import { pageStyle } from '../../../../src/base/page/style.ts';
import { renderHtml } from '../../../../src/load/output/html/page.ts';
import { runStyle } from '../../../../src/load/output/html/style.ts';
import {
  crowdedRun,
  distributedRun,
  emptyRun,
  failedRun,
  hostileRun,
  interruptedRun,
  invalidRun,
  longRun,
  passedRun,
} from '../fixtures.ts';

describe('renderHtml()', () => {
  it('says at the top how the run ended, and why', () => {
    const page = renderHtml(failedRun());
    expect(page).toContain('<title>evening peak: failed – Loadline</title>');
    expect(page).toContain('<li>latency: p95 &#60; 40ms, got 62.1 ms</li>');
  });

  it('says of an invalid run that its numbers say nothing, and marks on every chart over time when', () => {
    const page = renderHtml(invalidRun());
    expect(page).toContain('These numbers say nothing about the target');
    const chartsOverTime = 3 + 3;
    expect(page.match(/The generator was overloaded from 0:18 to 0:23\./g)).toHaveLength(chartsOverTime);
  });

  it('says who made the load, and who was lost', () => {
    const page = renderHtml(distributedRun());
    expect(page).toContain('These numbers say nothing about the target.');
    expect(page).toContain('0:31</b> no word for 2 s; its share was left out');
    expect(page).toContain('0:40</b> it has ended; gamma took over its share');
    expect(renderHtml(passedRun())).not.toContain('<h2>Workers</h2>');
  });

  it('judges no threshold of a run that was interrupted or invalid', () => {
    for (const run of [interruptedRun(), invalidRun()]) {
      const page = renderHtml(run);
      expect(page).toContain('<small>not judged</small>');
      expect(page).not.toContain('title="met"');
    }
  });

  it('says of checks only that none was made, which scenarios may have that nothing answered', () => {
    expect(renderHtml(emptyRun())).toContain('No check was made.');
  });

  it('counts one request as one', () => {
    const { offered, ...run } = passedRun();
    expect(renderHtml({ ...run, offered: { ...offered, requests: 1 } })).toContain(
      '<small>1 request</small>',
    );
  });

  it('draws nothing where nothing was measured', () => {
    const page = renderHtml(emptyRun());
    expect(page.match(/Nothing was measured\./g)).toHaveLength(4);
    expect(page.replace(pageScript, '')).not.toMatch(/NaN|Infinity|undefined/);
  });

  it.each([
    ['passed', passedRun],
    ['failed', failedRun],
    ['crowded', crowdedRun],
    ['hostile', hostileRun],
  ])('has only numbers in the drawings of a run that is %s', (_, run) => {
    expect(renderHtml(run()).replace(pageScript, '')).not.toMatch(/NaN|Infinity|undefined/);
  });

  it('takes less than 150 KB for ten minutes of ten endpoints', () => {
    expect(Buffer.byteLength(renderHtml(longRun()))).toBeLessThan(150_000);
  });

  it('lets nothing that a server has sent become a tag, an attribute or a script', () => {
    const page = renderHtml(hostileRun());
    expect(page).not.toMatch(/<img/);
    expect(page.match(/<script/g)).toHaveLength(2);
    expect(page.match(/<\/script/g)).toHaveLength(2);
    expect(page).not.toMatch(/[^\P{Cc}\n]/u);
  });

  it('lets only its own script and style take effect, and asks nobody for anything', () => {
    const page = renderHtml(passedRun());
    const policy = /http-equiv="Content-Security-Policy" content="([^"]+)"/.exec(page)?.[1] ?? '';
    expect(policy).toContain('default-src &#39;none&#39;');
    for (const text of [pageScript, pageStyle + runStyle]) {
      expect(policy).toContain(`sha256-${createHash('sha256').update(text).digest('base64')}`);
    }
    expect(page.replaceAll('http://127.0.0.1:8080', '')).not.toMatch(
      /https?:|<link|@import|\ssrc=|\sstyle=|\son\w+=/,
    );
  });

  it('has a script that parses', () => {
    expect(() => new Script(pageScript)).not.toThrow();
  });
});
