import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { type FaultProxy, type LocalStack, startFaultProxy, startLocalStack } from '@loadline/local-stack';
import { type Clock, systemClock } from 'loadline/base';
import { resolveTarget } from 'loadline/load';
import { type AskedResources, type ResourceWatch, watchResources } from 'loadline/load/resources';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { createValkeyProbe } from '../../../src/load/resources/valkey.ts';

let stack: LocalStack;
let proxy: FaultProxy;
const children: ChildProcess[] = [];

beforeAll(async () => {
  stack = await startLocalStack();
  proxy = await startFaultProxy({ target: stack.postgres });
});

afterEach(async () => {
  for (const child of children.splice(0)) {
    if (child.exitCode !== null || child.signalCode !== null) continue;
    child.kill('SIGKILL');
    await once(child, 'exit');
  }
});

afterAll(async () => {
  await proxy.close();
  await stack.stop();
});

/** A clock on which a second takes half of one. */
const quick: Clock = {
  now: () => systemClock.now(),
  monotonicMs: () => systemClock.monotonicMs() * 2,
  setTimer: (callback, delayMs) => systemClock.setTimer(callback, delayMs / 2),
};

/** The machine may be busy: a test waits for what has to come, and bears that a sample is missing elsewhere. */
const soon = { timeout: 30_000 };

function watch(
  asked: AskedResources,
  signal: AbortSignal = new AbortController().signal,
): Promise<ResourceWatch> {
  const addressOf = (url: URL): Promise<string> => resolveTarget(url.href, { allowLoopback: true });
  return watchResources(asked, { clock: quick, startMs: quick.monotonicMs(), signal, addressOf });
}

/** A service of its own process, with a /metrics address. */
async function startService(): Promise<{
  readonly child: ChildProcess;
  readonly pid: number;
  readonly url: URL;
}> {
  const program = `
    require('node:http').createServer((request, response) => {
      response.end('# TYPE process_open_fds gauge\\nprocess_open_fds 21\\n');
    }).listen(0, '127.0.0.1', function () { process.stdout.write(String(this.address().port)); });`;
  const child = spawn(process.execPath, ['-e', program], { stdio: ['ignore', 'pipe', 'inherit'] });
  children.push(child);
  const [port] = await once(child.stdout, 'data');
  return { child, pid: child.pid as number, url: new URL(`http://127.0.0.1:${port}/metrics`) };
}

function timesOf(watched: ResourceWatch, source: string, name: string): number[] {
  const found = watched.series().find((series) => series.source === source && series.name === name);
  return (found?.points ?? []).map(([elapsedMs]) => elapsedMs);
}

/** Waits until a series has so many points more. */
async function morePoints(watched: ResourceWatch, source: string, name: string, more: number): Promise<void> {
  const before = timesOf(watched, source, name).length;
  await expect.poll(() => timesOf(watched, source, name).length, soon).toBeGreaterThanOrEqual(before + more);
}

/** How many samples are missing, of all sources. */
function missingOf(watched: ResourceWatch): number {
  const counts = watched.problems().map((problem) => Number(/(\d+) of \d+ samples/.exec(problem)?.[1] ?? 0));
  return counts.reduce((sum, count) => sum + count, 0);
}

describe('watchResources()', () => {
  it('shows all that it was asked for on one clock', async () => {
    const { pid, url } = await startService();
    const startMs = quick.monotonicMs();
    await using watched = await watch({
      pids: [pid],
      metrics: [url],
      postgres: stack.postgres.url,
      valkey: stack.valkeyCache.url,
    });
    await morePoints(watched, 'postgres', 'commits', 2);
    await morePoints(watched, 'valkey', 'commands', 2);
    await watched.stop();
    const sources = new Set(watched.series().map(({ source }) => source));
    expect([...sources]).toEqual([`process ${pid}`, `metrics ${url.host}`, 'postgres', 'valkey']);
    const times = watched.series().flatMap(({ source, name }) => timesOf(watched, source, name));
    expect(Math.min(...times)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...times)).toBeLessThanOrEqual(quick.monotonicMs() - startMs);
    const files = watched.series().find(({ source }) => source.startsWith('metrics'));
    expect(files).toMatchObject({ name: 'open files', unit: 'count' });
    expect(files?.points.every(([, value]) => value === 21)).toBe(true);
  });

  it('goes on beside a target that is killed, and shows the gap', async () => {
    const { child, pid, url } = await startService();
    const source = `metrics ${url.host}`;
    await using watched = await watch({ pids: [pid], metrics: [url], valkey: stack.valkeyCache.url });
    await morePoints(watched, source, 'open files', 2);
    child.kill('SIGKILL');
    await once(child, 'exit');
    await morePoints(watched, 'valkey', 'memory', 4);
    await watched.stop();
    const told = watched.problems().join('\n');
    expect(told).toMatch(new RegExp(`^process ${pid}: .*it has ended.*, \\d+ of \\d+ samples missing$`, 'm'));
    expect(told).toMatch(/^metrics .*: .*connection refused.*, \d+ of \d+ samples missing$/m);
    const lastMs = (of: string, name: string): number => timesOf(watched, of, name).at(-1) ?? Number.NaN;
    expect(lastMs('valkey', 'memory') - lastMs(source, 'open files')).toBeGreaterThan(1900);
  });

  it('goes on beside a target that is frozen, and sees it again when it thaws', async () => {
    const { child, pid, url } = await startService();
    const source = `metrics ${url.host}`;
    await using watched = await watch({ pids: [pid], metrics: [url] });
    await morePoints(watched, source, 'open files', 2);
    child.kill('SIGSTOP');
    const missing = missingOf(watched);
    await expect.poll(() => missingOf(watched), soon).toBeGreaterThan(missing);
    const frozen = timesOf(watched, source, 'open files').length;
    await morePoints(watched, `process ${pid}`, 'memory', 3);
    expect(timesOf(watched, source, 'open files')).toHaveLength(frozen);
    expect(watched.problems().join()).toContain('no answer within 800 ms');
    child.kill('SIGCONT');
    await morePoints(watched, source, 'open files', 2);
  });

  it.each(['half-open', 'reset', 'cut'] as const)('sees PostgreSQL again after a %s', async (kind) => {
    await using watched = await watch({ postgres: proxy.urlFor(stack.postgres.url) });
    await morePoints(watched, 'postgres', 'connections', 1);
    const missing = missingOf(watched);
    await proxy.inject({ kind });
    await expect.poll(() => missingOf(watched), soon).toBeGreaterThan(missing + 1);
    await proxy.heal();
    await morePoints(watched, 'postgres', 'connections', 2);
  });

  it('never tells a password', async () => {
    const postgres = new URL(stack.postgres.url);
    postgres.password = 'hunter22';
    const valkey = new URL(stack.valkeyCache.url);
    valkey.username = 'nobody';
    valkey.password = 'hunter33';
    const { url } = await startService();
    url.username = 'ann';
    url.password = 'hunter44';
    url.searchParams.set('token', 'hunter55');
    await using watched = await watch({
      postgres: postgres.href,
      valkey: valkey.href,
      metrics: [url, new URL('http://ann:hunter66@127.0.0.1:9/metrics?token=hunter77')],
      metricNames: ['hunter44'],
    });
    const told = (): string => JSON.stringify([watched.series(), watched.problems()]);
    for (const reason of [
      'password authentication failed',
      'WRONGPASS',
      'has no ***',
      'connection refused',
    ]) {
      await expect.poll(told, soon).toContain(reason);
    }
    await watched.stop();
    expect(told()).not.toContain('hunter');
  });

  it('ends with the signal, and keeps what it has seen', async () => {
    const controller = new AbortController();
    const source = `process ${process.pid}`;
    const watched = await watch({ pids: [process.pid] }, controller.signal);
    await morePoints(watched, source, 'memory', 2);
    controller.abort();
    const seen = timesOf(watched, source, 'memory');
    await new Promise((resolve) => setTimeout(resolve, 1200));
    expect(timesOf(watched, source, 'memory')).toEqual(seen);
    await watched.stop();
  });

  it('refuses addresses that may not be reached or are none, before it opens anything', async () => {
    const metrics = [new URL('http://169.254.169.254/metrics')];
    await expect(watch({ metrics })).rejects.toMatchObject({ code: 'LOAD_TARGET_REFUSED' });
    await expect(watch({ postgres: 'nonsense' })).rejects.toMatchObject({ code: 'POSTGRES_ADDRESS_INVALID' });
    await expect(watch({ valkey: 'nonsense' })).rejects.toMatchObject({ code: 'VALKEY_ADDRESS_INVALID' });
  });

  it('leaves nothing open', async () => {
    const before = process.getActiveResourcesInfo().length;
    const { child, url, pid } = await startService();
    for (let round = 0; round < 3; round++) {
      const watched = await watch({
        pids: [pid],
        metrics: [url],
        postgres: stack.postgres.url,
        valkey: stack.valkeyCache.url,
      });
      await morePoints(watched, 'postgres', 'connections', 1);
      await watched.stop();
    }
    child.kill('SIGKILL');
    await once(child, 'exit');
    await expect.poll(() => process.getActiveResourcesInfo().length, soon).toBeLessThanOrEqual(before);
  });
});

describe('Valkey', () => {
  it('tells its clients without the one that asks, its memory, commands and hits', async () => {
    const probe = createValkeyProbe(stack.valkeyCache.url);
    const readings = await probe.sample(AbortSignal.timeout(5000));
    await probe.close();
    expect(readings).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ name: 'connections', unit: 'count', value: 0 }),
        expect.objectContaining({
          name: 'memory',
          unit: 'bytes',
          value: expect.toSatisfy((bytes) => bytes > 1e5),
        }),
        expect.objectContaining({ name: 'commands', kind: 'counter' }),
        expect.objectContaining({ name: 'memory of the limit', unit: 'ratio' }),
      ]),
    );
    expect(readings.map(({ name }) => name).toSorted()).toEqual(
      [
        'clients blocked',
        'commands',
        'connections',
        'connections refused',
        'cpu',
        'hit ratio',
        'keys evicted',
        'keys expired',
        'memory',
        'memory of the limit',
        'received',
        'sent',
      ].toSorted(),
    );
  });
});
