import { once } from 'node:events';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Ground } from '../src/ground.ts';
import {
  type LocalStack,
  startFaultProxy,
  startLocalStack,
  startPostgres,
  startValkey,
} from '../src/index.ts';
import { freePort, launch } from '../src/launch.ts';
import { withSession } from '../src/postgres-session.ts';
import { dropSlot } from '../src/postgres-standby.ts';
import { valkeySettings } from '../src/valkey.ts';
import { findValkey } from '../src/valkey-binary.ts';
import { askValkey, livingOf, processesIn } from './processes.ts';

let base: string;

beforeAll(() => {
  base = mkdtempSync(join(tmpdir(), 'local-stack-test-'));
  chmodSync(base, 0o755);
});

afterAll(() => {
  rmSync(base, { recursive: true, force: true, maxRetries: 5 });
});

describe('a named folder', () => {
  const start = async (replicas: number): Promise<{ stack: LocalStack; steps: string[] }> => {
    const steps: string[] = [];
    const folder = join(base, 'kept');
    return {
      stack: await startLocalStack({ folder, replicas, onProgress: (step) => steps.push(step) }),
      steps,
    };
  };

  it('keeps what must be kept, and is not prepared twice', async () => {
    const { stack: first } = await start(1);
    await withSession(first.postgres.url, (session) => session.query('CREATE TABLE kept AS SELECT 1 AS one'));
    await askValkey(first.valkeyLog.port, 'XADD stream * field value');
    await askValkey(first.valkeyCache.port, 'SET key value');
    const pids = pidsOf(first);
    expect(livingOf(pids)).toEqual(pids);
    await first.stop();
    await first.stop();
    expect(livingOf(pids)).toEqual([]);
    expect(processesIn(base)).toEqual([]);

    const { stack: second, steps } = await start(1);
    await using _ = second;
    expect(steps.filter((step) => /Making|Copying/.test(step))).toEqual([]);
    for (const { url } of [second.postgres, ...second.postgres.replicas]) {
      const { rows } = await withSession(url, (session) => session.query('SELECT one FROM kept'));
      expect(rows).toEqual([{ one: 1 }]);
    }
    expect(await askValkey(second.valkeyLog.port, 'XLEN stream')).toBe(':1\r\n');
    expect(await askValkey(second.valkeyCache.port, 'EXISTS key')).toBe(':0\r\n');
  });

  it('is refused to a second stack, which is told who has it', async () => {
    const { stack } = await start(1);
    await using _ = stack;
    await expect(start(0)).rejects.toMatchObject({
      code: 'LOCAL_STACK_FOLDER_IN_USE',
      message: expect.stringContaining(`pid ${process.pid}`),
      facts: { pid: process.pid },
    });
    await using elsewhere = await startValkey({ role: 'cache', folder: join(base, 'elsewhere') });
    expect(await askValkey(elsewhere.port, 'PING')).toBe('+PONG\r\n');
  });

  it('builds a broken replica anew, and removes one that is no longer wanted', async () => {
    writeFileSync(join(base, 'kept', 'replica-1', 'global', 'pg_control'), 'broken');
    const { stack, steps } = await start(1);
    expect(steps).toContain("Copying PostgreSQL's data for replica 1");
    const [replica] = stack.postgres.replicas;
    await withSession(replica?.url ?? '', (session) => session.query('SELECT one FROM kept'));
    await stack.stop();

    const { stack: alone } = await start(0);
    await using _ = alone;
    expect(existsSync(join(base, 'kept', 'replica-1'))).toBe(false);
    const { rows } = await withSession(alone.postgres.url, (session) =>
      session.query('SELECT slot_name FROM pg_replication_slots'),
    );
    expect(rows).toEqual([]);
  });

  it('is not touched when another version of PostgreSQL made it', async () => {
    const folder = join(base, 'older');
    mkdirSync(join(folder, 'postgres'), { recursive: true });
    writeFileSync(join(folder, 'postgres', 'PG_VERSION'), '17\n');
    await expect(startPostgres({ folder })).rejects.toMatchObject({
      code: 'LOCAL_STACK_FOLDER_UNUSABLE',
      message: expect.stringContaining('PostgreSQL 17'),
    });
  });

  it('must be a folder', async () => {
    writeFileSync(join(base, 'file'), '');
    await expect(startPostgres({ folder: join(base, 'file') })).rejects.toMatchObject({
      code: 'LOCAL_STACK_FOLDER_UNUSABLE',
    });
  });

  it('never has two stacks, however close together they start', async () => {
    const folder = join(base, 'contended');
    const starts = await Promise.allSettled([1, 2, 3].map(() => startValkey({ role: 'cache', folder })));
    const started = starts.flatMap((start) => (start.status === 'fulfilled' ? [start.value] : []));
    const refused = starts.flatMap((start) => (start.status === 'rejected' ? [start.reason] : []));
    for (const server of started) await server.stop();
    expect(started.length).toBeLessThanOrEqual(1);
    for (const reason of refused) expect(reason).toMatchObject({ code: 'LOCAL_STACK_FOLDER_IN_USE' });
  });

  it('is free again when the lock names a process whose number somebody else has now', async () => {
    const folder = join(base, 'recycled');
    mkdirSync(join(folder, 'runs'), { recursive: true });
    const owner = { pid: process.pid, startedAt: 'at another time' };
    const server = { pid: process.pid, startedAt: 'at another time' };
    writeFileSync(
      join(folder, 'runs', 'old.json'),
      JSON.stringify({ owner, keeper: owner, servers: [server] }),
    );
    await using valkey = await startValkey({ role: 'cache', folder });
    expect(await askValkey(valkey.port, 'PING')).toBe('+PONG\r\n');
  });

  it.runIf(process.getuid?.() === 0)('may be private to root: a link in it leads to the data', async () => {
    const folder = join(base, 'private', 'named');
    mkdirSync(folder, { recursive: true });
    chmodSync(join(base, 'private'), 0o700);
    for (const length of [1, 2]) {
      await using log = await startValkey({ role: 'log', folder });
      await askValkey(log.port, 'RPUSH list item');
      expect(await askValkey(log.port, 'LLEN list')).toBe(`:${length}\r\n`);
    }
    rmSync(folder, { recursive: true });
    await using afresh = await startValkey({ role: 'log', folder });
    expect(await askValkey(afresh.port, 'LLEN list')).toBe(':0\r\n');
    const data = realpathSync(join(folder, 'data'));
    await afresh.stop();
    rmSync(data, { recursive: true });
  });
});

describe('a start that fails', () => {
  it("quotes the server's log, and leaves nothing behind", async () => {
    const folder = join(base, 'failing');
    await expect(startPostgres({ folder, settings: { work_mem: 'nonsense' } })).rejects.toMatchObject({
      code: 'LOCAL_STACK_SERVER_FAILED',
      message: expect.stringContaining('invalid value for parameter "work_mem"'),
    });
    expect(processesIn(folder)).toEqual([]);
  });

  it('ends at once when it is given up', async () => {
    const folder = join(base, 'given-up');
    const giveUp = new AbortController();
    const reason = new Error('changed my mind');
    const start = startLocalStack({
      folder,
      signal: giveUp.signal,
      onProgress: (step) => step.startsWith('Making') && giveUp.abort(reason),
    });
    await expect(start).rejects.toBe(reason);
    expect(processesIn(folder)).toEqual([]);
    expect(existsSync(join(folder, 'postgres'))).toBe(false);
  });

  it.each([-1, 1.5, 9])('refuses %d replicas', async (replicas) => {
    await expect(startPostgres({ replicas })).rejects.toMatchObject({ code: 'LOCAL_STACK_OPTION_INVALID' });
  });
});

describe('a stop', () => {
  it('wakes a frozen server, instead of waiting for it until it has to be killed', async () => {
    const valkey = await startValkey({ role: 'cache', folder: join(base, 'frozen') });
    process.kill(valkey.pid, 'SIGSTOP');
    await valkey.stop();
    expect(livingOf([valkey.pid])).toEqual([]);
  }, 10_000);

  it('also ends what a killed keeper has left', async () => {
    const folder = join(base, 'keeperless');
    const valkey = await startValkey({ role: 'cache', folder });
    const keeper = processesIn(folder).find((line) => line.includes('keeper-main')) ?? '';
    process.kill(Number.parseInt(keeper, 10), 'SIGKILL');
    process.kill(valkey.pid, 'SIGSTOP');
    await valkey.stop();
    expect(livingOf([valkey.pid])).toEqual([]);
  }, 10_000);

  it('right after the end of a pool throws no error at it', async () => {
    const postgres = await startPostgres({ folder: join(base, 'kept') });
    await using proxy = await startFaultProxy({ target: postgres });
    const pool = new pg.Pool({ connectionString: proxy.urlFor(postgres.url) });
    const errors: unknown[] = [];
    pool.on('error', (error) => errors.push(error));
    await pool.query('SELECT 1');
    await proxy.inject({ kind: 'delay', delayMs: 50, direction: 'upstream' });
    await pool.end(); // Resolves before the server can have heard of it.
    await postgres.stop();
    expect(errors).toEqual([]);
  });

  it('of a temporary folder removes it', async () => {
    const valkey = await startValkey({ role: 'log' });
    const [, folder = ''] =
      /^dir\r\n\$\d+\r\n(.*)\/valkey-log\r\n/m.exec(await askValkey(valkey.port, 'CONFIG GET dir')) ?? [];
    expect(existsSync(folder)).toBe(true);
    await valkey.stop();
    expect(existsSync(folder)).toBe(false);
  });
});

describe('launch()', () => {
  it('tries another port when somebody else has taken the first', async () => {
    const rival = createServer().listen(0, '127.0.0.1');
    await once(rival, 'listening');
    const address = rival.address();
    const taken = typeof address === 'object' && address !== null ? address.port : 0;
    const ports = [taken, await freePort()];
    await using ground = await Ground.open({ folder: join(base, 'taken') });
    const path = await findValkey();
    const folder = await ground.makeFolder('valkey');
    const launched = await launch(ground, {
      choosePort: async () => ports.shift() ?? 0,
      prepare: async (port) => ({
        name: 'valkey',
        path,
        args: ['--port', `${port}`, ...valkeySettings('cache', folder)],
        cwd: folder,
        env: {},
        logPath: ground.logPath('valkey'),
        stopSignals: [{ signal: 'SIGTERM', afterMs: 0 }],
      }),
      isReady: async (port) => port !== taken && (await askValkey(port, 'PING')).startsWith('+PONG'),
    });
    rival.close();
    expect(launched.port).not.toBe(taken);
  });

  it('gives up at its limit also on a server that takes the question and never answers', async () => {
    await using ground = await Ground.open({ folder: join(base, 'mute') });
    const launching = launch(ground, {
      prepare: async () => ({
        name: 'mute',
        path: process.execPath,
        args: ['-e', 'setInterval(() => {}, 1000)'],
        cwd: ground.folder,
        env: {},
        logPath: ground.logPath('mute'),
        stopSignals: [{ signal: 'SIGTERM', afterMs: 0 }],
      }),
      isReady: () => new Promise(() => undefined),
      limitMs: 100,
    });
    await expect(launching).rejects.toMatchObject({ code: 'LOCAL_STACK_NOT_READY' });
  }, 10_000);
});

it('dropSlot() waits for the process that still holds the slot of a standby that has ended', async () => {
  await using postgres = await startPostgres();
  await withSession(postgres.url, async (session) => {
    await session.query(`SELECT pg_create_physical_replication_slot('held', true)`);
    const { rows } = await session.query('SELECT pg_current_wal_lsn()::text AS lsn');
    const standby = new pg.Client({ connectionString: `${postgres.url}?replication=true` });
    standby.on('error', () => undefined);
    await standby.connect();
    standby.query(`START_REPLICATION SLOT held PHYSICAL ${rows[0].lsn}`).catch(() => undefined);
    const slots = (): Promise<unknown[]> =>
      session.query('SELECT active FROM pg_replication_slots').then((found) => found.rows);
    await expect.poll(slots).toEqual([{ active: true }]);
    const dropping = dropSlot(session, 'held', new AbortController().signal);
    setTimeout(() => standby.connection.stream.destroy(), 200);
    await dropping;
    expect(await slots()).toEqual([]);
  });
});

function pidsOf({ postgres, valkeyCache, valkeyLog }: LocalStack): number[] {
  return [postgres, ...postgres.replicas, valkeyCache, valkeyLog].map(({ pid }) => pid);
}
