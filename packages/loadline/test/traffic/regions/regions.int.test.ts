import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { promisify } from 'node:util';
import { type FaultProxy, startFaultProxy } from '@loadline/local-stack';
import { type RegionPlan, readRegionPlan, writeRegionConfiguration } from 'loadline/traffic';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createHaproxyRuntime } from '../../../src/traffic/drivers/haproxy-runtime.ts';
import { freePort } from '../drivers/free-port.ts';
import { startUpstreamServer, type UpstreamServer } from '../drivers/upstream-server.ts';

/** Three regions, each as far away as a proxy makes it, behind a real HAProxy. */
const names = ['eu', 'us', 'ap'] as const;
/** As many as there are countries, all served alike. */
const manyAreas = Object.fromEntries(
  Array.from({ length: 250 }, (_, index) => [`area-${index}`, [['eu'], ['us']]]),
);
const servers = new Map<string, UpstreamServer>();
const distances = new Map<string, FaultProxy>();
let before: BeforeRegions;

beforeAll(async () => {
  for (const [index, name] of names.entries()) {
    const server = await startUpstreamServer(name);
    const distance = await startFaultProxy({ target: { port: server.upstream.port } });
    await distance.inject({ kind: 'delay', delayMs: 2 + 4 * index });
    servers.set(name, server);
    distances.set(name, distance);
  }
  const plan = readRegionPlan({
    regions: Object.fromEntries(
      names.map((name) => [name, { host: '127.0.0.1', port: distances.get(name)?.port }]),
    ),
    areas: { de: [['eu'], ['us']], at: [['eu'], ['us']], us: [['us'], ['eu']], ...manyAreas },
  });
  before = await startBefore(plan);
  for (let look = 0; (await ask('de').catch(() => 'nobody')) !== 'eu'; look++) {
    if (look === 250) throw new Error('HAProxy did not come up within five seconds; its words are above');
    await pause(20);
  }
});

afterAll(async () => {
  await before?.[Symbol.asyncDispose]();
  for (const distance of distances.values()) await distance.close();
  for (const server of servers.values()) await server[Symbol.asyncDispose]();
});

interface BeforeRegions extends AsyncDisposable {
  readonly url: string;
  /** Which regions it takes for up. */
  up(): Promise<string[]>;
}

/** A real HAProxy before the regions of a plan. @param networks a map of them to areas; without it a header names the area. */
async function startBefore(plan: RegionPlan, networks?: string): Promise<BeforeRegions> {
  const folder = await mkdtemp(join(tmpdir(), 'loadline-regions-'));
  const networksPath = join(folder, 'networks.map');
  await writeFile(networksPath, networks ?? '');
  const listen = `127.0.0.1:${await freePort()}`;
  const path = join(folder, 'haproxy.cfg');
  const socketPath = join(folder, 'haproxy.sock');
  const text = writeRegionConfiguration(plan, {
    runtime: { socketPath },
    healthCheck: { intervalMs: 100, startIntervalMs: 50, timeoutMs: 1000 },
    slowStartMs: 2000,
    origin: networks === undefined ? { header: 'x-country' } : { networksPath },
    file: { listen: [listen] },
  });
  await writeFile(path, text);
  const env = { ...process.env, PATH: [process.env.PATH, '/usr/sbin'].join(delimiter) };
  await promisify(execFile)('haproxy', ['-c', '-f', path], { env });
  const haproxy = spawn('haproxy', ['-db', '-q', '-f', path], { stdio: 'inherit', env });
  const runtime = createHaproxyRuntime({ socketPath });
  return {
    url: `http://${listen}`,
    async up() {
      const rows = (await runtime.ask('show stat', new AbortController().signal)).split('\n');
      // Of one that is on its way down it says how far, as `UP 1/3`.
      const isUp = (name: string): boolean =>
        rows.some((row) => row.startsWith(`region-${name},${name},`) && row.split(',')[17]?.startsWith('UP'));
      return plan.regions.map(({ name }) => name).filter(isUp);
    },
    async [Symbol.asyncDispose]() {
      if (haproxy.kill('SIGKILL')) await once(haproxy, 'exit');
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/**
 * Which region answers a request from a country; its status where none does. Of a connection to a server that was reset,
 * HAProxy leaves the repetition to the client, and tells it by ending its connection.
 */
async function ask(country: string): Promise<string> {
  const init = { headers: { 'x-country': country } };
  const answer = await fetch(before.url, init).catch(() => fetch(before.url, init));
  const body = await answer.text();
  return answer.ok ? body : String(answer.status);
}

/** Asks from a country, by eight at once, until `isEnough`, and counts who has answered. */
async function askUntil(
  country: string,
  isEnough: () => Promise<boolean> | boolean,
): Promise<Map<string, number>> {
  const counts = new Map<string, number>();
  let isOver = false;
  const asking = Array.from({ length: 8 }, async () => {
    while (!isOver) {
      const answer = await ask(country).catch((error: unknown) => String(error));
      counts.set(answer, (counts.get(answer) ?? 0) + 1);
      await pause(5);
    }
  });
  while (!(await isEnough())) await pause(10);
  isOver = true;
  await Promise.all(asking);
  return counts;
}

function times(count: number): () => boolean {
  return () => count-- <= 0;
}

it('each area is served by the nearest region, and those from elsewhere by all', async () => {
  expect([...(await askUntil('DE', times(10))).keys()]).toEqual(['eu']);
  expect([...(await askUntil('at', times(10))).keys()]).toEqual(['eu']);
  expect([...(await askUntil('us', times(10))).keys()]).toEqual(['us']);
  for (const last of Object.keys(manyAreas).slice(-2)) expect(await ask(last)).toBe('eu');
  expect([...(await askUntil('br', times(30))).keys()].toSorted()).toEqual(['ap', 'eu', 'us']);
});

it('when a region dies, what may be repeated is answered by the next, and it comes back bit by bit', async () => {
  const eu = distances.get('eu') as FaultProxy;
  let isCut = false;
  const whileDying = await askUntil('de', async () => {
    if (!isCut) {
      await pause(100);
      isCut = true;
      await eu.inject({ kind: 'cut' });
      return false;
    }
    return (await ask('de')) === 'us';
  });
  expect([...whileDying.keys()].toSorted()).toEqual(['eu', 'us']);
  expect([...(await askUntil('de', times(10))).keys()]).toEqual(['us']);

  await eu.heal();
  await expect.poll(() => ask('de'), { interval: 10, timeout: 5000 }).toBe('eu');
  const atFirst = await askUntil('de', times(20));
  // It takes part, and not yet all.
  expect([...atFirst.keys()].toSorted()).toEqual(['eu', 'us']);
  const isBack = async (): Promise<boolean> =>
    (await Promise.all(Array.from({ length: 30 }, () => ask('de')))).every((region) => region === 'eu');
  await expect.poll(isBack, { timeout: 10_000 }).toBe(true);
});

it('an area is known by the client’s address, too, as large or small as it is written', async () => {
  await using far = await startUpstreamServer('far');
  await using near = await startUpstreamServer('near');
  const regions = Object.fromEntries(
    [far, near].map(({ upstream: { id, host, port } }) => [id, { host, port }]),
  );
  const plan = readRegionPlan({ regions, areas: { De: [['near']] }, elsewhere: [['far']] });
  await using there = await startBefore(plan, '127.0.0.0/8 dE\n');
  await using nowhere = await startBefore(plan, '10.0.0.0/8 dE\n');
  for (const { up } of [there, nowhere])
    await expect.poll(() => up().catch(() => []), { timeout: 5000 }).toHaveLength(2);
  const answers = [there, nowhere].map(async ({ url }) => (await fetch(url)).text());
  expect(await Promise.all(answers)).toEqual(['near', 'far']);
});

it('where all are taken for down, the nearest is asked all the same: their checks may be wrong', async () => {
  for (const server of servers.values()) server.isWell = false;
  await expect.poll(() => before.up()).toEqual([]);
  expect([...(await askUntil('de', times(10))).keys()]).toEqual(['eu']);
  expect([...(await askUntil('us', times(10))).keys()]).toEqual(['us']);
  expect([...(await askUntil('br', times(30))).keys()].toSorted()).toEqual(['ap', 'eu', 'us']);
  // And where they are right, the next.
  await distances.get('eu')?.inject({ kind: 'cut' });
  expect(await ask('de')).toBe('us');
  await distances.get('eu')?.heal();

  const ap = servers.get('ap') as UpstreamServer;
  ap.isWell = true;
  await expect.poll(() => before.up(), { interval: 5 }).toEqual(['ap']);
  // It has just come back, and yet there is nobody else who is up.
  expect([...(await askUntil('de', times(10))).keys()]).toEqual(['ap']);

  for (const server of servers.values()) server.isWell = true;
  await expect.poll(() => before.up()).toEqual(['eu', 'us', 'ap']);
});

it('where all are full, they share by weight all the same', async () => {
  await using near = await startUpstreamServer('near');
  await using alike = await startUpstreamServer('alike');
  const regions = Object.fromEntries(
    [near, alike].map(({ upstream: { id, host, port } }) => [id, { host, port, fullAt: 1 }]),
  );
  await using full = await startBefore(readRegionPlan({ regions }));
  await expect.poll(() => full.up().catch(() => []), { timeout: 5000 }).toEqual(['near', 'alike']);
  const ask = async (path: string): Promise<string> => (await fetch(`${full.url}${path}`)).text();
  const held: Promise<string>[] = [];
  for (const waiting of [1, 2]) {
    // One after the other: two at the same moment may both find the same region empty.
    const asked = ask('/slow');
    asked.catch(() => undefined); // Told below; where this fails before, by that.
    held.push(asked);
    await expect.poll(() => near.waiting + alike.waiting).toBe(waiting);
  }
  expect([near.waiting, alike.waiting]).toEqual([1, 1]);
  const answers = new Set<string>();
  for (let request = 0; request < 40; request++) answers.add(await ask('/'));
  expect([...answers].toSorted()).toEqual(['alike', 'near']);
  near.release();
  alike.release();
  expect((await Promise.all(held)).toSorted()).toEqual(['alike', 'near']);
});

it('a request that finds nobody where it was sent is answered by the next region', async () => {
  // After a try before this one it is cut off, and after the tests before that all regions take their share back bit by bit.
  await distances.get('us')?.heal();
  for (const [area, region] of [
    ['us', 'us'],
    ['de', 'eu'],
  ] as const) {
    const isWhole = async (): Promise<string> => [...(await askUntil(area, times(20))).keys()].join();
    await expect.poll(isWhole, { timeout: 15_000 }).toBe(region);
  }
  await distances.get('us')?.inject({ kind: 'cut' });
  // It is sent there: nobody knows yet.
  expect(await ask('us')).toBe('eu');
});
