import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { Agent, request } from 'node:http';
import { connect } from 'node:net';
import { fileURLToPath } from 'node:url';
import { startFoodshare } from '@loadline/foodshare';
import { type FaultProxy, startFaultProxy } from '@loadline/local-stack';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  membersOfOneGroup,
  offerTo,
  type Person,
  type Running,
  startRunning,
  tokenSecret,
} from './running.ts';

let running: Running;
let person: Person;
let toPostgres: FaultProxy;
let toValkey: FaultProxy;

beforeAll(async () => {
  running = await startRunning(2000);
  [person] = (await membersOfOneGroup(running.database, 1)) as [Person];
  toPostgres = await startFaultProxy({ target: running.stack.postgres });
  toValkey = await startFaultProxy({ target: running.stack.valkeyCache });
});

afterAll(async () => {
  await Promise.all([toPostgres.close(), toValkey.close()]);
  await running[Symbol.asyncDispose]();
});

/** An instance that reaches its servers through the proxies. */
async function withInstance(work: (url: string) => Promise<void>): Promise<void> {
  const instance = await startFoodshare({
    databaseUrl: toPostgres.urlFor(running.stack.postgres.url),
    valkeyCacheUrl: toValkey.urlFor(running.stack.valkeyCache.url),
    tokenSecret,
    statementTimeoutMs: 300,
  });
  try {
    await work(instance.url);
  } finally {
    await instance.stop();
    await Promise.all([toPostgres.heal(), toValkey.heal()]);
  }
}

describe('while Valkey is away', () => {
  it.each(['cut', 'half-open', 'reset'] as const)(
    '(%s) every question is answered, and the instance stays in',
    (kind) =>
      withInstance(async (url) => {
        const ask = (path: string) => running.call('GET', path, { as: person.id, url });
        const before = await ask('/api/rankings');
        await toValkey.inject({ kind });
        const start = performance.now();
        expect(await ask('/api/rankings')).toMatchObject({ status: 200, body: before.body });
        expect(await ask(`/api/groups/${person.group}/analytics`)).toMatchObject({ status: 200 });
        expect(await ask('/api/food')).toMatchObject({ status: 200 });
        expect(performance.now() - start).toBeLessThan(3000);
        expect(await ask('/health/ready')).toMatchObject({
          status: 200,
          body: { status: 'degraded', checks: { database: 'ok', cache: 'failed' } },
        });
        expect((await ask('/metrics')).body).toMatch(
          /foodshare_cache_lookups_total\{.*outcome="failed"\} [1-9]/,
        );
      }),
  );
});

describe('while PostgreSQL is away', () => {
  it.each(['cut', 'half-open', 'reset'] as const)(
    '(%s) requests are refused in time with 503, and served when it is back',
    (kind) =>
      withInstance(async (url) => {
        const discover = () => running.call('GET', '/api/food', { as: person.id, url });
        const claim = () =>
          running.call('POST', `/api/food/${crypto.randomUUID()}/claim`, { as: person.id, url });
        expect((await discover()).status).toBe(200);
        await toPostgres.inject({ kind });
        const start = performance.now();
        const answers = await Promise.all([...Array.from({ length: 20 }, discover), claim()]);
        expect(performance.now() - start).toBeLessThan(6000);
        for (const answer of answers) {
          expect(answer).toMatchObject({
            status: 503,
            body: { type: 'urn:foodshare:problem:unavailable', status: 503 },
          });
          expect(answer.headers.get('retry-after')).toBe('1');
          expect(JSON.stringify(answer.body)).not.toMatch(/POSTGRES|ECONN|node_modules/);
        }
        expect(await running.call('GET', '/health/ready', { url })).toMatchObject({
          status: 503,
          body: { status: 'unhealthy', checks: { database: 'failed', cache: 'ok' } },
        });
        expect((await running.call('GET', '/health/live', { url })).status).toBe(200);
        await toPostgres.heal();
        await expect.poll(async () => (await discover()).status, { timeout: 10_000 }).toBe(200);
        expect((await running.call('GET', '/health/ready', { url })).status).toBe(200);
      }),
  );

  it('frozen whole, it holds nobody up for longer than the limits', async () => {
    const instance = await startFoodshare({
      databaseUrl: running.stack.postgres.url,
      valkeyCacheUrl: running.stack.valkeyCache.url,
      tokenSecret,
      statementTimeoutMs: 300,
    });
    const discover = () => running.call('GET', '/api/food', { as: person.id, url: instance.url });
    try {
      expect((await discover()).status).toBe(200);
      const { rows } = await running.database.query<{ pid: number }>({
        text: `SELECT pid FROM pg_stat_activity WHERE application_name = 'foodshare'`,
      });
      const frozen = [running.stack.postgres.pid, ...rows.map(({ pid }) => pid)];
      for (const pid of frozen) process.kill(pid, 'SIGSTOP');
      try {
        const start = performance.now();
        expect((await discover()).status).toBe(503);
        expect(performance.now() - start).toBeLessThan(4000);
      } finally {
        for (const pid of frozen) process.kill(pid, 'SIGCONT');
      }
      await expect.poll(async () => (await discover()).status, { timeout: 10_000 }).toBe(200);
    } finally {
      await instance.stop();
    }
  });
});

describe('a process that is asked to stop', () => {
  const children: ChildProcess[] = [];
  afterAll(() => {
    for (const child of children) child.kill('SIGKILL');
  });

  async function startProcess(
    environment: Record<string, string>,
  ): Promise<{ child: ChildProcess; line: string }> {
    const main = fileURLToPath(new URL('../src/main.ts', import.meta.url));
    const child = spawn(process.execPath, ['--conditions=loadline-source', main], {
      env: { PATH: process.env.PATH, ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    children.push(child);
    const [first] = await once(child.stdout as NodeJS.ReadableStream, 'data');
    return { child, line: String(first) };
  }

  it('says so first, completes what is in flight, closes its connections, and ends with 0', async () => {
    const { child, line } = await startProcess({
      DATABASE_URL: toPostgres.urlFor(running.stack.postgres.url),
      VALKEY_URL: running.stack.valkeyCache.url,
      FOODSHARE_TOKEN_SECRET: tokenSecret,
      FOODSHARE_DRAIN_DELAY: '2s',
    });
    const url = /^foodshare listening on (http:\S+)\n$/.exec(line)?.[1] as string;
    expect(url).toBeDefined();
    const post = () => running.call('POST', '/api/food', { as: person.id, url, body: offerTo(person.group) });
    expect((await post()).status).toBe(201);
    expect(await readyOf(url)).toEqual({ code: 200, connection: 'keep-alive', status: 'healthy' });
    const isOver = once(child, 'exit');
    await toPostgres.inject({ kind: 'delay', delayMs: 600 });
    const inFlight = post();
    await expect.poll(() => inFlightOf(url)).toBe(1);
    child.kill('SIGTERM');
    const isDraining = { code: 503, connection: 'close', status: 'draining' };
    await expect.poll(() => readyOf(url), { timeout: 2000 }).toEqual(isDraining);
    expect(await inFlight).toMatchObject({ status: 201 });
    expect(await isOver).toEqual([0, null]);
    await toPostgres.heal();
  });

  it('cuts off what is in flight for longer than its limit', async () => {
    const instance = await startFoodshare({
      databaseUrl: toPostgres.urlFor(running.stack.postgres.url),
      valkeyCacheUrl: running.stack.valkeyCache.url,
      tokenSecret,
      statementTimeoutMs: 1500,
      drainTimeoutMs: 100,
    });
    const { url } = instance;
    const discover = () => running.call('GET', '/api/food', { as: person.id, url });
    await discover();
    await toPostgres.inject({ kind: 'half-open' });
    const inFlight = discover().then(
      () => 'answered',
      () => 'cut off',
    );
    await expect.poll(() => inFlightOf(url)).toBe(1);
    const stopping = instance.stop();
    const start = performance.now();
    expect(await inFlight).toBe('cut off');
    expect(performance.now() - start).toBeLessThan(1000);
    await stopping;
    await toPostgres.heal();
  });

  it('outlasts its limit by no refresh of the summary', async () => {
    await running.database.query({
      text: 'ALTER FUNCTION refresh_group_activity_summary RENAME TO refresh_quickly',
    });
    await running.database.query({
      text: `CREATE FUNCTION refresh_group_activity_summary() RETURNS void BEGIN ATOMIC SELECT pg_sleep(20); END`,
    });
    const instance = await startFoodshare({
      databaseUrl: running.stack.postgres.url,
      valkeyCacheUrl: running.stack.valkeyCache.url,
      tokenSecret,
      drainTimeoutMs: 500,
    });
    const { url } = instance;
    const refresh = { as: person.id, admin: true, url };
    const refreshing = running.call('POST', '/api/admin/summary/refresh', refresh).catch(() => 'cut off');
    await expect.poll(() => inFlightOf(url)).toBe(1);
    const start = performance.now();
    await Promise.all([instance.stop(), refreshing]);
    expect(performance.now() - start).toBeLessThan(5000);
    await running.database.query({ text: 'DROP FUNCTION refresh_group_activity_summary' });
    await running.database.query({
      text: 'ALTER FUNCTION refresh_quickly RENAME TO refresh_group_activity_summary',
    });
  });

  it('doesn’t wait for a connection on which nobody ever asked anything', async () => {
    const instance = await startFoodshare({
      databaseUrl: running.stack.postgres.url,
      valkeyCacheUrl: running.stack.valkeyCache.url,
      tokenSecret,
    });
    const socket = connect(instance.port, '127.0.0.1');
    await once(socket, 'connect');
    const start = performance.now();
    await Promise.all([instance.stop(), once(socket, 'close')]);
    expect(performance.now() - start).toBeLessThan(2000);
  });

  it('is told what is wrong with its environment, all of it, before it starts', async () => {
    const main = fileURLToPath(new URL('../src/main.ts', import.meta.url));
    const child = spawn(process.execPath, ['--conditions=loadline-source', main], {
      env: { PATH: process.env.PATH, PORT: '70000', FOODSHARE_TOKEN_SECRET: 'short' },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    children.push(child);
    let said = '';
    for await (const chunk of child.stderr as NodeJS.ReadableStream) said += chunk;
    for (const name of ['DATABASE_URL', 'VALKEY_URL', 'FOODSHARE_TOKEN_SECRET', 'PORT'])
      expect(said).toContain(`  ${name} must`);
    expect(child.exitCode ?? (await once(child, 'exit'))[0]).toBe(2);
  });
});

/** Requests in flight; who asks for them is none. */
async function inFlightOf(url: string): Promise<number> {
  const text = await (await fetch(`${url}/metrics`)).text();
  return Number(/^http_requests_in_flight (\d+)$/m.exec(text)?.[1]);
}

/** On a connection that is to be kept, if the instance likes. */
function readyOf(url: string): Promise<{ code: number; connection: string | undefined; status: string }> {
  const agent = new Agent({ keepAlive: true });
  return new Promise((resolve, reject) => {
    const asking = request(`${url}/health/ready`, { agent }, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => {
        text += chunk;
      });
      response.on('end', () => {
        const { status } = JSON.parse(text);
        agent.destroy();
        resolve({ code: response.statusCode ?? 0, connection: response.headers.connection, status });
      });
    });
    asking.on('error', reject);
    asking.end();
  });
}
