import { once } from 'node:events';
import { connect } from 'node:net';
import { systemClock } from 'loadline/base';
import { createRegistry, type Registry } from 'loadline/metrics';
import { openScrapeDoor } from 'loadline/metrics/exporters';
import { describe, expect, it } from 'vitest';
import { checkMetrics } from '../promtool.ts';

function registryWith(seriesCount: number): Registry {
  const registry = createRegistry();
  const waits = registry.histogram({ name: 'wait_seconds', help: 'Waits.', labels: ['id'] });
  for (let id = 0; id < seriesCount; id++) waits.with({ id: String(id) }).record(id * 1000);
  return registry;
}

describe('openScrapeDoor()', () => {
  it('serves a registry to Prometheus, about which promtool has nothing to say', async () => {
    await using door = await openScrapeDoor(registryWith(3), { port: 0 });
    expect(door.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/metrics$/);
    const response = await fetch(door.url);
    expect(response.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
    const text = await response.text();
    expect(text).toContain('wait_seconds_count{id="2"} 1\n');
    expect(await checkMetrics([text])).toEqual({ code: 0, output: '' });
    expect(door.scrapes).toBe(1);
  });

  it('shows what has been counted since', async () => {
    const registry = createRegistry();
    const requests = registry.counter({ name: 'requests_total', help: 'Requests.' });
    await using door = await openScrapeDoor(registry, { port: 0 });
    const read = async () => (await fetch(door.url)).text();
    expect(await read()).toContain('requests_total 0\n');
    requests.add(2);
    expect(await read()).toContain('requests_total 2\n');
    expect(door.scrapes).toBe(2);
  });

  it('has nothing elsewhere, and takes nothing', async () => {
    await using door = await openScrapeDoor(registryWith(1), { port: 0 });
    expect((await fetch(new URL('/', door.url))).status).toBe(404);
    expect((await fetch(door.url, { method: 'POST', body: 'x' })).status).toBe(405);
    const head = await fetch(door.url, { method: 'HEAD' });
    expect([head.status, await head.text()]).toEqual([200, '']);
    expect(door.scrapes).toBe(0);
  });

  it('refuses a port that is taken', async () => {
    await using door = await openScrapeDoor(registryWith(1), { port: 0 });
    const port = Number(new URL(door.url).port);
    await expect(openScrapeDoor(registryWith(1), { port })).rejects.toMatchObject({
      code: 'METRICS_SCRAPE_UNAVAILABLE',
      message: `Cannot serve metrics on 127.0.0.1:${port}: the port is in use. Choose another port, or 0 for any that is free.`,
    });
  });

  it.each([70_000, -1, 1.5])('refuses %d, which is no port', async (port) => {
    await expect(openScrapeDoor(registryWith(1), { port })).rejects.toMatchObject({
      code: 'METRICS_SCRAPE_UNAVAILABLE',
    });
  });

  it('closes at once for those who wait, and after a second for one that reads without end', async () => {
    const door = await openScrapeDoor(registryWith(10_000), { port: 0 });
    await (await fetch(door.url)).text();
    const { port } = new URL(door.url);
    const slow = connect(Number(port), '127.0.0.1');
    slow.on('error', () => undefined);
    slow.write('GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n');
    await once(slow, 'readable');
    const startMs = systemClock.monotonicMs();
    await Promise.all([door.close(), door.close()]);
    expect(systemClock.monotonicMs() - startMs).toBeGreaterThan(900);
    expect(systemClock.monotonicMs() - startMs).toBeLessThan(3000);
    expect(door.scrapes).toBe(1);
    await expect(fetch(door.url)).rejects.toThrow('fetch failed');
    slow.destroy();
  });
});
