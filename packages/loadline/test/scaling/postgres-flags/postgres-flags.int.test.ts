import { type FaultProxy, type StartedPostgres, startFaultProxy, startPostgres } from '@loadline/local-stack';
import { createVirtualClock, type VirtualClock } from 'loadline/base';
import { createPostgres, type Postgres } from 'loadline/postgres';
import { type FlagChange, gateOf } from 'loadline/scaling/flags';
import { openPostgresFlags, type PostgresFlags } from 'loadline/scaling/postgres-flags';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';

let server: StartedPostgres;
let proxy: FaultProxy;
let clock: VirtualClock;

beforeAll(async () => {
  server = await startPostgres();
  proxy = await startFaultProxy({ target: server });
});

afterAll(async () => {
  await proxy.close();
  await server.stop();
});

beforeEach(async () => {
  clock = createVirtualClock();
  await proxy.heal();
  await using postgres = createPostgres({ url: server.url });
  await postgres.query({ text: 'DROP TABLE IF EXISTS feature_flags, feature_flag_migrations' });
});

interface Opened extends AsyncDisposable {
  readonly postgres: Postgres;
  readonly flags: PostgresFlags;
  readonly heard: FlagChange[];
}

async function open(): Promise<Opened> {
  const postgres = createPostgres({
    url: proxy.urlFor(server.url),
    statementTimeoutMs: 300,
    connectTimeoutMs: 300,
    acquireTimeoutMs: 300,
  });
  const flags = await openPostgresFlags({ clock, postgres });
  const heard: FlagChange[] = [];
  flags.onChange((change) => heard.push(change));
  return {
    postgres,
    flags,
    heard,
    async [Symbol.asyncDispose]() {
      await flags.close();
      await postgres.close();
    },
  };
}

/** Asking a server takes real time, of which the clock knows nothing. */
async function lookAgain(): Promise<void> {
  await clock.advance(2000);
  await expect.poll(() => clock.pending, { timeout: 5000 }).toBe(1);
}

const ada = { by: 'ada' };

describe('flags in PostgreSQL', () => {
  it('are set, changed, listed and removed, and hold at once', async () => {
    await using opened = await open();
    const { flags } = opened;
    const gate = gateOf(flags);
    expect(await flags.put('forecast', { serve: 'on' }, ada)).toMatchObject({ version: 1, updatedBy: 'ada' });
    expect(gate('forecast', {})).toBe(true);
    expect(await flags.put('forecast', false, { by: 'bo' })).toMatchObject({ version: 2, updatedBy: 'bo' });
    expect(gate('forecast', {})).toBe(false);
    expect(await flags.rows()).toMatchObject([{ name: 'forecast', definition: false, version: 2 }]);
    expect(await flags.remove('forecast')).toBe(true);
    expect(await flags.remove('forecast')).toBe(false);
    expect(flags.flags.size).toBe(0);
  });

  it('are changed only where they are what somebody has seen', async () => {
    await using opened = await open();
    const { flags } = opened;
    await expect(flags.put('a', true, { by: 'ada', replaces: 3 })).rejects.toMatchObject({
      code: 'SCALING_FLAG_CONFLICT',
    });
    await flags.put('a', true, { by: 'ada', replaces: 0 });
    await expect(flags.put('a', true, { by: 'bo', replaces: 0 })).rejects.toMatchObject({
      code: 'SCALING_FLAG_CONFLICT',
    });
    await flags.put('a', false, { by: 'bo', replaces: 1 });
    await expect(flags.put('a', true, { by: 'ada', replaces: 1 })).rejects.toMatchObject({
      code: 'SCALING_FLAG_CONFLICT',
    });
    expect(await flags.rows()).toMatchObject([{ definition: false, version: 2 }]);
  });

  it('are refused where they cannot be read, with every reason', async () => {
    await using opened = await open();
    await expect(opened.flags.put('a b', { serve: 'maybe' }, ada)).rejects.toMatchObject({
      code: 'SCALING_FLAGS_INVALID',
      facts: { problems: { length: 2 } },
    });
  });

  it('are seen by others with their next look', async () => {
    await using here = await open();
    const elsewhere = createPostgres({ url: server.url });
    await using there = await openPostgresFlags({ clock: createVirtualClock(), postgres: elsewhere });
    await there.put('forecast', true, ada);
    expect(gateOf(here.flags)('forecast', {})).toBe(false);
    await lookAgain();
    expect(gateOf(here.flags)('forecast', {})).toBe(true);
    expect(here.heard).toEqual([{ kind: 'changed', names: ['forecast'] }]);
    await elsewhere.close();
  });

  it('stay what they were while the database is away, and follow it when it is back', async () => {
    await using opened = await open();
    const { flags, heard } = opened;
    await flags.put('forecast', true, ada);
    heard.length = 0;
    await proxy.inject({ kind: 'half-open' });
    await lookAgain();
    expect(flags.status.kind).toBe('stale');
    expect(gateOf(flags)('forecast', {})).toBe(true);
    await using direct = createPostgres({ url: server.url });
    await direct.query({ text: "UPDATE feature_flags SET definition = 'false'" });
    await proxy.heal();
    await expect
      .poll(
        async () => {
          await lookAgain();
          return flags.status.kind;
        },
        { timeout: 10_000 },
      )
      .toBe('current');
    expect(gateOf(flags)('forecast', {})).toBe(false);
    expect(heard.map(({ kind }) => kind)).toEqual(['stale', 'changed', 'current']);
  });

  it('are none until a database that was away at the beginning is there', async () => {
    await proxy.inject({ kind: 'half-open' });
    await using opened = await open();
    expect(opened.flags.status).toMatchObject({
      kind: 'never read',
      because: expect.stringContaining('Cannot'),
    });
    await proxy.heal();
    await expect
      .poll(
        async () => {
          await lookAgain();
          return opened.flags.status.kind;
        },
        { timeout: 10_000 },
      )
      .toBe('current');
    expect(opened.heard).toEqual([{ kind: 'current' }]);
  });

  it('that were written wrongly by hand stay as they were, and keep no other from changing', async () => {
    await using opened = await open();
    const { flags, postgres } = opened;
    await flags.put('a', true, ada);
    await flags.put('b', true, ada);
    await postgres.query({
      text: `UPDATE feature_flags SET definition = CASE name WHEN 'a' THEN '{"serve":"maybe"}'::jsonb ELSE 'false' END`,
    });
    await lookAgain();
    const gate = gateOf(flags);
    expect([gate('a', {}), gate('b', {})]).toEqual([true, false]);
    expect(flags.status).toMatchObject({
      kind: 'stale',
      because: expect.stringContaining('a: serve must be one of'),
    });
  });
  it('are told of where there are more than are read, and no further one is taken', async () => {
    await using postgres = createPostgres({ url: server.url });
    await using flags = await openPostgresFlags({ clock, postgres });
    const heard: FlagChange[] = [];
    flags.onChange((change) => heard.push(change));
    await postgres.query({
      text: `INSERT INTO feature_flags (name, definition, updated_by)
        SELECT 'flag-' || to_char(n, 'FM0000'), 'true', 'ada' FROM generate_series(1, 5000) AS n`,
    });
    await lookAgain();
    expect([flags.status.kind, flags.flags.size]).toEqual(['current', 5000]);
    await expect(flags.put('one-more', true, ada)).rejects.toMatchObject({
      code: 'SCALING_FLAGS_INVALID',
      message:
        'Cannot set the flag one-more: there are 5000 already, the most that are read. Remove one first.',
    });
    // What is there can be changed all the same.
    expect(await flags.put('flag-5000', false, ada)).toMatchObject({ version: 2 });
    heard.length = 0;
    await postgres.query({
      text: `INSERT INTO feature_flags (name, definition, updated_by) VALUES ('flag-0000', 'true', 'bo')`,
    });
    await lookAgain();
    const because =
      'there are more than 5000 flags: those after flag-4999 by their names do not hold. Remove what nobody needs';
    expect(flags.status).toMatchObject({ kind: 'stale', because });
    expect(heard).toEqual([
      { kind: 'changed', names: ['flag-5000', 'flag-0000'] },
      { kind: 'stale', because },
    ]);
    expect(flags.flags.size).toBe(5000);
    await flags.remove('flag-0000');
    expect(flags.status.kind).toBe('current');
    expect(gateOf(flags, true)('flag-5000', {})).toBe(false);
  });
});
