import fc from 'fast-check';
import { createRegistry, Histogram } from 'loadline/metrics';
import { observeHttp } from 'loadline/observe';
import type { Sample } from 'loadline/store';
import { describe, expect, it } from 'vitest';
import { compareReadings } from '../../src/collect/compare-readings.ts';
import { keptOf } from '../../src/collect/kept-reading.ts';
import { latestFiguresOf } from '../../src/collect/latest-figures.ts';
import type { Reading } from '../../src/collect/reading.ts';
import { resourceReadingOf } from '../../src/collect/resource-reading.ts';
import { atSecond, readRegistry, readText } from './pages.ts';

const options = { service: 'shop', instance: 'a:1', samplesMax: 1000, seriesOf: <S>(series: S): S => series };

function compare(before: Reading | undefined, now: Reading, more: object = {}) {
  const growth = compareReadings(before && keptOf(before), now, { ...options, ...more });
  // What is kept of a reading says as much of the time since as all of it.
  expect(growth).toEqual(compareReadings(before, now, { ...options, ...more }));
  const found = (metric: string, endpoint?: string): Sample | undefined =>
    growth.samples.find(({ series }) => series.metric === metric && series.endpoint === endpoint);
  return { ...growth, found, value: (metric: string) => found(metric)?.value };
}

function histogramOf(sample: Sample | undefined): Histogram {
  return Histogram.decode(sample?.value as Uint8Array);
}

describe('two readings of an instance', () => {
  it('give the growth of counters by the second, and gauges as they are', () => {
    const page = (total: number, open: number): string =>
      `# TYPE process_cpu_seconds_total counter\nprocess_cpu_seconds_total ${total}\n# TYPE http_server_connections gauge\nhttp_server_connections ${open}\n`;
    const first = readText(page(10, 3), atSecond(0));
    const second = readText(page(14, 7), atSecond(5));
    expect(compare(undefined, first).samples.map(({ series }) => series.metric)).toEqual(['connections']);
    const { value } = compare(first, second);
    expect([value('cpu_ratio'), value('connections')]).toEqual([0.8, 7]);
  });

  it('tell a gauge from the counter that has its name and `_total`', () => {
    const page = (opened: number, open: number): string =>
      [
        `# TYPE http_server_connections gauge\nhttp_server_connections ${open}`,
        `# TYPE http_server_connections_total counter\nhttp_server_connections_total ${opened}\n`,
      ].join('\n');
    const { value } = compare(readText(page(10, 3), atSecond(0)), readText(page(20, 7), atSecond(5)));
    expect([value('connections'), value('connections_opened')]).toEqual([7, 2]);
  });

  it('add nothing of a service’s own to what has the same name here', () => {
    const page = [
      '# TYPE connections gauge\nconnections 5',
      'connections{state="idle"} 2',
      '# TYPE http_server_connections gauge\nhttp_server_connections 7',
      '# TYPE requests gauge\nrequests 3\n',
    ].join('\n');
    const { samples, value } = compare(undefined, readText(page, atSecond(0)));
    expect(value('connections')).toBe(7);
    expect(samples.map(({ series, value }) => [series.metric, series.unit, series.labels, value])).toEqual([
      ['connections', 'count', undefined, 7],
      ['connections', 'count', { state: 'idle' }, 2],
      ['requests', 'count', undefined, 3],
    ]);
    expect([...latestFiguresOf(samples)]).toEqual([['connections', 7]]);
    expect(resourceReadingOf('a:1', samples)).toMatchObject({ activeConnections: 7 });
  });

  it('keep the quantiles of a summary, of which no latency can be made, apart from its counters', () => {
    const name = 'http_request_duration_seconds';
    const page = (count: number): string =>
      [
        `# TYPE ${name} summary`,
        `${name}{quantile="0.5"} 0.1`,
        `${name}{quantile="0.99"} 0.9`,
        `${name}_sum ${count / 5}`,
        `${name}_count ${count}\n`,
      ].join('\n');
    const { samples } = compare(readText(page(10), atSecond(0)), readText(page(20), atSecond(5)));
    expect(samples.map(({ series, value }) => [series.metric, series.unit, series.labels, value])).toEqual([
      [name, 's', { quantile: '0.5' }, 0.1],
      [name, 's', { quantile: '0.99' }, 0.9],
      [`${name}_sum`, 'ratio', undefined, 0.4],
      [`${name}_count`, 'per second', undefined, 2],
    ]);
  });

  it('count the bytes of a machine once, whatever devices they pass through', () => {
    const name = 'node_network_receive_bytes_total';
    const page = (bytes: number): string =>
      `# TYPE ${name} counter\n${['eth0', 'lo', 'docker0', 'veth1'].map((each) => `${name}{device="${each}"} ${bytes}\n`).join('')}`;
    const { value } = compare(readText(page(0), atSecond(0)), readText(page(500), atSecond(5)));
    expect(value('system_network_received')).toBe(100);
  });

  it('are silent of what is no measurement, however it is shown', () => {
    const name = 'http_request_duration_seconds';
    const page = (count: string): string =>
      [
        `# TYPE ${name} histogram`,
        `${name}_bucket{route="/a",le="1"} ${count}`,
        `${name}_bucket{route="/a",le="+Inf"} ${count}`,
        '# TYPE process_resident_memory_bytes gauge\nprocess_resident_memory_bytes 1e300\n',
      ].join('\n');
    const first = readText(page('0'), atSecond(0));
    for (const count of ['1e300', '9007199254740991', '200000000'])
      expect(compare(first, readText(page(count), atSecond(5))).samples).toEqual([]);
    const registry = createRegistry();
    const durations = registry.histogram({ name, help: 'Times.', labels: ['status'] });
    for (const status of ['200', '404']) durations.with({ status }).recordMany(1000, 2 ** 53 - 1);
    const empty = readText('# TYPE up gauge\nup 1\n', atSecond(0));
    expect(compare(empty, readRegistry(registry, atSecond(5))).samples).toEqual([]);
  });

  it('add requests up over routes, and count those that the service failed', () => {
    const registry = createRegistry();
    const http = observeHttp(registry);
    const answer = (route: string, status: number, durationMs: number): void => {
      http.begin();
      http.end({ method: 'GET', route, status, durationMs });
    };
    answer('/a', 200, 500);
    const first = readRegistry(registry, atSecond(0));
    for (let count = 0; count < 8; count++) answer('/a', 200, 20);
    answer('/b', 503, 40);
    answer('/b', 404, 40);
    const { value, found } = compare(first, readRegistry(registry, atSecond(5)));
    expect([value('requests'), value('errors')]).toEqual([2, 0.2]);
    // By endpoint as many as there were, and only where there were any.
    expect(found('endpoint_errors', 'GET /b')?.value).toBe(1);
    expect(found('endpoint_errors', 'GET /a')).toBeUndefined();
    const calm = compare(readRegistry(registry, atSecond(5)), readRegistry(registry, atSecond(10)));
    expect(calm.samples.some(({ series }) => series.metric === 'endpoint_errors')).toBe(false);
    const a = histogramOf(found('latency_ms', 'GET /a'));
    expect([a.count, a.quantile(0.99)]).toEqual([8, 20_000]);
    expect(histogramOf(found('latency_ms', 'GET /b')).count).toBe(2);
  });

  it('tell no errors where there were requests and none failed', () => {
    const page = (n: number): string =>
      `# TYPE http_requests_total counter\nhttp_requests_total{status="200"} ${n}\n`;
    const { value } = compare(readText(page(1), atSecond(0)), readText(page(6), atSecond(5)));
    expect([value('requests'), value('errors')]).toEqual([1, 0]);
  });

  it('take what a process that began anew shows as what it grew', () => {
    const registry = createRegistry();
    const waits = registry.histogram({ name: 'nodejs_eventloop_lag_seconds', help: 'Lag.' });
    registry.counter({ name: 'process_cpu_seconds_total', help: 'CPU.' }).add(100);
    for (let count = 0; count < 10; count++) waits.record(1000);
    const fresh = createRegistry();
    fresh.counter({ name: 'process_cpu_seconds_total', help: 'CPU.' }).add(2);
    fresh.histogram({ name: 'nodejs_eventloop_lag_seconds', help: 'Lag.' }).record(3000);
    const { value, resets, found } = compare(
      readRegistry(registry, atSecond(0)),
      readRegistry(fresh, atSecond(4)),
    );
    expect([value('cpu_ratio'), resets]).toEqual([0.5, 1]);
    expect(histogramOf(found('event_loop_lag_ms')).max).toBe(3000);
  });

  it('spread the buckets of Prometheus text evenly, as Prometheus does', () => {
    const page = (low: number, high: number): string =>
      `# TYPE http_request_duration_seconds histogram
http_request_duration_seconds_bucket{route="/a",le="0.1"} ${low}
http_request_duration_seconds_bucket{route="/a",le="0.2"} ${high}
http_request_duration_seconds_bucket{route="/a",le="+Inf"} ${high}
`;
    const first = readText(page(5, 5), atSecond(0));
    const histogram = histogramOf(
      compare(first, readText(page(5, 105), atSecond(5))).found('latency_ms', '/a'),
    );
    expect(histogram.count).toBe(100);
    expect(histogram.quantile(0.5)).toBeGreaterThan(140_000);
    expect(histogram.quantile(0.5)).toBeLessThan(160_000);
  });

  it('say nothing of buckets that hold more than there can be', () => {
    const page = `# TYPE http_request_duration_seconds histogram
http_request_duration_seconds_bucket{route="/a",le="0.1"} 1
http_request_duration_seconds_bucket{route="/a",le="+Inf"} +Inf
`;
    const { samples } = compare(readText(page, atSecond(0)), readText(page, atSecond(5)));
    expect(samples).toEqual([]);
  });

  it('keep what nobody knows under its own name, with its labels', () => {
    const page = (n: number): string =>
      `# TYPE meals_saved_total counter\nmeals_saved_total{city="Rome"} ${n}\n# TYPE oven_bytes gauge\noven_bytes 5\n`;
    const { samples } = compare(readText(page(1), atSecond(0)), readText(page(11), atSecond(5)));
    expect(samples.map(({ series, value }) => ({ ...series, value }))).toEqual([
      {
        service: 'shop',
        instance: 'a:1',
        metric: 'meals_saved',
        unit: 'per second',
        labels: { city: 'Rome' },
        value: 2,
      },
      { service: 'shop', instance: 'a:1', metric: 'oven_bytes', unit: 'bytes', value: 5 },
    ]);
  });

  it('read the hits of a cache out of its look-ups', () => {
    const page = (hits: number, misses: number): string =>
      `# TYPE shop_cache_lookups_total counter\nshop_cache_lookups_total{outcome="hit"} ${hits}\nshop_cache_lookups_total{outcome="miss"} ${misses}\n`;
    const { value } = compare(readText(page(0, 0), atSecond(0)), readText(page(9, 1), atSecond(1)));
    expect([value('cache_hits'), value('cache_lookups')]).toEqual([9, 10]);
  });

  it.each([
    ['heap', { heap: 90, heapLimit: 100, memory: 100, memoryLimit: 200 }, 0.9],
    ['RAM', { heap: 20, heapLimit: 100, memory: 160, memoryLimit: 200 }, 0.8],
  ])('tell how near it is to its end, which its %s reaches first', (_, now, ratio) => {
    const page = `nodejs_heap_bytes{state="used"} ${now.heap}
nodejs_heap_bytes{state="reserved"} ${now.heapLimit}
nodejs_heap_limit_bytes ${now.heapLimit}
process_resident_memory_bytes ${now.memory}
process_memory_limit_bytes ${now.memoryLimit}
`;
    expect(compare(undefined, readText(page, atSecond(0))).value('memory_ratio')).toBe(ratio);
  });

  it('tell how full the disk is that an instance works in', () => {
    const page = 'process_disk_size_bytes 200\nprocess_disk_available_bytes 50\n';
    const { samples, value } = compare(undefined, readText(page, atSecond(0)));
    expect([value('disk_size_bytes'), value('disk_available_bytes'), value('disk_ratio')]).toEqual([
      200, 50, 0.75,
    ]);
    expect(resourceReadingOf('a:1', samples)).toMatchObject({ diskUsagePercent: 75 });
  });

  it('tell of the disks of a machine how full the fullest is that can fill', () => {
    const file = (place: string, fstype: string, size: number, left: number): string =>
      ['size', 'avail']
        .map((what) => `node_filesystem_${what}_bytes{mountpoint="${place}",fstype="${fstype}"} `)
        .map((line, at) => `${line}${at === 0 ? size : left}\n`)
        .join('');
    const disks = file('/', 'ext4', 100, 60) + file('/data', 'xfs', 1000, 100);
    const others = file('/run', 'tmpfs', 10, 0) + file('/snap/core', 'squashfs', 10, 0);
    const { value } = compare(undefined, readText(disks + others, atSecond(0)));
    expect(value('disk_ratio')).toBe(0.9);
    expect(compare(undefined, readText(others, atSecond(0))).value('disk_ratio')).toBeUndefined();
    const unsized = 'node_filesystem_avail_bytes{mountpoint="/",fstype="ext4"} 5\n';
    expect(compare(undefined, readText(unsized, atSecond(0))).value('disk_ratio')).toBeUndefined();
  });

  it('add up what the devices of the machine have carried', () => {
    const page = (eth0: number, eth1: number): string =>
      `# TYPE node_network_receive_bytes_total counter
node_network_receive_bytes_total{device="eth0"} ${eth0}
node_network_receive_bytes_total{device="eth1"} ${eth1}
`;
    const { value } = compare(readText(page(10, 1000), atSecond(0)), readText(page(30, 1030), atSecond(5)));
    expect(value('system_network_received')).toBe(10);
  });

  it('leave out what is beyond the limit, and say how much', () => {
    const text = Array.from({ length: 30 }, (_, at) => `thing{n="${at}"} 1`).join('\n');
    const { samples, leftOut } = compare(undefined, readText(text, atSecond(0)), { samplesMax: 10 });
    expect([samples.length, leftOut]).toEqual([10, 20]);
  });

  it('count every request once, however often one looks', () => {
    const steps = fc.array(fc.array(fc.integer({ min: 0, max: 10_000 }), { maxLength: 20 }), {
      minLength: 2,
      maxLength: 8,
    });
    fc.assert(
      fc.property(steps, (rounds) => {
        const registry = createRegistry();
        const http = observeHttp(registry);
        let before = readRegistry(registry, atSecond(0));
        const merged = new Histogram();
        const all = new Histogram();
        rounds.forEach((durations, at) => {
          for (const durationMs of durations) {
            http.begin();
            http.end({ method: 'GET', route: '/', status: 200, durationMs });
            all.record(durationMs * 1000);
          }
          const now = readRegistry(registry, atSecond(at + 1));
          const sample = compare(before, now).found('latency_ms', 'GET /');
          if (sample !== undefined) merged.mergeEncoded(sample.value as Uint8Array);
          before = now;
        });
        expect([merged.count, merged.sum]).toEqual([all.count, all.sum]);
        if (all.count > 0)
          expect(merged.quantile(0.95) / Math.max(1, all.quantile(0.95))).toBeLessThan(1.008);
      }),
      { numRuns: 50 },
    );
  });
});
