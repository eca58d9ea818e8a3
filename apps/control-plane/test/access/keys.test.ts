import { createVirtualClock } from 'loadline/base';
import { describe, expect, it } from 'vitest';
import { openKeys } from '../../src/access/index.ts';
import { createMemoryDocuments } from '../../src/memory/index.ts';
import { startPlane } from '../plane.ts';

const order = { name: 'ci', role: 'operator', createdBy: 'test' } as const;

describe('keys', () => {
  it('are recognised by their whole text alone', async () => {
    const keys = await openKeys({ documents: createMemoryDocuments(), clock: createVirtualClock() });
    const { key, secret } = await keys.create(order);
    expect(keys.recognise(secret)).toEqual({ keyId: key.id, name: 'ci', role: 'operator' });
    const other = secret.endsWith('A') ? `${secret.slice(0, -1)}B` : `${secret.slice(0, -1)}A`;
    for (const wrong of [other, secret.slice(0, -1), `${secret}A`, key.id, '', 'll_x_y'])
      expect(keys.recognise(wrong)).toBeUndefined();
  });

  it('are remembered without their secret', async () => {
    const documents = createMemoryDocuments();
    const keys = await openKeys({ documents, clock: createVirtualClock() });
    const { secret } = await keys.create(order);
    const kept = JSON.stringify(await documents.list('key'));
    expect(kept).not.toContain(secret);
    expect(kept).not.toContain(secret.split('_').slice(2).join('_'));
    const reopened = await openKeys({ documents, clock: createVirtualClock() });
    expect(reopened.recognise(secret)?.role).toBe('operator');
  });

  it('open nothing once they have expired', async () => {
    const clock = createVirtualClock();
    const keys = await openKeys({ documents: createMemoryDocuments(), clock });
    const expiresAt = new Date(clock.now() + 60_000).toISOString();
    const { key, secret } = await keys.create({ ...order, expiresAt });
    expect(keys.recognise(secret)).toBeDefined();
    await clock.advance(60_000);
    expect(keys.recognise(secret)).toBeUndefined();
    expect(keys.list().find(({ id }) => id === key.id)?.state).toBe('expired');
  });

  it.each([
    ['a leap second', '2026-12-31T23:59:60Z'],
    ['what is no time', 'for good'],
  ])('open nothing after %s either', async (_, expiresAt) => {
    const documents = createMemoryDocuments();
    const { key } = await (await openKeys({ documents, clock: createVirtualClock() })).create(order);
    const [kept] = await documents.list('key');
    await documents.put('key', key.id, { ...(kept?.body as object), expiresAt });
    const later = await openKeys({ documents, clock: createVirtualClock(Date.UTC(2027, 0, 1)) });
    expect(later.list().find(({ id }) => id === key.id)?.state).toBe('expired');
  });

  it('come from the environment too, whatever their form, and are not remembered', async () => {
    const documents = createMemoryDocuments();
    const environmentKey = 'a-long-secret-of-somebody-elses-making';
    const keys = await openKeys({ documents, clock: createVirtualClock(), environmentKey });
    expect(keys.recognise(environmentKey)?.role).toBe('admin');
    expect(await documents.list('key')).toEqual([]);
    await expect(keys.revoke('environment')).rejects.toMatchObject({ status: 409 });
  });
});

describe('the API of keys', () => {
  it('shows a key once, and revokes it for good', async () => {
    await using plane = await startPlane();
    const made = await plane.ask('admin', 'POST', '/keys', { body: { name: 'ci', role: 'viewer' } });
    expect(made.status).toBe(201);
    const { key, secret } = made.json;
    const own = { headers: { authorization: `Bearer ${secret}` } };
    expect((await plane.ask(undefined, 'GET', '/session', own)).json).toEqual({
      keyId: key.id,
      name: 'ci',
      role: 'viewer',
    });
    const list = await plane.ask('admin', 'GET', '/keys');
    expect(list.text).not.toContain(secret);
    expect((await plane.ask('admin', 'DELETE', `/keys/${key.id}`)).json.state).toBe('revoked');
    expect((await plane.ask(undefined, 'GET', '/session', own)).status).toBe(401);
    expect((await plane.ask('admin', 'DELETE', `/keys/${key.id}`)).status).toBe(409);
    expect((await plane.ask('admin', 'DELETE', '/keys/nobody')).status).toBe(404);
  });

  it('keeps the last admin key', async () => {
    await using plane = await startPlane();
    const admins = (await plane.ask('admin', 'GET', '/keys')).json.items.filter(
      (each: { role: string }) => each.role === 'admin',
    );
    expect(admins).toHaveLength(1);
    const refused = await plane.ask('admin', 'DELETE', `/keys/${admins[0].id}`);
    expect(refused.status).toBe(409);
    expect((await plane.ask('admin', 'GET', '/keys')).status).toBe(200);
  });
});
