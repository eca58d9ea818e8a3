import { postgresError } from 'loadline/postgres';
import { describe, expect, it } from 'vitest';
import type { AuditEntry } from '../../src/contract/index.ts';
import { createMemoryJournal } from '../../src/memory/index.ts';
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

  it('that cannot be written makes every answer a problem, which tells nothing of why and says what was done', async () => {
    const away = postgresError('POSTGRES_UNREACHABLE', 'connect ECONNREFUSED 10.1.2.3:5432');
    let isAway = false;
    const kept = createMemoryJournal<AuditEntry>(100);
    const append: typeof kept.append = async (entry) => {
      if (isAway) throw away;
      await kept.append(entry);
    };
    await using plane = await startPlane({ journal: { ...kept, append } });
    isAway = true;
    const done = await plane.ask('admin', 'POST', '/keys', { body: { name: 'ci', role: 'viewer' } });
    const refused = await plane.ask('viewer', 'POST', '/keys', { body: { name: 'ci', role: 'viewer' } });
    const strange = await plane.ask(undefined, 'POST', '/performance/tests', { body: {} });
    const opened = await plane.ask(undefined, 'POST', '/session', { body: { key: plane.keys.admin } });
    for (const { status, headers, json, text } of [done, refused, strange, opened]) {
      expect([status, json.code]).toEqual([503, 'CONTROL_PLANE_UNAVAILABLE']);
      expect(headers['content-type']).toBe('application/problem+json');
      expect(headers['retry-after']).toBe('1');
      expect(headers['set-cookie']).toBeUndefined();
      expect(text).not.toMatch(/10\.1\.2\.3|POSTGRES|ll_/);
    }
    expect(done.json.detail).toContain('This was done');
    expect(refused.json.detail).not.toContain('This was done');
    expect(plane.log.join()).toContain('10.1.2.3');
    isAway = false;
    const { items } = (await plane.ask('admin', 'GET', '/keys')).json;
    expect(items.map(({ name }: { name: string }) => name)).toContain('ci');
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
