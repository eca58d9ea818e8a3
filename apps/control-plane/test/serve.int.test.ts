import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { manyStartsMs, refusedServe, type Served, type ServedTest, startServe } from './served.ts';

let target: Server;
let targetUrl: string;
let served: Served;
const home = mkdtempSync(join(tmpdir(), 'loadline-serve-'));
const args = ['--home', home, '--allow-target', 'loopback'];

beforeAll(async () => {
  target = createServer((_request, response) => response.end('ok')).listen(0, '127.0.0.1');
  await new Promise((resolve) => target.once('listening', resolve));
  targetUrl = `http://127.0.0.1:${(target.address() as AddressInfo).port}`;
  served = await startServe(args);
});

afterAll(async () => {
  await served.stop('SIGTERM');
  target.closeAllConnections();
  target.close();
  rmSync(home, { recursive: true, force: true });
});

async function startTest(order: object): Promise<string> {
  const response = await served.ask('POST', '/performance/tests', { body: { target: targetUrl, ...order } });
  const started = (await response.json()) as ServedTest;
  expect(response.status, JSON.stringify(started)).toBe(202);
  return started.id;
}

/** One that goes on until it is ended, once it has measured something. */
async function startLong(): Promise<string> {
  const id = await startTest({ rate: '50/s', duration: '10m' });
  await served.untilTest(id, ({ progress }) => (progress?.requests ?? 0) > 0);
  return id;
}

async function results(id: string, format: string): Promise<string> {
  return (await served.ask('GET', `/performance/tests/${id}/results?format=${format}`)).text();
}

describe('loadline serve', { timeout: manyStartsMs }, () => {
  it('runs tests for real, and gives their results in every form', async () => {
    const id = await startTest({ rate: '50/s', duration: '1s', path: '/hello' });
    const { verdict, hasResults } = await served.untilTest(id, ({ state }) => state === 'finished');
    // On a machine that is too busy to keep the schedule, it says so.
    expect(['passed', 'invalid', 'inconclusive']).toContain(verdict);
    expect(hasResults).toBe(true);
    const report = JSON.parse(await results(id, 'json'));
    expect(report.schema).toMatch(/^loadline\.load-report\//);
    expect(report.offered.requests).toBe(50);
    expect(await results(id, 'html')).toContain('<!doctype html>');
    expect(await results(id, 'csv')).toMatch(/^time,scope,name/);
  });

  it('ends a test that is cancelled with what was measured until then', async () => {
    const id = await startLong();
    expect((await served.ask('DELETE', `/performance/tests/${id}`)).status).toBe(202);
    const { hasResults } = await served.untilTest(id, ({ state }) => state === 'cancelled');
    expect(hasResults).toBe(true);
  });

  it('is stopped gracefully: what runs is interrupted with its results, and the key stays', async () => {
    const key = served.firstKey as string;
    expect(key).toMatch(/^ll_/);
    const id = await startLong();
    expect(await served.stop('SIGTERM')).toBe(0);
    served = await startServe(args, { key });
    expect(served.firstKey).toBeUndefined();
    const test = await served.untilTest(id, () => true);
    expect(test).toMatchObject({ state: 'interrupted', verdict: 'interrupted', hasResults: true });
    expect(JSON.parse(await results(id, 'json')).total.requests).toBeGreaterThan(0);
  });

  it('goes beyond this machine only with TLS or a proxy, and with a key that nobody has to read off a screen', async () => {
    const beyond = ['--host', '0.0.0.0', '--port', '0', '--home', join(home, 'other')];
    const [plain, keyless, weak] = await Promise.all([
      refusedServe(beyond),
      refusedServe([...beyond, '--behind-proxy']),
      refusedServe([...beyond, '--behind-proxy'], { LOADLINE_ADMIN_KEY: 'hunter2' }),
    ]);
    expect(plain.code).toBe(2);
    expect(plain.text).toContain('CONTROL_PLANE_START_REFUSED');
    expect(plain.text).toContain('--behind-proxy');
    expect(keyless.text).toContain('LOADLINE_ADMIN_KEY');
    expect(weak.text).not.toContain('hunter2');
    expect(weak.code).toBe(2);
  });

  it('keeps no key of a start that came to nothing: the next one is the first, and shows its own', async () => {
    const another = ['--home', join(home, 'another')];
    const taken = String((target.address() as AddressInfo).port);
    const refused = await refusedServe([...another, '--port', taken]);
    expect(refused.code).toBe(2);
    expect(refused.text).toMatch(/CONTROL_PLANE_START_REFUSED: .* port \d+: somebody listens there already/);
    const next = await startServe(another);
    expect(next.firstKey).toMatch(/^ll_/);
    const listed = (await (await next.ask('GET', '/keys')).json()) as { readonly items: readonly object[] };
    expect(listed.items).toHaveLength(1);
    expect(await next.stop('SIGTERM')).toBe(0);
  });
});
