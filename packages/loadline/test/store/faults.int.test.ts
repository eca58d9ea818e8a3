import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type FaultProxy, type StartedPostgres, startFaultProxy, startPostgres } from '@loadline/local-stack';
import { createVirtualClock, systemClock } from 'loadline/base';
import { createPostgres } from 'loadline/postgres';
import { openStore, type SeriesQuery, type Store } from 'loadline/store';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { recoverDeadWriters } from '../../src/store/dead-writers.ts';
import { makeDatabase, openAt, openFresh, sampleAt, seriesNamed, startMs } from './opened-store.ts';

let server: StartedPostgres;
let proxy: FaultProxy;

beforeAll(async () => {
  server = await startPostgres();
  proxy = await startFaultProxy({ target: server });
});

afterAll(async () => {
  await proxy.close();
  await server.stop();
});

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const a = seriesNamed('a');

describe('a writer that is killed', () => {
  it('loses no acknowledged sample, and its minutes are rolled up by another', async () => {
    const url = await makeDatabase(server.url);
    await using other = await openAt(url, { clock: createVirtualClock(systemClock.now()) });
    const fromMs = systemClock.now() - hourMs;
    let acknowledged = 0;
    for (const name of ['a', 'b', 'c']) acknowledged += await writeAndKill(url, name);
    expect(acknowledged).toBeGreaterThan(100);

    const query = { ...all(fromMs, fromMs + 2 * hourMs), quantiles: [0.5] };
    const found = await countOf(other.store, query);
    expect(found).toBeGreaterThanOrEqual(acknowledged);
    expect(await countOf(other.store, { ...query, stepMs: hourMs })).toBe(found);

    const before = await other.store.metrics.series({ ...query, stepMs: minuteMs });
    expect(await recoverDeadWriters(other.postgres, -1)).toBe(3);
    const { rows } = await other.postgres.query({ text: 'SELECT FROM metric_writers' });
    expect(rows).toHaveLength(0);
    expect(await other.store.metrics.series({ ...query, stepMs: minuteMs })).toEqual(before);
    expect(await countOf(other.store, { ...query, stepMs: hourMs })).toBe(found);
  });

  it('goes on as another writer where it was only taken for dead', async () => {
    await using opened = await openFresh(server.url);
    await opened.store.metrics.write([sampleAt(a, startMs, 1)]);
    expect(await recoverDeadWriters(opened.postgres, -1)).toBe(1);
    expect(await opened.store.metrics.write([sampleAt(a, startMs + 1, 2)])).toMatchObject({
      state: 'committed',
    });
    await opened.pass(2 * hourMs);
    for (const stepMs of [1000, minuteMs, hourMs]) {
      expect(await countOf(opened.store, { ...all(startMs, startMs + 1000), stepMs })).toBe(2);
    }
    expect(opened.store.counts).toMatchObject({ committed: 3, retries: 0 });
  });
});

describe('two writers', () => {
  it('write the same series at once, and both are counted', async () => {
    await using first = await openFresh(server.url);
    await using second = await openAt(first.url);
    const write = (opened: typeof first, from: number): Promise<unknown>[] =>
      Array.from({ length: 20 }, (_, at) =>
        opened.store.metrics.write([sampleAt(seriesNamed(`s${at % 7}`), startMs + from + at, at)]),
      );
    await Promise.all([...write(first, 0), ...write(second, 100)]);
    await Promise.all([first.pass(hourMs), second.pass(hourMs)]);
    for (const stepMs of [1000, minuteMs, hourMs]) {
      expect(await countOf(first.store, { ...all(startMs, startMs + 1000), stepMs })).toBe(40);
    }
  });

  it('open a new database together', async () => {
    const url = await makeDatabase(server.url);
    const opened = await Promise.all([openAt(url), openAt(url), openAt(url)]);
    for (const [at, { store }] of opened.entries()) {
      expect(await store.metrics.write([sampleAt(a, startMs + at, 1)])).toMatchObject({ state: 'committed' });
    }
    for (const each of opened) await each[Symbol.asyncDispose]();
  });
});

describe('while the database is away', () => {
  it('says that samples wait, drops the oldest, and commits the rest when it is back', async () => {
    const url = proxy.urlFor(await makeDatabase(server.url));
    const postgres = createPostgres({ url });
    const clock = createVirtualClock(startMs);
    await using store = await openStore(postgres, { clock, waitingSamplesMax: 25 });
    await store.metrics.write([sampleAt(a, startMs, 0)]);
    await proxy.inject({ kind: 'cut' });
    for (let at = 1; at <= 6; at++) {
      const samples = Array.from({ length: 10 }, (_, each) => sampleAt(a, startMs + at, each));
      expect(await store.metrics.write(samples)).toMatchObject({ state: 'waiting', accepted: 10 });
    }
    // The first batch is on its way again and again; of the others two have a place.
    expect(store.counts).toMatchObject({ committed: 1, waiting: 30, dropped: 30, isAway: true });
    await proxy.heal();
    await expect.poll(() => passPause(store, clock), { interval: 20, timeout: 20_000 }).toBe(31);
    expect(store.counts).toMatchObject({ waiting: 0, waitingBytes: 0, isAway: false });
    expect(await countOf(store, all(startMs, startMs + 1000))).toBe(31);
    await store.close();
    await postgres.close();
  });

  it('does not write twice what was committed although the answer got lost', async () => {
    const url = await makeDatabase(server.url);
    await using witness = await openAt(url);
    const postgres = createPostgres({ url: proxy.urlFor(url), statementTimeoutMs: 500 });
    const clock = createVirtualClock(startMs);
    await using store = await openStore(postgres, { clock });
    await store.metrics.write([sampleAt(a, startMs, 0)]);
    // Commits come later than their answers could: the connection breaks after COMMIT was sent.
    await witness.postgres.query({ text: slowCommit });
    const write = store.metrics.write([sampleAt(a, startMs, 1)]);
    await expect.poll(() => isCommitting(witness.postgres), { interval: 5, timeout: 20_000 }).toBe(true);
    await proxy.inject({ kind: 'reset' });
    await write;
    await witness.postgres.query({ text: 'DROP TRIGGER slow_commit ON metric_writers' });
    await proxy.heal();
    await expect.poll(() => passPause(store, clock), { interval: 20, timeout: 20_000 }).toBe(2);
    expect(store.counts.retries).toBeGreaterThan(0);
    expect(await countOf(witness.store, all(startMs, startMs + 1000))).toBe(2);
    await store.close();
    await postgres.close();
  });

  it('waits for a frozen server no longer than its patience, and goes on when it thaws', async () => {
    const opened = await openFresh(server.url, { patienceMs: 50 });
    await opened.store.metrics.write([sampleAt(a, startMs, 0)]);
    const processes = [server.pid, ...childrenOfServer()];
    for (const pid of processes) process.kill(pid, 'SIGSTOP');
    try {
      const write = opened.store.metrics.write([sampleAt(a, startMs, 1)]);
      await opened.clock.advance(50);
      expect(await write).toMatchObject({ state: 'waiting' });
      expect(opened.store.counts).toMatchObject({ committed: 1, waiting: 1 });
    } finally {
      for (const pid of processes) process.kill(pid, 'SIGCONT');
    }
    await expect.poll(() => opened.store.counts.committed, { interval: 20, timeout: 20_000 }).toBe(2);
    await opened[Symbol.asyncDispose]();
  });

  it('keeps what was acknowledged when the server crashes, and goes on when it is up again', async () => {
    const opened = await openFresh(server.url);
    let acknowledged = 0;
    for (let at = 0; at < 5; at++) {
      acknowledged += (await opened.store.metrics.write([sampleAt(a, startMs + at, at)])).accepted;
    }
    const lost = opened.postgres.usage.lost;
    // The server takes the death of one of its processes for a damage of what they share, and starts all of them anew.
    process.kill(childrenOfServer()[0] as number, 'SIGKILL');
    await expect
      .poll(() => opened.postgres.usage.lost, { interval: 10, timeout: 20_000 })
      .toBeGreaterThan(lost);
    for (let at = 5; at < 10; at++) {
      acknowledged += (await opened.store.metrics.write([sampleAt(a, startMs + at, at)])).accepted;
    }
    await expect
      .poll(() => passPause(opened.store, opened.clock), { interval: 20, timeout: 20_000 })
      .toBe(acknowledged);
    expect(await countOf(opened.store, all(startMs, startMs + 1000))).toBe(10);
    await opened[Symbol.asyncDispose]();
  });

  it('gives up at close what cannot be written, and says how much that was', async () => {
    const url = proxy.urlFor(await makeDatabase(server.url));
    const postgres = createPostgres({ url });
    const clock = createVirtualClock(startMs);
    const store = await openStore(postgres, { clock, closeTimeoutMs: 1000 });
    await proxy.inject({ kind: 'cut' });
    await store.metrics.write([sampleAt(a, startMs, 0)]);
    const closed = store.close();
    await clock.advance(1000);
    await closed;
    expect(store.counts).toMatchObject({ committed: 0, waiting: 0, dropped: 1 });
    expect(clock.pending).toBe(0);
    await proxy.heal();
    await postgres.close();
  });
});

/** Moves on to the next attempt to write. */
async function passPause(store: Store, clock: ReturnType<typeof createVirtualClock>): Promise<number> {
  await clock.advance(1000);
  return store.counts.committed;
}

/** The server takes its time between COMMIT and its answer. */
const slowCommit = `CREATE FUNCTION slow_commit() RETURNS trigger LANGUAGE plpgsql AS
  $$ BEGIN PERFORM pg_sleep(0.3); RETURN NULL; END $$;
  CREATE CONSTRAINT TRIGGER slow_commit AFTER UPDATE ON metric_writers DEFERRABLE INITIALLY DEFERRED
  FOR EACH ROW EXECUTE FUNCTION slow_commit()`;

async function isCommitting(postgres: ReturnType<typeof createPostgres>): Promise<boolean> {
  const { rowCount } = await postgres.query({
    text: `SELECT FROM pg_stat_activity WHERE query = 'COMMIT' AND wait_event = 'PgSleep' AND datname = current_database()`,
  });
  return rowCount === 1;
}

/** The processes of the server: each connection has one. */
function childrenOfServer(): number[] {
  const isChild = (pid: string): boolean => {
    try {
      const [, afterName = ''] = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ');
      return afterName.split(' ')[1] === String(server.pid);
    } catch {
      return false; // It has ended meanwhile.
    }
  };
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && isChild(name))
    .map(Number);
}

/** How many samples were acknowledged before the process was killed, in the middle of others. */
async function writeAndKill(url: string, name: string): Promise<number> {
  const program = fileURLToPath(new URL('writing-process.ts', import.meta.url));
  const child = spawn(process.execPath, ['--conditions=loadline-source', program, url, name], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let out = '';
  const enough = new Promise<void>((resolve, reject) => {
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      out += text;
      if (out.length > 500) resolve();
    });
    child.once('exit', () => reject(new Error('The writing process has ended by itself.')));
  });
  await enough;
  child.kill('SIGKILL');
  await once(child, 'close');
  const told = out
    .split('\n')
    .slice(0, -1)
    .map((line) => line.split(' ') as [string, string]);
  expect(told.every(([state]) => state === 'committed')).toBe(true);
  return told.reduce((sum, [, accepted]) => sum + Number(accepted), 0);
}

function all(fromMs: number, toMs: number): SeriesQuery {
  return { metric: 'response_time', fromMs, toMs, stepMs: 1000 };
}

async function countOf(store: Store, query: SeriesQuery): Promise<number> {
  const { lines } = await store.metrics.series(query);
  return lines.flatMap(({ points }) => points).reduce((sum, { count }) => sum + count, 0);
}
