import { describe, expect, it } from 'vitest';
import { startPlane, untilState } from '../plane.ts';

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
    expect((await list('?name=peak&target=http%3A%2F%2F127.0.0.1%3A9')).items).toHaveLength(3);
    expect((await list('?target=http%3A%2F%2F127.0.0.1%3A8')).items).toEqual([]);
    expect((await list(`?from=${first.items[0].createdAt}`)).items).toHaveLength(3);
    expect((await list(`?to=${first.items[0].createdAt}`)).items).toEqual([]);
  });
});

describe('results', () => {
  it('come in the form that is asked for', async () => {
    await using plane = await startPlane();
    const body = { target: 'http://127.0.0.1:9', profile: 'peak', scale: 0.001 };
    const { id } = (await plane.ask('operator', 'POST', '/performance/tests', { body })).json;
    const run = await plane.runner.begun(0);
    const path = `/performance/tests/${id}/results`;
    const early = await plane.ask('viewer', 'GET', path);
    expect(early.status).toBe(409);
    expect(early.json.detail).toContain('when it is over');
    await run.finish('passed');
    await untilState(plane, id, 'finished');
    const json = await plane.ask('viewer', 'GET', path);
    expect(json.json.verdict.status).toBe('passed');
    const html = await plane.ask('viewer', 'GET', path, { headers: { accept: 'text/html,*/*;q=0.8' } });
    expect(html.headers['content-type']).toBe('text/html; charset=utf-8');
    expect(html.headers['content-security-policy']).toContain('sandbox allow-scripts');
    const csv = await plane.ask('viewer', 'GET', `${path}?format=csv`);
    expect(csv.text).toMatch(/^time,scope,name/);
    expect(html.text).toMatch(/^<!doctype html>/);
    expect((await plane.ask('viewer', 'GET', `${path}?format=xml`)).status).toBe(400);
    expect((await plane.ask('viewer', 'GET', '/performance/tests/unknown/results')).status).toBe(404);
  });
});
