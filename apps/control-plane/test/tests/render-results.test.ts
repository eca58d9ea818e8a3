import { describe, expect, it } from 'vitest';
import { passedRun } from '../../../../packages/loadline/test/load/output/fixtures.ts';
import { createResultsRenderer } from '../../src/tests/render-results.ts';

const json = JSON.stringify(passedRun());

describe('results', () => {
  it('are rendered beside the process that answers, which goes on meanwhile', async () => {
    const render = createResultsRenderer();
    let turns = 0;
    const counting = setInterval(() => turns++, 1);
    const [html, csv] = await Promise.all([render('html', json), render('csv', json)]);
    clearInterval(counting);
    expect(html).toMatch(/^<!doctype html>/);
    expect(csv).toMatch(/^time,scope,name/);
    expect(turns).toBeGreaterThan(10);
  });

  it('as JSON are what is kept', async () => {
    expect(await createResultsRenderer()('json', '{"b":1, "a":2}')).toBe('{"b":1, "a":2}');
  });

  it('that are none fail, and hold up nobody after them', async () => {
    const render = createResultsRenderer();
    const broken = render('html', 'no report');
    const next = render('csv', json);
    await expect(broken).rejects.toThrow(/JSON/);
    expect(await next).toMatch(/^time,/);
  });

  it('are refused where as many wait as may', async () => {
    const render = createResultsRenderer(2);
    const all = [1, 2, 3].map(() => render('csv', 'no report'));
    const outcomes = await Promise.allSettled(all);
    const reasons = outcomes.map((each) => (each.status === 'rejected' ? each.reason.code : undefined));
    expect(reasons.filter((code) => code === 'CONTROL_PLANE_TOO_MANY')).toHaveLength(1);
    expect(reasons.at(-1)).toBe('CONTROL_PLANE_TOO_MANY');
  });
});
