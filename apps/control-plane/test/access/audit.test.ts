import { describe, expect, it } from 'vitest';
import { startPlane } from '../plane.ts';

describe('the audit log', () => {
  it('says who changed what, from where, and what came of it, refusals too', async () => {
    await using plane = await startPlane();
    await plane.ask('admin', 'POST', '/keys', { body: { name: 'ci', role: 'viewer' } });
    await plane.ask('viewer', 'POST', '/keys', { body: { name: 'mine', role: 'admin' } });
    await plane.ask(undefined, 'POST', '/performance/tests?a=secret', { body: {} });
    await plane.ask('admin', 'GET', '/keys');
    const { items } = (await plane.ask('admin', 'GET', '/audit')).json;
    expect(items.map((each: { status: number }) => each.status)).toEqual([401, 403, 201]);
    expect(items[0]).toMatchObject({
      operation: 'startTest',
      path: '/performance/tests',
      outcome: 'refused',
    });
    expect(items[0]).not.toHaveProperty('keyId');
    expect(items[1]).toMatchObject({ keyName: 'viewer', operation: 'createKey', outcome: 'refused' });
    expect(items[2]).toMatchObject({ keyName: 'admin', from: '127.0.0.1', outcome: 'done' });
  });

  it('holds no secret', async () => {
    await using plane = await startPlane();
    const made = await plane.ask('admin', 'POST', '/keys', { body: { name: 'ci', role: 'viewer' } });
    await plane.ask(undefined, 'POST', '/session', { body: { key: made.json.secret } });
    expect((await plane.ask('admin', 'GET', '/audit')).text).not.toContain(made.json.secret);
  });

  it('is read a page at a time, without a gap where something comes in between', async () => {
    await using plane = await startPlane();
    const change = () => plane.ask('viewer', 'DELETE', '/keys/x');
    for (let count = 0; count < 5; count++) await change();
    const first = (await plane.ask('admin', 'GET', '/audit?limit=3')).json;
    await change();
    const second = (await plane.ask('admin', 'GET', `/audit?limit=3&cursor=${first.nextCursor}`)).json;
    const ids = [...first.items, ...second.items].map((each: { id: string }) => each.id);
    expect(new Set(ids).size).toBe(5);
    expect(second).not.toHaveProperty('nextCursor');
  });
});
