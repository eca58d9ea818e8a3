import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type StartedPostgres, startPostgres } from '@loadline/local-stack';
import { systemClock } from 'loadline/base';
import { createPostgres } from 'loadline/postgres';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Memory, openMemory } from '../../src/memory/index.ts';
import { startPlane } from '../plane.ts';

const home = mkdtempSync(join(tmpdir(), 'loadline-store-memory-'));
let server: StartedPostgres;
let memory: Memory;

const open = (): Promise<Memory> =>
  openMemory({ home, clock: systemClock, databaseUrl: server.url, signal: AbortSignal.timeout(60_000) });

beforeAll(async () => {
  server = await startPostgres();
  memory = await open();
});

afterAll(async () => {
  await memory.close();
  await server.stop();
  rmSync(home, { recursive: true, force: true });
});

/** The address of a database of the server that was started, by other words. */
function addressWith(change: Partial<Pick<URL, 'username' | 'password' | 'pathname' | 'port'>>): string {
  return Object.assign(new URL(server.url), change).href;
}

describe('a memory in PostgreSQL', () => {
  it.each([
    [
      'nobody listens',
      () => addressWith({ port: '9' }),
      /:9\/\w+\. Cannot open .*ECONNREFUSED.* Check that the server runs/,
    ],
    [
      'there is no such database',
      () => addressWith({ pathname: '/loadlin' }),
      /\/loadlin\. .*"loadlin" does not exist/,
    ],
    [
      'nobody has that name',
      () => addressWith({ username: 'nobody', password: 'sesame' }),
      /"nobody".* Check the URL/,
    ],
  ])(
    'says which database cannot be used and what to do, where %s, and shows no password',
    async (_, url, told) => {
      const databaseUrl = url();
      const opening = openMemory({
        home,
        clock: systemClock,
        databaseUrl,
        signal: AbortSignal.timeout(60_000),
      });
      const error = await opening.then(() => undefined).catch((thrown: unknown) => thrown);
      expect(error).toMatchObject({
        code: 'CONTROL_PLANE_START_REFUSED',
        message: expect.stringMatching(told),
      });
      expect(String(error)).not.toContain('sesame');
    },
  );

  it('says that a user who may make no tables needs that right', async () => {
    const postgres = createPostgres({ url: server.url, applicationName: 'test', connectionsMax: 1 });
    await postgres.query({ text: "create role weak login password 'sesame'" });
    await postgres.close();
    const databaseUrl = addressWith({ username: 'weak', password: 'sesame' });
    const opening = openMemory({
      home,
      clock: systemClock,
      databaseUrl,
      signal: AbortSignal.timeout(60_000),
    });
    await expect(opening).rejects.toThrow(/permission denied .*\. Let its user make tables there/);
  });

  it('keeps documents by kind, through a restart', async () => {
    await memory.documents.put('key', 'b', { n: 1 });
    await memory.documents.put('key', 'a', { n: 2 });
    await memory.documents.put('key', 'b', { n: 3 });
    await memory.documents.put('profile', 'b', { n: 4 });
    await memory.documents.remove('profile', 'b');
    await memory.documents.remove('profile', 'nobody');
    const again = await open();
    expect(await again.documents.list('key')).toEqual([
      { id: 'a', body: { n: 2 } },
      { id: 'b', body: { n: 3 } },
    ]);
    expect(await again.documents.list('profile')).toEqual([]);
    await again.close();
    for (const id of ['a', 'b']) await memory.documents.remove('key', id);
  });

  it('lists more documents than come at once', async () => {
    const ids = Array.from({ length: 1001 }, (_, index) => String(index).padStart(4, '0'));
    // No more than may wait for a connection, whatever else has one just then.
    for (const some of [ids.slice(0, 500), ids.slice(500)])
      await Promise.all(some.map((id) => memory.documents.put('schedule', id, {})));
    expect((await memory.documents.list('schedule')).map(({ id }) => id)).toEqual(ids);
    for (const some of [ids.slice(0, 500), ids.slice(500)])
      await Promise.all(some.map((id) => memory.documents.remove('schedule', id)));
  });

  it('carries the whole API: a key is known after a restart, and the audit log has pages', async () => {
    const options = { documents: memory.documents, journal: memory.journal, home };
    await using plane = await startPlane(options);
    await plane.ask('admin', 'POST', '/keys', { body: { name: 'ci', role: 'viewer' } });
    for (let count = 0; count < 3; count++) await plane.ask('viewer', 'DELETE', '/keys/x');
    await using next = await startPlane(options);
    const own = { headers: { authorization: `Bearer ${plane.keys.admin}` } };
    const first = await next.ask(undefined, 'GET', '/audit?limit=3', own);
    expect(first.json.items.map(({ status }: { status: number }) => status)).toEqual([403, 403, 403]);
    const second = await next.ask(undefined, 'GET', `/audit?limit=3&cursor=${first.json.nextCursor}`, own);
    expect(second.json.items).toMatchObject([{ keyName: 'admin', operation: 'createKey', outcome: 'done' }]);
    expect(second.json).not.toHaveProperty('nextCursor');
    const filtered = await next.ask(undefined, 'GET', '/audit?operation=createKey', own);
    expect(filtered.json.items).toHaveLength(1);
    const wrong = await next.ask(undefined, 'GET', '/audit?cursor=made-up', own);
    expect([wrong.status, wrong.json.errors?.[0].pointer]).toEqual([400, '/cursor']);
  });
});
