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

  it('counts commits, rollbacks, rows and what came from its cache', () =>
    withProbe(server.url, async (probe) => {
      const before = await sample(probe);
      await target.query({ text: 'INSERT INTO food SELECT n, n::text FROM generate_series(1, 500) AS n' });
      await target.query({ text: 'UPDATE food SET name = name WHERE id <= 40' });
      await target.query({ text: 'DELETE FROM food WHERE id <= 30' });
      await target.query({ text: 'SELECT 1 / 0' }).catch(() => undefined);
      // A backend brings the counts up to date at most once a second, and before it goes.
      await target.query({ text: 'SELECT pg_stat_force_next_flush()' });
      await expect
        .poll(
          async () => {
            const after = await sample(probe);
            return [...counters].every((name) => (after[name] ?? 0) > (before[name] ?? 0));
          },
          { timeout: 15_000 },
        )
        .toBe(true);
      const after = await sample(probe);
      const grown = (name: string): number => (after[name] ?? 0) - (before[name] ?? 0);
      expect([grown('rows inserted'), grown('rows updated'), grown('rows deleted')]).toEqual([500, 40, 30]);
      expect(grown('rollbacks')).toBe(1);
      expect(grown('cache hit ratio')).toBeGreaterThan(0);
    }));

  it('hides from a plain role only what others do', () =>
    withProbe(asPlain(), async (probe) => {
      await target.query({ text: 'SELECT 1' });
      const seen = await sample(probe);
      expect(seen.connections).toBeGreaterThan(0);
      expect(seen['connections hidden']).toBe(seen.connections);
      expect(seen.commits).toBeGreaterThan(0);
    }));

  it('cannot be changed by the probe, and knows it by name', () =>
    withProbe(server.url, async (probe) => {
      await sample(probe);
      const { rows } = await target.query<{ count: number }>({
        text: "SELECT count(*)::int FROM pg_stat_activity WHERE application_name = 'loadline watch'",
      });
      expect(rows[0]?.count).toBe(1);
    }));

  it('is refused where its address is none', () => {
    expect(() => createPostgresProbe('mysql://u:secret@h/d')).toThrow(
      expect.objectContaining({ code: 'POSTGRES_ADDRESS_INVALID' }),
    );
  });
});

const counters = ['commits', 'rollbacks', 'rows inserted', 'rows updated', 'rows deleted', 'rows returned'];
