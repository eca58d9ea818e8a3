import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { pageOf } from '../../src/tests/history.ts';
import type { TestRecord } from '../../src/tests/test-record.ts';
import { startPlane, untilState } from '../plane.ts';

function record(index: number, change: Partial<TestRecord> = {}): TestRecord {
  return {
    id: String(index).padStart(6, '0'),
    name: 'peak',
    state: 'finished',
    target: 'http://127.0.0.1:9',
    createdAt: new Date(Date.UTC(2026, 0, 1) + index * 1000).toISOString(),
    startedBy: 'key',
    hasResults: true,
    reasons: [],
    choice: {},
    ...change,
  };
}

describe('pageOf()', () => {
  it('gives every test that fits once, the newest first, whatever the size of a page', () => {
    fc.assert(
      fc.property(
        fc.array(fc.boolean(), { maxLength: 60 }),
        fc.integer({ min: 1, max: 10 }),
        (fits, limit) => {
          const records = fits.map((fit, index) => record(index, { state: fit ? 'finished' : 'failed' }));
          const seen: string[] = [];
          let cursor: string | undefined;
          do {
            const page = pageOf(records, { state: 'finished' }, { limit, cursor });
            expect(page.items.length).toBeLessThanOrEqual(limit);
            seen.push(...page.items.map(({ id }) => id));
            cursor = page.nextCursor;
          } while (cursor !== undefined);
          const wanted = records.filter(({ state }) => state === 'finished').map(({ id }) => id);
          expect(seen).toEqual(wanted.toReversed());
        },
      ),
    );
  });

  it('finds by name, target, verdict and time', () => {
    const records = [
      record(1, { name: 'a', verdict: 'passed' }),
      record(2, { name: 'b', verdict: 'failed' }),
      record(3, { name: 'b', target: 'http://x', verdict: 'passed' }),
    ];
    const ids = (filter: Parameters<typeof pageOf>[1]): string[] =>
      pageOf(records, filter, { limit: 10 }).items.map(({ id }) => id.slice(-1));
    expect(ids({ name: 'b' })).toEqual(['3', '2']);
    expect(ids({ verdict: 'passed' })).toEqual(['3', '1']);
    expect(ids({ target: 'http://x' })).toEqual(['3']);
    const from = record(2).createdAt;
    expect(ids({ from })).toEqual(['3', '2']);
    expect(ids({ to: from })).toEqual(['1']);
  });
});

describe('the history', () => {
  it('is listed with filters and cursors', async () => {
    await using plane = await startPlane();
    const body = { target: 'http://127.0.0.1:9', profile: 'peak', scale: 0.001 };
    for (let count = 0; count < 3; count++) {
      const { id } = (await plane.ask('operator', 'POST', '/performance/tests', { body })).json;
      await (await plane.runner.begun(count)).finish(count === 1 ? 'failed' : 'passed');
      await untilState(plane, id, 'finished');
    }
    const list = async (query: string) =>
      (await plane.ask('viewer', 'GET', `/performance/tests/history${query}`)).json;
    const first = await list('?limit=2');
    expect(first.items).toHaveLength(2);
    const second = await list(`?limit=2&cursor=${first.nextCursor}`);
    expect(second.items).toHaveLength(1);
    expect(second).not.toHaveProperty('nextCursor');
    expect((await list('?verdict=failed')).items).toHaveLength(1);
    expect((await list('?state=queued')).items).toEqual([]);
  });
});

describe('results', () => {
  it('come in the form that is asked for', async () => {
    await using plane = await startPlane();
    const body = { target: 'http://127.0.0.1:9', profile: 'peak', scale: 0.001 };
    const { id } = (await plane.ask('operator', 'POST', '/performance/tests', { body })).json;
    const run = await plane.runner.begun(0);
    const path = `/performance/tests/${id}/results`;
    expect((await plane.ask('viewer', 'GET', path)).status).toBe(409);
    await run.finish('passed');
    await untilState(plane, id, 'finished');
    const json = await plane.ask('viewer', 'GET', path);
    expect(json.json.verdict.status).toBe('passed');
    const html = await plane.ask('viewer', 'GET', path, { headers: { accept: 'text/html,*/*;q=0.8' } });
    expect(html.headers['content-type']).toBe('text/html; charset=utf-8');
    expect(html.headers['content-security-policy']).toContain('sandbox allow-scripts');
    const csv = await plane.ask('viewer', 'GET', `${path}?format=csv`);
    expect(csv.text).toBe('time,scope\r\n');
    expect((await plane.ask('viewer', 'GET', `${path}?format=xml`)).status).toBe(400);
    expect((await plane.ask('viewer', 'GET', '/performance/tests/unknown/results')).status).toBe(404);
  });
});
