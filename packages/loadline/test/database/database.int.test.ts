import { type StartedPostgres, startPostgres } from '@loadline/local-stack';
import { systemClock } from 'loadline/base';
import {
  compareServerStatistics,
  readServerStatistics,
  readStatements,
  reviewDatabase,
  type SlowQueries,
  watchSlowQueries,
} from 'loadline/database';
import { createPostgres, type Postgres } from 'loadline/postgres';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

let server: StartedPostgres;
let postgres: Postgres;

beforeAll(async () => {
  server = await startPostgres({ replicas: 1 });
  postgres = createPostgres({ url: server.url, connectionsMax: 4 });
  await postgres.query({ text: 'CREATE EXTENSION IF NOT EXISTS pg_stat_statements' });
  await postgres.query({ text: 'CREATE TABLE posts (id bigint PRIMARY KEY, owner bigint, text text)' });
  await postgres.query({
    text: "INSERT INTO posts SELECT n, n % 1000, repeat('x', 200) FROM generate_series(1, 20000) AS n",
  });
});

afterAll(async () => {
  await postgres.close();
  await server.stop();
});

const byOwner = { name: 'by-owner', text: 'SELECT * FROM posts WHERE owner = $1' };
const byId = { name: 'by-id', text: 'SELECT * FROM posts WHERE id = $1' };

async function lookAgain(watch: ReturnType<typeof watchSlowQueries>): Promise<SlowQueries> {
  const seen = await watch.look();
  if (seen.kind === 'missing') throw new Error(seen.because);
  return seen;
}

describe('watchSlowQueries()', () => {
  it('finds what has taken the time since the look before, with its text and without its values', async () => {
    const watch = watchSlowQueries(postgres);
    await lookAgain(watch);
    for (let i = 0; i < 30; i++) await postgres.query(byOwner, [i]);
    for (let i = 0; i < 300; i++) await postgres.query(byId, [i]);
    const { byTotalTime, fromMs, toMs } = await lookAgain(watch);
    const slow = byTotalTime.find(({ text }) => text?.includes('owner'));
    const quick = byTotalTime.find(({ text }) => text?.includes('WHERE id'));
    expect(slow).toMatchObject({ text: byOwner.text, calls: 30, rowsPerCall: 20 });
    expect(quick).toMatchObject({ calls: 300, rowsPerCall: 299 / 300 });
    expect(slow?.blocksPerCall).toBeGreaterThan(400);
    expect(quick?.blocksPerCall).toBeLessThan(10);
    expect(toMs).toBeGreaterThan(fromMs);
  });

  it('shows no value of a statement that the server itself keeps as it was sent', async () => {
    const watch = watchSlowQueries(postgres, 100);
    await lookAgain(watch);
    await postgres.query({ text: "CREATE ROLE carol PASSWORD 'swordfish'" });
    await postgres.query({ text: "COMMENT ON TABLE posts IS 'swordfish'" });
    const { byTotalTime } = await lookAgain(watch);
    const texts = byTotalTime.map(({ text }) => text);
    expect(texts).toContainEqual(expect.stringContaining('CREATE ROLE carol'));
    expect(texts.join()).not.toContain('swordfish');
  });

  it('lets looks of several callers follow each other', async () => {
    const watch = watchSlowQueries(postgres);
    await lookAgain(watch);
    for (let i = 0; i < 10; i++) await postgres.query(byId, [i]);
    // So that none of them has to wait for a connection.
    await Promise.all(Array.from({ length: 4 }, () => postgres.query({ text: 'SELECT pg_sleep(0.05)' })));
    const looks = await Promise.all(Array.from({ length: 4 }, () => lookAgain(watch)));
    const callsOf = ({ byTotalTime }: SlowQueries): number =>
      byTotalTime.find(({ text }) => text?.includes('WHERE id'))?.calls ?? 0;
    expect(looks.map(callsOf)).toEqual([10, 0, 0, 0]);
  });

  it('sees that the statistics were reset', async () => {
    const watch = watchSlowQueries(postgres);
    await lookAgain(watch);
    await postgres.query({ text: 'SELECT pg_stat_statements_reset()' });
    expect((await lookAgain(watch)).remarks).toEqual([expect.stringContaining('reset')]);
  });

  it('tells the statements of functions from those that were sent', async () => {
    await postgres.query({
      text: `CREATE FUNCTION slowly() RETURNS void LANGUAGE plpgsql
        AS $$ BEGIN PERFORM pg_sleep(0.05), count(*) FROM posts WHERE owner = 1; END $$`,
    });
    const watch = watchSlowQueries(postgres);
    await lookAgain(watch);
    await postgres.transaction(async (transaction) => {
      await transaction.query({ text: "SET LOCAL pg_stat_statements.track = 'all'" });
      await transaction.query({ text: 'SELECT slowly()' });
      await transaction.query({ text: 'SELECT count(*) FROM posts WHERE owner = 1' });
    });
    const { byTotalTime } = await lookAgain(watch);
    const called = byTotalTime.find(({ text }) => text === 'SELECT slowly()');
    const nested = byTotalTime.filter(({ id }) => id.endsWith('.nested'));
    expect(nested.length).toBeGreaterThan(0);
    expect(called?.shareOfTime).toBeGreaterThan(0.6);
    expect(nested[0]?.shareOfTime).toBeGreaterThan(0.6);
  });

  it('says where a statement writes to disk for want of memory', async () => {
    const watch = watchSlowQueries(postgres, 100);
    await lookAgain(watch);
    // All of it is sorted, in parts that are written, and of the parts only the beginnings are read again.
    const sorting =
      'SELECT * FROM (SELECT row_number() OVER (ORDER BY text, id) FROM posts) AS sorted LIMIT 1';
    await postgres.transaction(async (transaction) => {
      await transaction.query({ text: "SET LOCAL work_mem = '1MB'" });
      await transaction.query({ text: sorting });
    });
    const { byTotalTime } = await lookAgain(watch);
    const found = byTotalTime.find(({ text }) => text?.includes('ORDER BY text, id'));
    expect(found?.temporaryBlocksPerCall).toBeGreaterThan((20_000 * 200) / 8192);
  });

  it('knows no statement of another database', async () => {
    await postgres.query({ text: 'CREATE DATABASE elsewhere' });
    const url = new URL(server.url);
    url.pathname = '/elsewhere';
    await using elsewhere = createPostgres({ url: url.href, connectionsMax: 1 });
    await elsewhere.query({ text: 'SELECT 1 AS said_elsewhere' });
    const { byTotalTime } = await lookAgain(watchSlowQueries(postgres, 10_000));
    const texts = byTotalTime.map(({ text }) => text);
    expect(texts.join()).not.toContain('said_elsewhere');
    // Of what it counts elsewhere, it would find no text here.
    expect(texts).not.toContain(undefined);
  });

  it('counts as hidden only what is of this database', async () => {
    const url = new URL(server.url);
    url.pathname = '/elsewhere';
    await using owner = createPostgres({ url: url.href, connectionsMax: 1 });
    await owner.query({ text: 'CREATE EXTENSION IF NOT EXISTS pg_stat_statements' });
    await owner.query({ text: "CREATE ROLE guest LOGIN PASSWORD 'guest'" });
    const hiddenIn = async (pathname: string): Promise<number> => {
      const address = Object.assign(new URL(server.url), { username: 'guest', password: 'guest', pathname });
      await using guest = createPostgres({ url: address.href, connectionsMax: 1 });
      const seen = await readStatements(guest);
      return seen.kind === 'read' ? seen.hidden : Number.NaN;
    };
    expect(await hiddenIn('/elsewhere')).toBeLessThan(await hiddenIn(new URL(server.url).pathname));
  });

  it('finds the extension in any schema, also one with a name that needs quotes', async () => {
    await postgres.query({ text: 'CREATE SCHEMA "Odd ""name"' });
    await postgres.query({ text: 'ALTER EXTENSION pg_stat_statements SET SCHEMA "Odd ""name"' });
    await expect(readStatements(postgres)).resolves.toMatchObject({ kind: 'read' });
    await postgres.query({ text: 'ALTER EXTENSION pg_stat_statements SET SCHEMA public' });
  });

  it('counts what a role without rights may not see', async () => {
    await postgres.query({ text: "CREATE ROLE reader LOGIN PASSWORD 'reader'" });
    const url = new URL(server.url);
    url.username = 'reader';
    url.password = 'reader';
    await using reader = createPostgres({ url: url.href, connectionsMax: 1 });
    const seen = await readStatements(reader);
    expect(seen.kind === 'read' && seen.hidden).toBeGreaterThan(0);
    // So are the sessions of others, which count nevertheless.
    const { connections } = await readServerStatistics(reader);
    expect(connections.here.hidden).toBeGreaterThan(0);
    // Each of the two leaves out its own, and neither counts the server's own processes.
    expect(connections.total).toBe((await readServerStatistics(postgres)).connections.total);
  });

  it('says what to do where the server has not loaded what belongs to the extension', async () => {
    const bare = await startPostgres({ settings: { shared_preload_libraries: '' } });
    try {
      await using reader = createPostgres({ url: bare.url, connectionsMax: 1 });
      await reader.query({ text: 'CREATE EXTENSION IF NOT EXISTS pg_stat_statements' });
      expect(await readStatements(reader)).toMatchObject({
        kind: 'missing',
        remedy: expect.stringContaining('shared_preload_libraries'),
      });
    } finally {
      await bare.stop();
    }
  });

  it('says what to do where the extension is missing', async () => {
    await postgres.query({ text: 'DROP EXTENSION pg_stat_statements' });
    await expect(readStatements(postgres)).resolves.toMatchObject({
      kind: 'missing',
      remedy: expect.stringContaining('CREATE EXTENSION pg_stat_statements'),
    });
    await postgres.query({ text: 'CREATE EXTENSION pg_stat_statements' });
  });
});

describe('readServerStatistics()', () => {
  it('reads a primary: connections, memory, size and its replica', async () => {
    const seen = await readServerStatistics(postgres);
    expect(seen).toMatchObject({
      isReplica: false,
      replayLagBytes: undefined,
      version: expect.stringMatching(/^18/),
    });
    expect(seen.connections.max).toBe(200);
    expect(seen.databaseBytes).toBeGreaterThan(1e6);
    expect(seen.counts.commits).toBeGreaterThan(0);
    expect(seen.replicas).toMatchObject([
      { state: 'streaming', isSynchronous: false, lagBytes: expect.any(Number) },
    ]);
  });

  it('counts the connections of clients, and no other process', async () => {
    const alone = createPostgres({ url: server.url, connectionsMax: 1 });
    const before = await readServerStatistics(alone);
    let during = before;
    // A statement that never ends before its workers were seen; they have a user and a database as well.
    await postgres.transaction(async (transaction) => {
      await transaction.query({ text: "SET LOCAL debug_parallel_query = 'on'" });
      const working = transaction.query({ text: 'SELECT count(pg_sleep(0.001)) FROM posts WHERE id <= 500' });
      const workers = {
        text: "SELECT 1 FROM pg_stat_activity WHERE backend_type = 'parallel worker' AND state = 'active'",
      };
      while ((await alone.query(workers)).rowCount === 0);
      during = await readServerStatistics(alone);
      await working;
    });
    await alone.close();
    expect(during.connections.here.active).toBe(1);
    // Our own is left out, and of this database are all but it.
    const { active, idle, idleInTransaction } = before.connections.here;
    expect(before.connections.total).toBe(active + idle + idleInTransaction);
    expect(before.connections.reserved).toBe(3);
  });

  it('counts what was rolled back, and what was written to disk', async () => {
    const before = await readServerStatistics(postgres);
    await postgres
      .transaction(async (transaction) => {
        await transaction.query({ text: "SET LOCAL work_mem = '64kB'" });
        await transaction.query({
          text: 'SELECT count(*) FROM (SELECT text FROM posts ORDER BY text, id OFFSET 0) AS s',
        });
        await transaction.query({ text: 'SELECT pg_stat_force_next_flush()' });
        throw new Error('on purpose');
      })
      .catch(() => undefined);
    await postgres.query({ text: 'SELECT pg_stat_force_next_flush()' });
    const after = await readServerStatistics(postgres);
    expect(after.counts.rollbacks).toBeGreaterThan(before.counts.rollbacks);
    expect(after.counts.temporaryBytes).toBeGreaterThan(before.counts.temporaryBytes);
    // The server's clock and ours are those of one machine.
    expect(Math.abs(after.atMs - systemClock.now())).toBeLessThan(60_000);
    expect(after.startedMs).toBeLessThan(after.atMs);
  });

  it('reads a replica', async () => {
    await using replica = createPostgres({ url: server.replicas[0]?.url ?? '', connectionsMax: 1 });
    const seen = await readServerStatistics(replica);
    expect(seen).toMatchObject({ isReplica: true, replicas: [], replayLagBytes: expect.any(Number) });
  });

  it('sees a transaction that does nothing, and one that waits for its lock', async () => {
    let waiting: Promise<unknown> | undefined;
    await postgres.transaction(async (holder) => {
      await holder.query({ text: 'SELECT * FROM posts WHERE id = 1 FOR UPDATE' });
      waiting = postgres.query({ text: 'UPDATE posts SET owner = 1 WHERE id = 1' });
      let seen = await readServerStatistics(postgres);
      while (seen.connections.here.waitingForLock === 0) seen = await readServerStatistics(postgres);
      expect(seen.connections.here).toMatchObject({ idleInTransaction: 1, waitingForLock: 1 });
      expect(seen.longestTransactionMs).toBeGreaterThan(0);
      expect(seen.longestIdleInTransactionMs).toBeGreaterThan(0);
    });
    await waiting;
  });

  it('tells what was done between two readings', async () => {
    const before = await readServerStatistics(postgres);
    for (let i = 0; i < 20; i++) await postgres.query(byOwner, [i]);
    await postgres.query({ text: 'SELECT pg_stat_force_next_flush()' });
    const use = compareServerStatistics(before, await readServerStatistics(postgres));
    expect(use?.transactionsPerSecond).toBeGreaterThan(0);
    expect(use?.hitRatio).toBeGreaterThan(0);
  });
});

describe('reviewDatabase() of a real server', () => {
  it('names the planted statement that reads the whole table', async () => {
    const watch = watchSlowQueries(postgres);
    await lookAgain(watch);
    // Each call sleeps as well, so that it is slow on any machine.
    const slowly = { text: 'SELECT count(*), pg_sleep(0.01) FROM posts WHERE owner = $1' };
    for (let i = 0; i < 25; i++) await postgres.query(slowly, [i]);
    const slow = await lookAgain(watch);
    const statistics = await readServerStatistics(postgres);
    const { findings } = reviewDatabase({ component: 'database test', slow, statistics, use: undefined });
    const found = findings.find(({ kind }) => kind === 'slow statement');
    expect(found?.summary).toContain('FROM posts WHERE owner = $1');
    expect(found?.evidence).toContainEqual(expect.objectContaining({ name: 'isSequential', value: 1 }));
  });
});
