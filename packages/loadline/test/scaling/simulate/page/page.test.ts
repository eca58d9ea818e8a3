import { renderSimulationHtml, type SimulationReport } from 'loadline/scaling/simulate';
import { describe, expect, it } from 'vitest';
import { pageScript } from '../../../../src/base/page/script.ts';
import { reportOf } from './reports.ts';

const drawn = (report: SimulationReport): string => renderSimulationHtml(report).replace(pageScript, '');

describe('renderSimulationHtml()', () => {
  it('says which policy is the better one in both', () => {
    expect(drawn(reportOf())).toContain('sized.yaml is the better one in both: ');
  });

  it('says what there is to choose between where none is', () => {
    const report = reportOf();
    const tried = report.tried.map((each) =>
      each.policy === 'slow.yaml' ? { ...each, result: { ...each.result, instanceHours: 12 } } : each,
    );
    expect(drawn({ ...report, tried })).toMatch(
      /slow\.yaml takes the fewest instances: 12 instance hours\. sized\.yaml misses the target least: \d/,
    );
  });

  it('tells each step of each policy with its reason', () => {
    const report = reportOf();
    const page = drawn(report);
    const steps = report.tried.flatMap(({ result }) => result.steps);
    expect(steps.length).toBeGreaterThan(2);
    for (const { reason } of steps) expect(page).toContain(`<span>${reason}</span>`);
    expect(page).toContain('<time datetime="2026-06-06T03:00:15.000Z">2026-06-06 03:00:15</time>');
  });

  it('says how many steps have lost their reasons', () => {
    const report = reportOf(['slow.yaml']);
    const tried = report.tried.map((each) => ({ ...each, result: { ...each.result, scaleOuts: 2000 } }));
    expect(drawn({ ...report, tried })).toMatch(/Of [\d,]+ later steps the reasons were not kept\./);
  });

  it('draws a curve of several, marks when the target was missed, and only numbers', () => {
    const page = drawn(reportOf(undefined, [1, 2]));
    expect(page).toContain('Target missed, by instance hours');
    expect(page.match(/<path class="points /g)).toHaveLength(2);
    expect(page).toContain('<rect class="bad"');
    expect(page).toContain('All 4 that were tried');
    expect(page).not.toMatch(/NaN|Infinity|undefined/);
  });

  it('draws no curve of one policy alone, and says how to get one', () => {
    const page = drawn(reportOf(['sized.yaml']));
    expect(page).not.toContain('id="curve"');
    expect(page).toContain('With --sweep each policy is tried less and more generous too');
  });

  it('lets no name become a tag', () => {
    const report = reportOf(['slow.yaml'], [1, 2]);
    const evil = '</script><img src=x onerror=alert(1)>';
    const tried = report.tried.map((each) => ({ ...each, policy: evil }));
    const page = drawn({ ...report, tried, trace: { ...report.trace, name: evil }, unmodelled: [evil] });
    expect(page).not.toContain('<img');
    expect(page.match(/<\/script/g)).toHaveLength(2);
  });

  it('names what was assumed and what was missing', () => {
    const report = reportOf(['sized.yaml']);
    const ratesPerSecond = report.trace.ratesPerSecond.map((rate, at) => (at === 5 ? Number.NaN : rate));
    const page = drawn({
      ...report,
      price: 0.12,
      trace: { ...report.trace, ratesPerSecond },
      unmodelled: ['memoryRatio'],
    });
    expect(page).toContain('<dt>target</dt><dd>p95 within 250 ms</dd>');
    expect(page).toContain('1 of 360 values: what came before went on, unseen');
    expect(page).toContain('memoryRatio: the policies saw nothing of it');
    expect(page).not.toMatch(/NaN/);
  });
});
