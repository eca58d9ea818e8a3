import { randomUUID } from 'node:crypto';
import { type StartedPostgres, startPostgres } from '@loadline/local-stack';
import { systemClock } from 'loadline/base';
import { createPostgres, keepPartitions, type Migration, migrate, type Postgres } from 'loadline/postgres';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

let server: StartedPostgres;
let postgres: Postgres;
const clock = systemClock;

beforeAll(async () => {
  server = await startPostgres();
  postgres = createPostgres({ url: server.url });
});

afterAll(async () => {
  await postgres.close();
  await server.stop();
});

describe('migrate()', () => {
  it('applies what is missing, in order and once', async () => {
    const [first, second] = steps();
    expect(await migrate(postgres, [first], options(first))).toEqual({ applied: [first.name] });
    expect(await migrate(postgres, [first, second], options(first))).toEqual({ applied: [second.name] });
    expect(await migrate(postgres, [first, second], options(first))).toEqual({ applied: [] });
    expect(await count(first.table)).toBe(1);
  });

  it('lets each step be applied by one of many instances', async () => {
    const [first, second] = steps();
    await using other = createPostgres({ url: server.url });
    const pools = [postgres, other, postgres, other];
    const outcomes = await Promise.all(pools.map((pool) => migrate(pool, [first, second], options(first))));
    expect(outcomes.flatMap(({ applied }) => applied).sort()).toEqual([second.name, first.name]);
    expect(await count(first.table)).toBe(1);
  });

  it('keeps nothing of a step that fails in the middle', async () => {
    const [first, second] = steps();
    const broken = { ...second, sql: `${second.sql}; SELECT 1 / 0` };
    await expect(migrate(postgres, [first, broken], options(first))).rejects.toThrow('division by zero');
    expect(await count(first.table)).toBe(0);
    expect(await migrate(postgres, [first, second], options(first))).toEqual({ applied: [second.name] });
  });

  it('goes on where one that was killed in the middle has changed nothing', async () => {
    const [first, second] = steps();
    const slow = { ...second, sql: `${second.sql}; SELECT pg_sleep(30)` };
    const killed = expect(migrate(postgres, [first, slow], options(first))).rejects.toMatchObject({
      code: 'POSTGRES_UNREACHABLE',
    });
    await expect.poll(() => killSleeper(), { interval: 20, timeout: 20_000 }).toBe(1);
    await killed;
    expect(await count(first.table)).toBe(0);
    expect(await migrate(postgres, [first, second], options(first))).toEqual({ applied: [second.name] });
  });

  it('waits for a lock a little at a time, so that traffic behind it goes on', async () => {
    const [first] = steps();
    await migrate(postgres, [first], options(first));
    const alter = { name: 'alter', sql: `ALTER TABLE ${first.table} ADD COLUMN more int` };
    let altered: Promise<unknown> | undefined;
    await postgres.transaction(async (reader) => {
      await reader.query({ text: `SELECT * FROM ${first.table}` });
      altered = migrate(postgres, [first, alter], { ...options(first), lockTimeoutMs: 20 });
      await expect.poll(() => lockTimeouts(altered), { interval: 20, timeout: 20_000 }).toBe('waits');
      await expect(count(first.table)).resolves.toBe(0);
    });
    await expect(altered).resolves.toEqual({ applied: ['alter'] });
  });

  it('refuses a step whose text is no more what was applied', async () => {
    const [first] = steps();
    await migrate(postgres, [first], options(first));
    const changed = { ...first, sql: `${first.sql} -- better` };
    await expect(migrate(postgres, [changed], options(first))).rejects.toMatchObject({
      code: 'POSTGRES_MIGRATION_CHANGED',
      facts: { name: first.name, position: 0 },
    });
  });

  it('refuses steps in another order', async () => {
    const [first, second] = steps();
    await migrate(postgres, [first, second], options(first));
    await expect(migrate(postgres, [second, first], options(first))).rejects.toMatchObject({
      code: 'POSTGRES_MIGRATION_CHANGED',
    });
  });

  it('refuses a database of a newer version', async () => {
    const [first, second] = steps();
    await migrate(postgres, [first, second], options(first));
    await expect(migrate(postgres, [first], options(first))).rejects.toMatchObject({
      code: 'POSTGRES_MIGRATION_UNKNOWN',
      facts: { unknown: [second.name] },
    });
  });
});

describe('keepPartitions()', () => {
  const dayMs = 24 * 60 * 60 * 1000;
  const policy = { unit: 'day', aheadMs: dayMs, behindMs: 2 * dayMs, keepMs: 3 * dayMs } as const;
  const today = Date.UTC(2026, 10, 29, 12);

  it('makes partitions that take rows, with the index of the table', async () => {
    const table = await partitioned();
    const { created } = await keepPartitions(postgres, table, { ...policy, nowMs: today });
    expect(created).toEqual(['20261127', '20261128', '20261129', '20261130']);
    await insert(table, '2026-11-28T23:59:59Z');
    await expect(insert(table, '2026-12-01T00:00:00Z')).rejects.toMatchObject({
      code: 'POSTGRES_CONSTRAINT',
    });
    expect(await indexes(table)).toBe(4);
  });

  it('drops what is past retention and keeps the rest, in whatever time zone', async () => {
    const table = await partitioned();
    await keepPartitions(postgres, table, { ...policy, nowMs: today });
    await insert(table, '2026-11-27T12:00:00Z');
    await insert(table, '2026-11-30T12:00:00Z');
    await using abroad = createPostgres({ url: `${server.url}?options=-c%20TimeZone%3DAsia/Kathmandu` });
    const { created, dropped } = await keepPartitions(abroad, table, { ...policy, nowMs: today + 2 * dayMs });
    expect(created).toEqual(['20261201', '20261202']);
    expect(dropped.map((name) => name.slice(-8))).toEqual(['20261127']);
    expect(await count(table)).toBe(1);
  });

  it('may be done by many at once, and again', async () => {
    const table = await partitioned();
    await using other = createPostgres({ url: server.url });
    const pools = [postgres, other, postgres, other];
    const nowMs = today;
    const made = await Promise.all(pools.map((pool) => keepPartitions(pool, table, { ...policy, nowMs })));
    expect(made.flatMap(({ created }) => created).sort()).toEqual([
      '20261127',
      '20261128',
      '20261129',
      '20261130',
    ]);
    const later = today + 30 * dayMs;
    await Promise.all(pools.map((pool) => keepPartitions(pool, table, { ...policy, nowMs: later })));
    const { created, dropped } = await keepPartitions(postgres, table, { ...policy, nowMs: later });
    expect({ created, dropped }).toEqual({ created: [], dropped: [] });
    expect(await leftovers(table)).toBe(4);
  });

  it('waits for nobody who reads: what is in use is dropped in a later round', async () => {
    const table = await partitioned();
    await keepPartitions(postgres, table, { ...policy, nowMs: today });
    await using impatient = createPostgres({ url: server.url, lockTimeoutMs: 100 });
    const later = { ...policy, nowMs: today + 2 * dayMs };
    await postgres.transaction(async (reader) => {
      await reader.query({ text: `SELECT * FROM ${table}` });
      const { created, dropped, postponed } = await keepPartitions(impatient, table, later);
      expect([created.length, dropped.length, postponed.length]).toEqual([2, 0, 1]);
      await insert(table, '2026-12-01T12:00:00Z');
    });
    expect((await keepPartitions(impatient, table, later)).dropped).toHaveLength(1);
    expect(await leftovers(table)).toBe(5);
  });

  it('drops what was detached by one that was killed before dropping it', async () => {
    const table = await partitioned();
    await keepPartitions(postgres, table, { ...policy, nowMs: today });
    const old = `${table}_20261127`;
    await postgres.query({
      text: `COMMENT ON TABLE ${old} IS 'A partition of ${table} past retention: loadline drops it.'`,
    });
    await postgres.query({ text: `ALTER TABLE ${table} DETACH PARTITION ${old}` });
    const { dropped } = await keepPartitions(postgres, table, { ...policy, behindMs: 0, nowMs: today });
    expect(dropped.map((name) => name.slice(-8))).toEqual(['20261127']);
  });
});

type Step = Migration & { readonly table: string };

/** Two steps of a schema of their own: a table, and a row in it. */
function steps(): [Step, Step] {
  const table = freshName();
  const first = {
    name: `make ${table}`,
    table,
    sql: `CREATE TABLE ${table} (n int); CREATE INDEX ON ${table} (n)`,
  };
  return [first, { name: `fill ${table}`, table, sql: `INSERT INTO ${table} VALUES (1)` }];
}

function options({ table }: Step): { clock: typeof clock; table: string } {
  return { clock, table: `${table}_steps` };
}

function freshName(): string {
  return `t${randomUUID().replaceAll('-', '').slice(0, 12)}`;
}

async function partitioned(): Promise<string> {
  const table = freshName();
  await postgres.query({
    text: `CREATE TABLE ${table} (at timestamptz PRIMARY KEY) PARTITION BY RANGE (at)`,
  });
  return table;
}

async function insert(table: string, at: string): Promise<void> {
  await postgres.query({ text: `INSERT INTO ${table} VALUES ($1)` }, [at]);
}

async function count(table: string): Promise<number> {
  return number(`SELECT count(*)::int AS n FROM ${table}`);
}

async function indexes(table: string): Promise<number> {
  return number(`SELECT count(*)::int AS n FROM pg_indexes WHERE tablename LIKE '${table}\\_%'`);
}

/** Tables that have its name and more, whether they are attached or not. */
async function leftovers(table: string): Promise<number> {
  return number(`SELECT count(*)::int AS n FROM pg_tables WHERE tablename LIKE '${table}\\_%'`);
}

async function killSleeper(): Promise<number> {
  return number(
    `SELECT count(pg_terminate_backend(pid))::int AS n FROM pg_stat_activity
     WHERE query LIKE '%pg_sleep(30)' AND pid <> pg_backend_pid() AND wait_event = 'PgSleep'`,
  );
}

/** Whether it still waits for its lock. */
async function lockTimeouts(migrating: Promise<unknown> | undefined): Promise<string> {
  const waiting = await number(
    `SELECT count(*)::int AS n FROM pg_stat_activity WHERE query LIKE 'ALTER TABLE%' AND wait_event_type = 'Lock'`,
  );
  const settled = await Promise.race([migrating, 'unsettled']);
  return waiting > 0 && settled === 'unsettled' ? 'waits' : 'not yet';
}

async function number(text: string): Promise<number> {
  const { rows } = await postgres.query<{ n: number }>({ text });
  return rows[0]?.n as number;
}
