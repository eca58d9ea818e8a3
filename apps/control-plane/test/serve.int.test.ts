import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { refusedServe, type Served, startServe } from './served.ts';

let target: Server;
let targetUrl: string;
const home = mkdtempSync(join(tmpdir(), 'loadline-serve-'));

beforeAll(async () => {
  target = createServer((_request, response) => response.end('ok')).listen(0, '127.0.0.1');
  await new Promise((resolve) => target.once('listening', resolve));
  targetUrl = `http://127.0.0.1:${(target.address() as AddressInfo).port}`;
});

afterAll(() => {
  target.closeAllConnections();
  target.close();
  rmSync(home, { recursive: true, force: true });
});

const args = ['--home', home, '--allow-target', 'loopback'];

interface LookedAt {
  readonly id: string;
  readonly state: string;
  readonly verdict?: string;
  readonly hasResults: boolean;
  readonly progress?: { readonly requests: number };
}

async function startTest(served: Served, order: object): Promise<LookedAt> {
  const response = await served.ask('POST', '/performance/tests', { body: { target: targetUrl, ...order } });
  const started = (await response.json()) as LookedAt;
  expect(response.status, JSON.stringify(started)).toBe(202);
  return started;
}

/** Looks again and again, until it is so. */
async function until(served: Served, id: string, isSo: (test: LookedAt) => boolean): Promise<LookedAt> {
  for (;;) {
    const test = (await (await served.ask('GET', `/performance/tests/${id}`)).json()) as LookedAt;
    if (isSo(test)) return test;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

describe('loadline serve', () => {
  it('runs tests for real, and keeps what was measured through kill -9 and a graceful stop', async () => {
    const first = await startServe(args);
    const key = first.firstKey as string;
    expect(key).toMatch(/^ll_/);

    const short = await startTest(first, { rate: '50/s', duration: '1s', path: '/hello' });
    const finished = await until(first, short.id, ({ state }) => state === 'finished');
    // On a machine that is too busy to keep the schedule, it says so.
    expect(['passed', 'invalid']).toContain(finished.verdict);
    expect(finished.hasResults).toBe(true);
    const results = async (served: Served, id: string, format: string): Promise<string> =>
      (await served.ask('GET', `/performance/tests/${id}/results?format=${format}`)).text();
    const report = JSON.parse(await results(first, short.id, 'json'));
    expect(report.schema).toMatch(/^loadline\.load-report\//);
    expect(report.offered.requests).toBe(50);
    expect(await results(first, short.id, 'html')).toContain('<!doctype html>');
    expect(await results(first, short.id, 'csv')).toMatch(/^time,scope,name/);

    const long = await startTest(first, { rate: '50/s', duration: '10m' });
    await until(first, long.id, ({ progress }) => (progress?.requests ?? 0) > 0);
    expect(await first.stop('SIGKILL')).toBe('SIGKILL');

    const second = await startServe(args, { key });
    expect(second.firstKey).toBeUndefined();
    const interrupted = await until(second, long.id, ({ hasResults }) => hasResults);
    expect(interrupted).toMatchObject({ state: 'interrupted', verdict: 'interrupted' });
    expect(JSON.parse(await results(second, long.id, 'json')).total.requests).toBeGreaterThan(0);
    expect(JSON.parse(await results(second, short.id, 'json'))).toEqual(report);

    const cancelled = await startTest(second, { rate: '50/s', duration: '10m' });
    await until(second, cancelled.id, ({ progress }) => (progress?.requests ?? 0) > 0);
    expect((await second.ask('DELETE', `/performance/tests/${cancelled.id}`)).status).toBe(202);
    await until(second, cancelled.id, ({ state, hasResults }) => state === 'cancelled' && hasResults);

    const last = await startTest(second, { rate: '50/s', duration: '10m' });
    await until(second, last.id, ({ progress }) => (progress?.requests ?? 0) > 0);
    expect(await second.stop('SIGTERM')).toBe(0);
    const third = await startServe(args, { key });
    await until(third, last.id, ({ state, hasResults }) => state === 'interrupted' && hasResults);
    expect(await third.stop('SIGTERM')).toBe(0);
  });

  it('goes beyond this machine only with TLS or a proxy, and with a key that nobody has to read off a screen', async () => {
    const beyond = ['--host', '0.0.0.0', '--port', '0', '--home', join(home, 'other')];
    const plain = await refusedServe(beyond);
    expect(plain.code).toBe(2);
    expect(plain.text).toContain('CONTROL_PLANE_START_REFUSED');
    expect(plain.text).toContain('--behind-proxy');
    const keyless = await refusedServe([...beyond, '--behind-proxy']);
    expect(keyless.text).toContain('LOADLINE_ADMIN_KEY');
    const weak = await refusedServe([...beyond, '--behind-proxy'], { LOADLINE_ADMIN_KEY: 'hunter2' });
    expect(weak.text).not.toContain('hunter2');
    expect(weak.code).toBe(2);
  });
});
