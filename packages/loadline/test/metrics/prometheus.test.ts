import { type Clock, systemClock } from 'loadline/base';
import { createRegistry, type Registry, renderPrometheus } from 'loadline/metrics';
import { describe, expect, it } from 'vitest';
import { slicesOf } from './slices.ts';

const help = 'What it is.';

async function textOf(registry: Registry): Promise<string> {
  return (await slicesOf(registry)).join('');
}

/** A clock on which every look takes a while, as if a series took `lookMs` to write. */
function clockThatRuns(lookMs: number): Clock & { readonly looks: number } {
  let looks = 0;
  return {
    ...systemClock,
    monotonicMs: () => looks++ * lookMs,
    get looks() {
      return looks;
    },
  };
}

function registryOf(seriesCount: number): Registry {
  const registry = createRegistry();
  const waits = registry.histogram({ name: 'wait_seconds', help, labels: ['id'], buckets: [1] });
  for (let id = 0; id < seriesCount; id++) waits.with({ id: String(id) }).record(id);
  return registry;
}

describe('renderPrometheus()', () => {
  it('writes counters and gauges with their heads, and numbers as Prometheus reads them', async () => {
    const registry = createRegistry();
    registry
      .counter({ name: 'jobs_total', help: 'Jobs, done.', labels: ['queue'] })
      .with({ queue: 'a' })
      .add(1e21);
    const load = registry.gauge({ name: 'load_ratio', help: 'Line\nbreak \\ here', labels: ['of'] });
    for (const [of, value] of [
      ['a', -0.5],
      ['b', NaN],
      ['c', Infinity],
      ['d', -Infinity],
    ] as const) {
      load.with({ of }).set(value);
    }
    registry.gauge({ name: 'free_bytes', help }).set(7);
    expect(await textOf(registry)).toBe(
      [
        '# HELP jobs_total Jobs, done.',
        '# TYPE jobs_total counter',
        'jobs_total{queue="a"} 1e+21',
        '# HELP load_ratio Line\\nbreak \\\\ here',
        '# TYPE load_ratio gauge',
        'load_ratio{of="a"} -0.5',
        'load_ratio{of="b"} NaN',
        'load_ratio{of="c"} +Inf',
        'load_ratio{of="d"} -Inf',
        '# HELP free_bytes What it is.',
        '# TYPE free_bytes gauge',
        'free_bytes 7',
        '',
      ].join('\n'),
    );
  });

  it('writes a histogram of microseconds in seconds, with cumulative buckets', async () => {
    const registry = createRegistry();
    const options = { name: 'wait_seconds', help, labels: ['queue'], buckets: [0.005, 0.1, 2.5] } as const;
    const waits = registry.histogram(options).with({ queue: 'a' });
    for (const us of [5000, 5000, 7345, 99_999, 2_000_000, 3_000_000]) waits.record(us);
    expect(await textOf(registry)).toBe(
      [
        '# HELP wait_seconds What it is.',
        '# TYPE wait_seconds histogram',
        'wait_seconds_bucket{queue="a",le="0.005"} 2',
        'wait_seconds_bucket{queue="a",le="0.1"} 4',
        'wait_seconds_bucket{queue="a",le="2.5"} 5',
        'wait_seconds_bucket{queue="a",le="+Inf"} 6',
        'wait_seconds_sum{queue="a"} 5.117344',
        'wait_seconds_count{queue="a"} 6',
        '',
      ].join('\n'),
    );
  });

  it('neither loses nor adds digits or counts by changing the unit', async () => {
    const registry = createRegistry();
    // As doubles, 0.000249 s is 248.99999999999997 µs, and 57 µs times 1e-6 is 0.000056999999999999996 s.
    const waits = registry.histogram({ name: 'wait_seconds', help, buckets: [0.000056, 0.000249] });
    waits.record(57);
    expect(await textOf(registry)).toContain('wait_seconds_sum 0.000057\n');
    waits.record(249);
    waits.record(250);
    expect(await textOf(registry)).toContain('le="0.000056"} 0\nwait_seconds_bucket{le="0.000249"} 2\n');
  });

  it('writes an unlabelled histogram in its own unit, from 0', async () => {
    const registry = createRegistry();
    const sizes = registry.histogram({ name: 'body_bytes', help, buckets: [100, 1000] });
    const lines = async (): Promise<string[]> => (await textOf(registry)).split('\n').slice(2, -1);
    expect(await lines()).toEqual([
      'body_bytes_bucket{le="100"} 0',
      'body_bytes_bucket{le="1000"} 0',
      'body_bytes_bucket{le="+Inf"} 0',
      'body_bytes_sum 0',
      'body_bytes_count 0',
    ]);
    sizes.record(100);
    expect((await lines())[0]).toBe('body_bytes_bucket{le="100"} 1');
  });

  it('has buckets from 1 ms to 10 s where a histogram of seconds names none', async () => {
    const registry = createRegistry();
    registry.histogram({ name: 'wait_seconds', help }).record(1000);
    const bounds = [...(await textOf(registry)).matchAll(/le="(.+)"} (\d)/g)];
    expect(bounds.map(([, bound]) => bound).join(' ')).toBe(
      '0.001 0.0025 0.005 0.01 0.025 0.05 0.1 0.25 0.5 1 2.5 5 10 +Inf',
    );
    expect(bounds.every(([, , count]) => count === '1')).toBe(true);
  });

  it('escapes label values', async () => {
    const registry = createRegistry();
    const odd = registry.counter({ name: 'odd_total', help, labels: ['value'] });
    for (const value of ['a"b', 'a\\b', 'a\nb', 'a\\nb', '', 'ä😀{}=,']) odd.with({ value }).add();
    expect((await textOf(registry)).split('\n').slice(2, -1)).toEqual([
      'odd_total{value="a\\"b"} 1',
      'odd_total{value="a\\\\b"} 1',
      'odd_total{value="a\\nb"} 1',
      'odd_total{value="a\\\\nb"} 1',
      'odd_total{value=""} 1',
      'odd_total{value="ä😀{}=,"} 1',
    ]);
  });

  it('leaves out a metric that has no series yet', async () => {
    const registry = createRegistry();
    registry.counter({ name: 'jobs_total', help, labels: ['queue'] });
    expect(await textOf(registry)).toBe('');
  });
});

describe('the slices of renderPrometheus()', () => {
  it('end when their time is used up', async () => {
    const clock = clockThatRuns(1);
    const slices = await slicesOf(registryOf(10_000), { sliceMs: 5, clock });
    const seriesIn = slices.map((slice) => slice.match(/wait_seconds_count/g)?.length ?? 0);
    expect(Math.max(...seriesIn)).toBe(5);
    expect(seriesIn.reduce((sum, count) => sum + count, 0)).toBe(10_000);
  });

  it('end when they are long, however quick the machine is', async () => {
    const slices = await slicesOf(registryOf(10_000), { clock: { ...systemClock, monotonicMs: () => 0 } });
    expect(slices.length).toBeGreaterThan(10);
    expect(Math.max(...slices.map((slice) => slice.length))).toBeLessThan(129 * 1024);
  });

  it('leave the event loop a turn between them', async () => {
    let turns = 0;
    const count = (): void => {
      turns++;
      immediate = setImmediate(count);
    };
    let immediate = setImmediate(count);
    const turnsAt: number[] = [];
    for await (const _ of renderPrometheus(registryOf(100), { sliceMs: 10, clock: clockThatRuns(1) })) {
      turnsAt.push(turns);
    }
    clearImmediate(immediate);
    expect(turnsAt.length).toBe(10);
    expect(new Set(turnsAt).size).toBe(10);
  });

  it('are the same text as one slice', async () => {
    const registry = registryOf(200);
    const slices = await slicesOf(registry, { sliceMs: 2, clock: clockThatRuns(1) });
    expect(slices.length).toBe(100);
    expect(slices.join('')).toBe(await textOf(registry));
  });

  it('keep one series in one piece while it is recorded into meanwhile', async () => {
    const registry = registryOf(50);
    const waits = registry.histogram({ name: 'wait_seconds', help, labels: ['id'], buckets: [1] });
    let text = '';
    for await (const slice of renderPrometheus(registry, { sliceMs: 1, clock: clockThatRuns(1) })) {
      text += slice;
      for (let id = 0; id < 50; id++) waits.with({ id: String(id) }).record(1);
    }
    const numbers = (pattern: RegExp): string[] =>
      Array.from(text.matchAll(pattern), (match) => match[1] as string);
    const counts = numbers(/_count{.*} (\d+)/g);
    expect(numbers(/le="1"} (\d+)/g)).toEqual(counts);
    expect(numbers(/le="\+Inf"} (\d+)/g)).toEqual(counts);
    expect(new Set(counts).size).toBe(50);
  });

  it('stop when nobody wants them any more', async () => {
    const clock = clockThatRuns(1);
    for await (const _ of renderPrometheus(registryOf(1000), { sliceMs: 1, clock })) break;
    expect(clock.looks).toBeLessThan(5);
  });
});
