import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { type FaultProxy, type LocalStack, startFaultProxy, startLocalStack } from '@loadline/local-stack';
import { type Clock, systemClock } from 'loadline/base';
import { type AskedResources, type ResourceWatch, resolveTarget, watchResources } from 'loadline/load';
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

/** A clock on which a second takes a quarter of one. */
const quick: Clock = {
  now: () => systemClock.now(),
  monotonicMs: () => systemClock.monotonicMs() * 4,
  setTimer: (callback, delayMs) => systemClock.setTimer(callback, delayMs / 4),
};

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

function pointsOf(watched: ResourceWatch, source: string, name: string): number {
  const found = watched.series().find((series) => series.source === source && series.name === name);
  return found?.points.length ?? 0;
}

describe('watchResources()', () => {
  it('shows all that it was asked for on one clock', async () => {
    const { pid, url } = await startService();
    const startedMs = quick.monotonicMs();
    await using watched = await watch({
      pids: [pid],
      metrics: [url],
      postgres: stack.postgres.url,
      valkey: stack.valkeyCache.url,
    });
    await expect
      .poll(() => pointsOf(watched, 'postgres', 'commits') + pointsOf(watched, 'valkey', 'commands'), {
        timeout: 20_000,
      })
      .toBeGreaterThan(3);
    await watched.stop();
    const sources = new Set(watched.series().map(({ source }) => source));
    expect([...sources]).toEqual([`process ${pid}`, `metrics ${url.host}`, 'postgres', 'valkey']);
    expect(watched.problems()).toEqual([]);
    const elapsedMs = watched.series().flatMap(({ points }) => points.map(([each]) => each));
    expect(Math.min(...elapsedMs)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...elapsedMs)).toBeLessThanOrEqual(quick.monotonicMs() - startedMs);
    const files = watched.series().find(({ source }) => source.startsWith('metrics'));
    expect(files).toMatchObject({ name: 'open files', unit: 'count' });
    expect(files?.points.every(([, value]) => value === 21)).toBe(true);
  });

  it('goes on beside a target that is killed, and shows the gap', async () => {
    const { child, pid, url } = await startService();
    await using watched = await watch({ pids: [pid], metrics: [url], valkey: stack.valkeyCache.url });
    await expect.poll(() => pointsOf(watched, `metrics ${url.host}`, 'open files')).toBeGreaterThan(1);
    child.kill('SIGKILL');
    await once(child, 'exit');
    const seen = pointsOf(watched, 'valkey', 'memory');
    await expect
      .poll(() => pointsOf(watched, 'valkey', 'memory'), { timeout: 5000 })
      .toBeGreaterThan(seen + 3);
    await watched.stop();
    expect(watched.problems()).toEqual([
      expect.stringMatching(new RegExp(`^process ${pid}: it has ended, \\d+ of \\d+ samples missing$`)),
      expect.stringMatching(/^metrics .*: .*connection refused.*, \d+ of \d+ samples missing$/),
    ]);
    const last = watched
      .series()
      .find(({ source }) => source.startsWith('metrics'))
      ?.points.at(-1)?.[0];
    const end = watched
      .series()
      .find(({ source }) => source === 'valkey')
      ?.points.at(-1)?.[0];
    expect((end ?? 0) - (last ?? 0)).toBeGreaterThanOrEqual(2900);
  });

  it('goes on beside a target that is frozen, and sees it again when it thaws', async () => {
    const { child, pid, url } = await startService();
    await using watched = await watch({ pids: [pid], metrics: [url] });
    const source = `metrics ${url.host}`;
    await expect.poll(() => pointsOf(watched, source, 'open files')).toBeGreaterThan(1);
    child.kill('SIGSTOP');
    await expect.poll(() => watched.problems().join(), { timeout: 5000 }).toMatch(/no answer within 800 ms/);
    const frozen = pointsOf(watched, source, 'open files');
    const processSeen = pointsOf(watched, `process ${pid}`, 'cpu');
    await expect.poll(() => pointsOf(watched, `process ${pid}`, 'cpu')).toBeGreaterThan(processSeen + 2);
    expect(pointsOf(watched, source, 'open files')).toBeLessThanOrEqual(frozen + 1);
    child.kill('SIGCONT');
    await expect.poll(() => pointsOf(watched, source, 'open files')).toBeGreaterThan(frozen + 2);
    await watched.stop();
    expect(watched.problems()).toHaveLength(1);
  });

  it.each(['half-open', 'reset', 'cut'] as const)('sees PostgreSQL again after a %s', async (kind) => {
    await using watched = await watch({ postgres: proxy.urlFor(stack.postgres.url) });
    await expect
      .poll(() => pointsOf(watched, 'postgres', 'connections'), { timeout: 5000 })
      .toBeGreaterThan(1);
    await proxy.inject({ kind });
    await expect.poll(() => watched.problems(), { timeout: 5000 }).toHaveLength(1);
    await proxy.heal();
    const seen = pointsOf(watched, 'postgres', 'connections');
    await expect
      .poll(() => pointsOf(watched, 'postgres', 'connections'), { timeout: 10_000 })
      .toBeGreaterThan(seen + 1);
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
    await expect.poll(() => watched.problems().length, { timeout: 10_000 }).toBe(4);
    await watched.stop();
    const told = JSON.stringify([watched.series(), watched.problems()]);
    expect(told).not.toContain('hunter');
    expect(told).toContain('postgres: Cannot open a connection: password authentication failed');
  });

  it('ends with the signal, and keeps what it has seen', async () => {
    const controller = new AbortController();
    const watched = await watch({ pids: [process.pid] }, controller.signal);
    await expect.poll(() => pointsOf(watched, `process ${process.pid}`, 'memory')).toBeGreaterThan(1);
    controller.abort();
    const seen = pointsOf(watched, `process ${process.pid}`, 'memory');
    await new Promise((resolve) => setTimeout(resolve, 600));
    expect(pointsOf(watched, `process ${process.pid}`, 'memory')).toBe(seen);
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
      await expect.poll(() => pointsOf(watched, 'postgres', 'connections')).toBeGreaterThan(0);
      await watched.stop();
    }
    child.kill('SIGKILL');
    await once(child, 'exit');
    await expect.poll(() => process.getActiveResourcesInfo().length).toBeLessThanOrEqual(before);
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
