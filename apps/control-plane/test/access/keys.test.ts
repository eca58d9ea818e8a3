import { createVirtualClock } from 'loadline/base';
import { describe, expect, it } from 'vitest';
import { followKeys, openKeys } from '../../src/access/index.ts';
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

  it('is one of all control planes of a database: what one makes or revokes counts at the others', async () => {
    const shared = { documents: createMemoryDocuments(), clock: createVirtualClock() };
    const configuration = { databaseUrl: 'postgresql://shared/loadline' };
    await using plane = await startPlane({ ...shared, configuration });
    await using other = await startPlane({ ...shared, configuration });
    const made = await plane.ask('admin', 'POST', '/keys', { body: { name: 'ci', role: 'viewer' } });
    const own = { headers: { authorization: `Bearer ${made.json.secret}` } };
    const statusAtOther = async () => (await other.ask(undefined, 'GET', '/session', own)).status;
    await shared.clock.advance(2000);
    expect(await statusAtOther()).toBe(200);
    await plane.ask('admin', 'DELETE', `/keys/${made.json.key.id}`);
    await shared.clock.advance(2000);
    expect(await statusAtOther()).toBe(401);
  });

  it('stays as it is known while the database is away, which is told once, and is looked at again', async () => {
    const clock = createVirtualClock();
    let isAway = true;
    let looks = 0;
    const failures: unknown[] = [];
    const following = followKeys({
      keys: {
        async refresh() {
          looks++;
          if (isAway) throw new Error('away');
        },
      },
      ...{ clock, onFailure: (error: unknown) => failures.push(error) },
    });
    await clock.advance(6000);
    isAway = false;
    await clock.advance(2000);
    isAway = true;
    await clock.advance(4000);
    expect([looks, failures.length]).toEqual([6, 2]);
    following.close();
    await clock.advance(10_000);
    expect(looks).toBe(6);
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
