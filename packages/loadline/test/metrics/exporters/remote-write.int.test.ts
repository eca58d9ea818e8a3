import { createVirtualClock, systemClock } from 'loadline/base';
import { createRegistry, type Registry } from 'loadline/metrics';
import { createRemoteWriteExporter, openScrapeDoor } from 'loadline/metrics/exporters';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type PrometheusServer, startPrometheus } from './prometheus-server.ts';
import { startReceiver } from './receiver.ts';

let prometheus: PrometheusServer;

beforeAll(async () => {
  prometheus = await startPrometheus();
});

afterAll(async () => {
  await prometheus[Symbol.asyncDispose]();
});

const help = 'What it is.';

/** Counters, gauges and a histogram, with label values that need care. */
function fullRegistry(): Registry {
  const registry = createRegistry();
  const requests = registry.counter({ name: 'requests_total', help, labels: ['route', 'zone'] });
  for (const [at, route] of ['/', 'a"b\\c\n', 'ä 😀', 'x'.repeat(500), ''].entries()) {
    requests.with({ route, zone: 'eu' }).add(at + 0.5);
  }
  registry.counter({ name: 'sent_bytes_total', help }).add(2 ** 60);
  const ratios = registry.gauge({ name: 'busy_ratio', help, labels: ['of'] });
  for (const of of [NaN, Infinity, -Infinity, 0, -1e-300]) ratios.with({ of: String(of) }).set(of);
  const waits = registry.histogram({ name: 'wait_seconds', help, labels: ['queue'] });
  for (let us = 1; us < 1e9; us *= 3) waits.with({ queue: 'a' }).record(us);
  return registry;
}

/** A series without what a job and its instance add. */
function bare(series: ReadonlyMap<string, number>): Map<string, number> {
  return new Map(
    Array.from(series, ([name, value]) => [name.replace(/(?:instance|job)="[^"]*",?/g, ''), value] as const)
      .map(([name, value]) => [name.replace(',}', '}'), value] as const)
      .toSorted(([a], [b]) => (a < b ? -1 : 1)),
  );
}

describe('a real Prometheus', () => {
  it('has every value that was pushed', async () => {
    const registry = createRegistry();
    const requests = registry.counter({ name: 'requests_total', help, labels: ['route'] });
    const waits = registry.histogram({ name: 'wait_seconds', help, buckets: [0.001, 0.1] });
    const labels = { job: 'pushed', run: 'r1' };
    const clock = createVirtualClock(systemClock.now() - 60_000);
    const exporter = createRemoteWriteExporter({ url: prometheus.url, labels, clock });
    for (const us of [500, 1000, 2000, 300_000]) waits.record(us);
    requests.with({ route: '/' }).add(7);
    exporter.publish(registry.snapshot());
    requests.with({ route: '/' }).add(1);
    await clock.advance(1000);
    exporter.publish(registry.snapshot());
    const lastMs = clock.now();
    const report = await exporter.close();
    expect(report).toEqual({
      destination: `${prometheus.url}/api/v1/write`,
      requestsSent: 3,
      retries: 0,
      pointsSent: 18,
      pointsRejected: 0,
      pointsDropped: 0,
      lastProblem: undefined,
    });
    expect(await prometheus.query('{job="pushed"}', lastMs)).toEqual(
      new Map([
        ['requests_total{job="pushed",route="/",run="r1"}', 8],
        ['wait_seconds_bucket{job="pushed",le="+Inf",run="r1"}', 4],
        ['wait_seconds_bucket{job="pushed",le="0.001",run="r1"}', 2],
        ['wait_seconds_bucket{job="pushed",le="0.1",run="r1"}', 3],
        ['wait_seconds_count{job="pushed",run="r1"}', 4],
        ['wait_seconds_sum{job="pushed",run="r1"}', 0.3035],
      ]),
    );
    expect((await prometheus.query('requests_total{job="pushed"}', lastMs - 1)).values().next().value).toBe(
      7,
    );
  });

  it('shows no series any more once it has ended', async () => {
    const clock = createVirtualClock(systemClock.now() - 60_000);
    const exporter = createRemoteWriteExporter({ url: prometheus.url, labels: { job: 'ended' }, clock });
    exporter.publish(fullRegistry().snapshot());
    const lastMs = clock.now();
    await clock.advance(1000);
    await exporter.close();
    expect((await prometheus.query('{job="ended"}', lastMs)).size).toBeGreaterThan(20);
    expect((await prometheus.query('{job="ended"}', lastMs + 500)).size).toBeGreaterThan(20);
    expect((await prometheus.query('{job="ended"}', lastMs + 2000)).size).toBe(0);
  });

  it('gets the very series that it would have scraped', async () => {
    const registry = fullRegistry();
    await using door = await openScrapeDoor(registry, { port: 0 });
    await using scraping = await startPrometheus({ scraped: new URL(door.url).host });
    const exporter = createRemoteWriteExporter({ url: scraping.url, labels: { job: 'pushed' } });
    exporter.publish(registry.snapshot());
    const own = '{__name__!~"up|scrape_.*"}';
    const scraped = await eventually(
      () => scraping.query(`${'{job="scraped"}'.slice(0, -1)},${own.slice(1)}`),
      (series) => series.size > 0,
    );
    const pushed = await eventually(
      () => scraping.query('{job="pushed"}'),
      (series) => series.size > 0,
    );
    expect(pushed.size).toBeGreaterThan(20);
    expect(bare(pushed)).toEqual(bare(scraped));
    await exporter.close();
    expect(door.scrapes).toBeGreaterThan(0);
  });

  it('takes samples in order even when the clock is set back', async () => {
    let nowMs = systemClock.now();
    const clock = { ...systemClock, now: () => nowMs };
    const registry = createRegistry();
    const requests = registry.counter({ name: 'requests_total', help });
    const exporter = createRemoteWriteExporter({ url: prometheus.url, labels: { job: 'back' }, clock });
    for (const stepMs of [0, 0, -5000]) {
      nowMs += stepMs;
      requests.add();
      exporter.publish(registry.snapshot());
    }
    expect(await exporter.close()).toMatchObject({
      requestsSent: 4,
      pointsRejected: 0,
      lastProblem: undefined,
    });
  });

  it('says why it takes something not, and the report repeats it', async () => {
    const clock = createVirtualClock(0);
    const exporter = createRemoteWriteExporter({ url: prometheus.url, labels: { job: 'old' }, clock });
    const registry = createRegistry();
    registry.counter({ name: 'requests_total', help }).add();
    const ahead = createRemoteWriteExporter({ url: prometheus.url, labels: { job: 'old' } });
    ahead.publish(registry.snapshot());
    await ahead.close();
    exporter.publish(registry.snapshot());
    const report = await exporter.close();
    expect(report).toMatchObject({ requestsSent: 0, pointsSent: 0, pointsRejected: 2, retries: 0 });
    expect(report.lastProblem).toMatch(
      /^Could not send metrics to http:.*: it answered 400 ".*(?:order|bounds|old)/,
    );
  });
});

describe('createRemoteWriteExporter()', () => {
  it('sends the headers of the protocol beside its own', async () => {
    await using receiver = await startReceiver();
    const exporter = createRemoteWriteExporter({ url: receiver.url, headers: { 'x-scope-orgid': 'blue' } });
    exporter.publish(fullRegistry().snapshot());
    await exporter.close();
    expect(receiver.requests[0]).toMatchObject({
      method: 'POST',
      path: '/api/v1/write',
      headers: {
        'content-type': 'application/x-protobuf',
        'content-encoding': 'snappy',
        'x-prometheus-remote-write-version': '0.1.0',
        'user-agent': 'loadline',
        'x-scope-orgid': 'blue',
      },
    });
  });

  it.each([
    [500, 2],
    [503, 2],
    [429, 2],
    [400, 1],
    [404, 1],
  ])('answered %i at first, sends %i times', async (status, times) => {
    await using receiver = await startReceiver([{ status }, { status: 204 }]);
    const clock = { ...systemClock, setTimer: hurried };
    const exporter = createRemoteWriteExporter({ url: receiver.url, clock });
    const registry = createRegistry();
    registry.counter({ name: 'requests_total', help }).add();
    exporter.publish(registry.snapshot());
    const { retries, pointsSent, pointsRejected } = await exporter.close();
    expect(retries).toBe(times - 1);
    // The stale mark comes after it in any case.
    expect([pointsSent, pointsRejected]).toEqual(times === 2 ? [2, 0] : [1, 1]);
  });

  it('ends without a word where nothing was published', async () => {
    await using receiver = await startReceiver();
    const exporter = createRemoteWriteExporter({ url: receiver.url });
    expect(await exporter.close()).toMatchObject({ requestsSent: 0, lastProblem: undefined });
    expect(receiver.requests).toEqual([]);
  });
});

/** Lets pauses before a retry take no time; limits stay what they are. */
function hurried(callback: () => void, delayMs: number) {
  return systemClock.setTimer(callback, delayMs < 1000 ? 0 : delayMs);
}

/** What Prometheus scrapes comes when it comes: asked for at most ten seconds. */
async function eventually<Value>(
  ask: () => Promise<Value>,
  isThere: (value: Value) => boolean,
): Promise<Value> {
  const endMs = systemClock.monotonicMs() + 10_000;
  for (;;) {
    const value = await ask();
    if (isThere(value) || systemClock.monotonicMs() > endMs) return value;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
