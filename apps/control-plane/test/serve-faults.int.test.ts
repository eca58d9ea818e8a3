import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from 'loadline/base';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openMemory } from '../src/memory/index.ts';
import { manyStartsMs, type Served, type ServedTest, startServe } from './served.ts';

const home = mkdtempSync(join(tmpdir(), 'loadline-faults-'));
const args = ['--home', home, '--allow-target', 'loopback'];
let target: Server;
let url: string;
let served: Served;
let firstKey: string;

beforeAll(async () => {
  target = createServer((_request, response) => response.end('ok')).listen(0, '127.0.0.1');
  await new Promise((resolve) => target.once('listening', resolve));
  url = `http://127.0.0.1:${(target.address() as AddressInfo).port}`;
});

afterAll(async () => {
  await served.stop('SIGKILL');
  target.closeAllConnections();
  target.close();
  rmSync(home, { recursive: true, force: true });
});

async function order(served: Served, duration: string): Promise<string> {
  const body = { target: url, rate: '20/s', duration };
  const response = await served.ask('POST', '/performance/tests', { body });
  expect(response.status).toBe(202);
  return ((await response.json()) as ServedTest).id;
}

async function results(served: Served, id: string): Promise<string> {
  return (await served.ask('GET', `/performance/tests/${id}/results`)).text();
}

/** Looks at the disk again and again, until it is so. */
async function untilSo(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise((resolve) => setTimeout(resolve, 5));
}

/** Once one of these files is in the folder of a run, or the folder is gone already. */
async function untilLeft(id: string, files: readonly string[]): Promise<void> {
  const folder = join(home, 'runs', id);
  await untilSo(() => existsSync(folder));
  await untilSo(() => files.some((file) => existsSync(join(folder, file))) || !existsSync(folder));
}

const isOver = ({ state }: ServedTest): boolean => !['queued', 'running', 'cancelling'].includes(state);

/** Moments of a test at which its control plane is killed, and how it then ends. */
const moments: readonly {
  readonly name: string;
  readonly duration: string;
  readonly come: (served: Served, id: string) => Promise<unknown>;
  readonly ends: readonly string[];
  /** Killed before its process was there, it has none. */
  readonly mayBeEmpty?: boolean;
}[] = [
  {
    name: 'as soon as it is acknowledged',
    duration: '1s',
    come: async () => undefined,
    ends: ['finished', 'interrupted'],
    mayBeEmpty: true,
  },
  {
    name: 'while it runs',
    duration: '10m',
    come: (served, id) => served.untilTest(id, ({ progress }) => (progress?.requests ?? 0) > 0),
    ends: ['interrupted'],
  },
  {
    name: 'while its report is written',
    duration: '1s',
    come: (_served, id) => untilLeft(id, ['report.json.draft', 'report.json']),
    ends: ['finished'],
  },
  {
    name: 'while its report is taken over',
    duration: '1s',
    come: (_served, id) => untilLeft(id, ['report.json']),
    ends: ['finished'],
  },
  {
    name: 'as soon as it is over',
    duration: '1s',
    come: (served, id) => served.untilTest(id, isOver),
    ends: ['finished'],
  },
];

describe('loadline serve, killed with a database of its own', { timeout: manyStartsMs }, () => {
  it('loses no result and leaves no test running, at whatever moment of a test it is', async () => {
    served = await startServe(args);
    firstKey = served.firstKey as string;
    const key = firstKey;
    const seen = new Map<string, string>();
    for (const { name, duration, come, ends, mayBeEmpty = false } of moments) {
      const id = await order(served, duration);
      await come(served, id);
      expect(await served.stop('SIGKILL')).toBe('SIGKILL');
      served = await startServe(args, { key });
      const { state, hasResults } = await served.untilTest(
        id,
        (test) => isOver(test) && (test.hasResults || mayBeEmpty),
      );
      expect(ends, name).toContain(state);
      for (const [earlier, text] of seen) expect(await results(served, earlier), name).toBe(text);
      if (hasResults) seen.set(id, await results(served, id));
    }
    const open = await served.ask('GET', '/performance/tests/history?state=running');
    expect(await open.json()).toEqual({ items: [] });
    expect(await served.stop('SIGTERM')).toBe(0);

    const memory = await openKept();
    const figures = await memory.store.results.list();
    expect(figures.items.map(({ id }) => id).toSorted()).toEqual([...seen.keys()].toSorted());
    await memory.close();
  });

  it('loses no sample that was acknowledged over HTTP', async () => {
    served = await startServe(args, { key: firstKey });
    const killed = served;
    const fromMs = Date.now() - 60_000;
    const acknowledged: string[] = [];
    let sent = 0;
    /** Until it answers no more. */
    const write = async (): Promise<void> => {
      for (;;) {
        const batch = String(sent++);
        const sample = { metric: 'acknowledged', service: 'killed', labels: { batch } };
        const samples = Array.from({ length: 20 }, (_, value) => ({ ...sample, value }));
        const response = await killed.ask('POST', '/performance/metrics', { body: { samples } });
        if (response.status === 200) acknowledged.push(batch);
        if (acknowledged.length === 100) void killed.stop('SIGKILL');
      }
    };
    await Promise.allSettled(Array.from({ length: 8 }, write));
    expect(await killed.stop('SIGKILL')).toBe('SIGKILL');
    expect(acknowledged.length).toBeGreaterThanOrEqual(100);

    const memory = await openKept();
    const window = { fromMs, toMs: Date.now() };
    const kept = await memory.store.metrics.summaries({
      metrics: ['acknowledged'],
      service: 'killed',
      ...window,
    });
    const counts = new Map(kept.map(({ series, count }) => [series.labels?.batch, count]));
    expect(acknowledged.filter((batch) => counts.get(batch) !== 20)).toEqual([]);
    await memory.close();
  });
});

function openKept(): ReturnType<typeof openMemory> {
  const { signal } = new AbortController();
  return openMemory({ home, clock: systemClock, databaseUrl: undefined, signal });
}
