import { execFileSync } from 'node:child_process';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { type LocalStack, startFaultProxy, startLocalStack } from '../src/index.ts';
import { withSession } from '../src/postgres-session.ts';
import { askValkey } from './processes.ts';

let stack: LocalStack;
const steps: string[] = [];

beforeAll(async () => {
  stack = await startLocalStack({
    replicas: 1,
    settings: { work_mem: '23MB' },
    onProgress: (step) => steps.push(step),
  });
});

afterAll(async () => {
  await stack.stop();
});

const ask = async (text: string, url = stack.postgres.url): Promise<unknown[][]> =>
  withSession(url, async (session) => {
    const { rows } = await session.query<unknown[]>({ text, rowMode: 'array' });
    return rows;
  });

describe('startLocalStack()', () => {
  it('starts PostgreSQL 18 with its four extensions, also in databases that are made later', async () => {
    expect(await ask('SHOW server_version')).toEqual([[expect.stringMatching(/^18\./)]]);
    await ask('CREATE DATABASE later');
    const later = stack.postgres.url.replace(/\/loadline$/, '/later');
    for (const url of [stack.postgres.url, later]) {
      expect(
        await ask("SELECT extname FROM pg_extension WHERE extname <> 'plpgsql' ORDER BY 1", url),
      ).toEqual([['cube'], ['earthdistance'], ['pg_stat_statements'], ['pg_trgm']]);
    }
    expect(await ask('SELECT count(*) > 0 FROM pg_stat_statements')).toEqual([[true]]);
  });

  it('sorts by code point, and knows the letters of all languages', async () => {
    expect(await ask(`SELECT 'Z' < 'a', lower('ÉÑ'), cardinality(show_trgm('éñü')) > 0`)).toEqual([
      [true, 'éñ', true],
    ]);
  });

  it("takes the caller's settings, also for the standby", async () => {
    const [replica] = stack.postgres.replicas;
    expect(await ask('SHOW work_mem')).toEqual([['23MB']]);
    expect(await ask('SHOW work_mem', replica?.url)).toEqual([['23MB']]);
  });

  it('lets nobody in without the password', async () => {
    const url = new URL(stack.postgres.url);
    url.password = 'guessed';
    await expect(ask('SELECT 1', url.href)).rejects.toMatchObject({ code: '28P01' });
  });

  it('runs the servers as somebody who is not root', () => {
    const { postgres, valkeyCache, valkeyLog } = stack;
    for (const { pid } of [postgres, ...postgres.replicas, valkeyCache, valkeyLog]) {
      expect(execFileSync('ps', ['-o', 'user=', '-p', `${pid}`], { encoding: 'utf8' }).trim()).not.toBe(
        'root',
      );
    }
  });

  it('gives the cache 512 MB from which it evicts, and the log a file from which nothing is lost', async () => {
    const settings = async (port: number): Promise<Record<string, string>> => {
      const found: Record<string, string> = {};
      for (const name of ['maxmemory', 'maxmemory-policy', 'appendonly', 'save']) {
        const lines = (await askValkey(port, `CONFIG GET ${name}`)).split('\r\n');
        found[name] = lines[4] ?? '';
      }
      return found;
    };
    expect(await settings(stack.valkeyCache.port)).toEqual({
      maxmemory: '536870912',
      'maxmemory-policy': 'allkeys-lru',
      appendonly: 'no',
      save: '',
    });
    expect(await settings(stack.valkeyLog.port)).toEqual({
      maxmemory: '0',
      'maxmemory-policy': 'noeviction',
      appendonly: 'yes',
      save: '',
    });
  });

  it('says what it does', () => {
    expect(steps).toContain("Making PostgreSQL's data folder");
    expect(steps).toContain("Copying PostgreSQL's data for replica 1");
  });
});

describe('a replica', () => {
  it('receives what the primary writes', async () => {
    await ask('CREATE TABLE streamed AS SELECT 42 AS answer');
    await vi.waitFor(
      async () => expect(await ask('SELECT answer FROM streamed', replicaUrl())).toEqual([[42]]),
      { timeout: 10_000 },
    );
  });

  it('only reads', async () => {
    await expect(ask('CREATE TABLE refused ()', replicaUrl())).rejects.toMatchObject({ code: '25006' });
  });

  function replicaUrl(): string {
    const [replica] = stack.postgres.replicas;
    return replica?.url ?? '';
  }
});

describe('a fault proxy before a real server', () => {
  it('keeps a query waiting while half-open, and lets it answer when healed', async () => {
    await using proxy = await startFaultProxy({ target: stack.postgres });
    await withSession(proxy.urlFor(stack.postgres.url), async (session) => {
      await proxy.inject({ kind: 'half-open' });
      let isAnswered = false;
      const answer = session.query('SELECT 1').then(() => {
        isAnswered = true;
      });
      await vi.waitFor(() => expect(proxy.counts.heldBytes).toBeGreaterThan(0));
      await ask('SELECT 1'); // The server itself answers all the while.
      expect(isAnswered).toBe(false);
      await proxy.heal();
      await answer;
    });
  });

  it.each([
    [{ kind: 'cut' }, 'Connection terminated unexpectedly'],
    [{ kind: 'reset' }, 'ECONNRESET'],
  ] as const)('by %j fails a query that is under way', async (fault, message) => {
    await using proxy = await startFaultProxy({ target: stack.postgres });
    const session = new pg.Client({ connectionString: proxy.urlFor(stack.postgres.url) });
    session.on('error', () => undefined);
    await session.connect();
    const answer = session.query('SELECT pg_sleep(60)');
    const failed = expect(answer).rejects.toThrow(message);
    await vi.waitFor(async () =>
      expect(await ask("SELECT 1 FROM pg_stat_activity WHERE wait_event = 'PgSleep'")).toHaveLength(1),
    );
    await proxy.inject(fault);
    await failed;
    await ask("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE wait_event = 'PgSleep'");
  });

  it('corrupts what Valkey answers', async () => {
    await using proxy = await startFaultProxy({ target: stack.valkeyCache });
    expect(await askValkey(proxy.port, 'PING')).toBe('+PONG\r\n');
    await proxy.inject({ kind: 'corrupt', ratio: 1, direction: 'downstream' });
    expect(await askValkey(proxy.port, 'PING')).not.toContain('PONG');
  });
});
