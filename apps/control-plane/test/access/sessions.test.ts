import { describe, expect, it } from 'vitest';
import { type Plane, startPlane } from '../plane.ts';

async function logIn(plane: Plane): Promise<{ cookie: string; csrfToken: string; setCookie: string }> {
  const opened = await plane.ask(undefined, 'POST', '/session', { body: { key: plane.keys.admin } });
  expect(opened.status).toBe(201);
  const setCookie = String(opened.headers['set-cookie']);
  return { cookie: setCookie.split(';')[0] as string, csrfToken: opened.json.csrfToken, setCookie };
}

const aKey = { name: 'by browser', role: 'viewer' };

describe('a session of a browser', () => {
  it('stands for its key, in a cookie that scripts and other pages do not get', async () => {
    await using plane = await startPlane();
    const { cookie, setCookie } = await logIn(plane);
    expect(setCookie).toMatch(/; Path=\/; HttpOnly; SameSite=Strict; Max-Age=43200$/);
    const who = await plane.ask(undefined, 'GET', '/session', { headers: { cookie } });
    expect(who.json).toMatchObject({ name: 'admin', role: 'admin' });
  });

  it('has a cookie for TLS alone behind a proxy', async () => {
    await using plane = await startPlane({ configuration: { isBehindProxy: true } });
    expect((await logIn(plane)).setCookie).toContain('; Secure');
  });

  it('changes nothing without the token that only our own page knows', async () => {
    await using plane = await startPlane();
    const { cookie, csrfToken } = await logIn(plane);
    const change = (headers: Record<string, string>) =>
      plane.ask(undefined, 'POST', '/keys', { body: aKey, headers: { cookie, ...headers } });
    expect((await change({})).json.code).toBe('CONTROL_PLANE_CSRF');
    expect((await change({ 'x-csrf-token': `${csrfToken}x` })).status).toBe(403);
    expect((await change({ 'x-csrf-token': csrfToken })).status).toBe(201);
  });

  it('ends when it is closed, when it is old, and with its key', async () => {
    await using plane = await startPlane();
    const { cookie, csrfToken } = await logIn(plane);
    const headers = { cookie, 'x-csrf-token': csrfToken };
    const isIn = async (own: string): Promise<boolean> =>
      (await plane.ask(undefined, 'GET', '/session', { headers: { cookie: own } })).status === 200;
    expect((await plane.ask(undefined, 'DELETE', '/session', { headers })).status).toBe(204);
    expect(await isIn(cookie)).toBe(false);

    const old = await logIn(plane);
    await plane.clock.advance(12 * 3_600_000);
    expect(await isIn(old.cookie)).toBe(false);

    const made = await plane.ask('admin', 'POST', '/keys', { body: aKey });
    const opened = await plane.ask(undefined, 'POST', '/session', { body: { key: made.json.secret } });
    const third = String(opened.headers['set-cookie']).split(';')[0] as string;
    expect(await isIn(third)).toBe(true);
    await plane.ask('admin', 'DELETE', `/keys/${made.json.key.id}`);
    expect(await isIn(third)).toBe(false);
  });

  it('is not opened by a wrong key', async () => {
    await using plane = await startPlane();
    const refused = await plane.ask(undefined, 'POST', '/session', { body: { key: 'll_guess' } });
    expect(refused.status).toBe(401);
    expect(refused.headers['set-cookie']).toBeUndefined();
  });
});
