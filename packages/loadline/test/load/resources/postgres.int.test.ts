import { type StartedPostgres, startPostgres } from '@loadline/local-stack';
import { createPostgres, type Postgres } from 'loadline/postgres';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createPostgresProbe } from '../../../src/load/resources/postgres.ts';
import type { ResourceProbe } from '../../../src/load/resources/resource.ts';

let server: StartedPostgres;
let target: Postgres;

beforeAll(async () => {
  server = await startPostgres();
  target = createPostgres({ url: server.url, connectionsMax: 3 });
  await target.query({ text: 'CREATE TABLE food (id int PRIMARY KEY, name text)' });
  await target.query({ text: 'CREATE ROLE plain LOGIN PASSWORD $$plain$$' });
});

afterAll(async () => {
  await target.close();
  await server.stop();
});

async function withProbe(url: string, work: (probe: ResourceProbe) => Promise<void>): Promise<void> {
  const probe = createPostgresProbe(url);
  await work(probe).finally(() => probe.close());
}

async function sample(probe: ResourceProbe): Promise<Record<string, number>> {
  const readings = await probe.sample(AbortSignal.timeout(5000));
  return Object.fromEntries(readings.map(({ name, value }) => [name, value]));
}

function asPlain(): string {
  const url = new URL(server.url);
  url.username = 'plain';
  url.password = 'plain';
  return url.href;
}

describe('PostgreSQL', () => {
  it('tells what its sessions do, without the one that asks', () =>
    withProbe(server.url, async (probe) => {
      await sample(probe);
      await target.transaction(async (first) => {
        await first.query({ text: 'SELECT pg_advisory_xact_lock(7)' });
        const waiting = target.query({ text: 'SELECT pg_advisory_xact_lock(7)' });
        await expect
          .poll(() => sample(probe))
          .toMatchObject({
            connections: 2,
            'connections active': 1,
            'connections idle in transaction': 1,
            'connections idle': 0,
            'connections hidden': 0,
            'waiting for locks': 1,
            'connections of the limit': 0.01,
            'longest transaction': expect.toSatisfy((ms) => ms > 0 && ms < 10_000),
          });
        await first.query({ text: 'SELECT 1' });
        void waiting.catch(() => undefined);
      });
    }));

  it('counts commits, rollbacks, rows and what came from its cache', async () => {
    await using worker = createPostgres({ url: server.url, connectionsMax: 1 });
    await withProbe(server.url, async (probe) => {
      const before = await sample(probe);
      await worker.query({ text: 'INSERT INTO food SELECT n, n::text FROM generate_series(1, 5000) AS n' });
      await worker.query({ text: 'UPDATE food SET name = name WHERE id <= 4000' });
      await worker.query({ text: 'DELETE FROM food WHERE id <= 3000' });
      await worker.query({ text: 'SELECT 1 / 0' }).catch(() => undefined);
      // Otherwise a backend brings the counts up to date at most once a second.
      await worker.query({ text: 'SELECT pg_stat_force_next_flush()' });
      const after = await sample(probe);
      const grown = (name: string): number => (after[name] ?? 0) - (before[name] ?? 0);
      // The server's own tables have changes too.
      expect(Math.floor(grown('rows inserted') / 1000)).toBe(5);
      expect(Math.floor(grown('rows updated') / 1000)).toBe(4);
      expect(Math.floor(grown('rows deleted') / 1000)).toBe(3);
      expect(grown('rows returned')).toBeGreaterThan(4000);
      expect(grown('rollbacks')).toBe(1);
      expect(grown('commits')).toBeGreaterThanOrEqual(4);
      expect(grown('cache hit ratio')).toBeGreaterThan(1000);
    });
  });

  it('hides from a plain role only what others do', () =>
    withProbe(asPlain(), async (probe) => {
      await target.query({ text: 'SELECT 1' });
      const seen = await sample(probe);
      expect(seen.connections).toBeGreaterThan(0);
      expect(seen['connections hidden']).toBe(seen.connections);
      expect(seen.commits).toBeGreaterThan(0);
    }));

  it('is asked over one connection, which it can tell from others by its name', () =>
    withProbe(server.url, async (probe) => {
      await Promise.all([sample(probe), sample(probe), sample(probe)]);
      const count = async (): Promise<number | undefined> => {
        const { rows } = await target.query<{ count: number }>({
          text: "SELECT count(*)::int FROM pg_stat_activity WHERE application_name = 'loadline watch'",
        });
        return rows[0]?.count;
      };
      // Those of other tests may still be on their way out.
      await expect.poll(count, { timeout: 5000 }).toBe(1);
    }));

  it('is refused where its address is none', () => {
    expect(() => createPostgresProbe('mysql://u:secret@h/d')).toThrow(
      expect.objectContaining({ code: 'POSTGRES_ADDRESS_INVALID' }),
    );
  });
});
