import fc from 'fast-check';
import { createVirtualClock, type VirtualClock } from 'loadline/base';
import { Histogram } from 'loadline/metrics';
import { beforeEach, describe, expect, it } from 'vitest';
import { type RemoteWrite, RemoteWrites } from '../../src/intake/remote-write/remote-writes.ts';
import { at, messageOf, packed, staleMark, type TestSeries, written } from './written.ts';

let clock: VirtualClock;
let writes: RemoteWrites;

beforeEach(() => {
  clock = createVirtualClock();
  writes = new RemoteWrites(clock);
});

const shop = { job: 'shop', instance: 'a:1' };

function read(...series: readonly TestSeries[]): RemoteWrite {
  return writes.read(written(...series));
}

function bucketsAt(atMs: number, counts: Readonly<Record<string, number>>, more: object = {}): TestSeries[] {
  return Object.entries(counts).map(([le, count]) =>
    at(atMs, count, { __name__: 'wait_seconds_bucket', ...shop, ...more, le }),
  );
}

describe('a series that Prometheus writes', () => {
  it('keeps its name, and is of its job and instance', () => {
    const { samples } = read(at(1000, 7, { __name__: 'oven_bytes', ...shop, city: 'Rome', none: '' }));
    const series = { metric: 'oven_bytes', unit: 'bytes', service: 'shop', instance: 'a:1' };
    expect(samples).toEqual([{ series: { ...series, labels: { city: 'Rome' } }, atMs: 1000, value: 7 }]);
  });

  it('is of the service that it names itself, and its job stays a label', () => {
    const [sample] = read(at(1, 1, { __name__: 'm', job: 'k8s', service: 'shop' })).samples;
    expect(sample?.series).toEqual({ metric: 'm', unit: 'count', service: 'shop', labels: { job: 'k8s' } });
  });

  it('is the same object each time, which the store finds quickest', () => {
    const labels = { __name__: 'oven_bytes', ...shop, city: 'Rome' };
    const [first] = read(at(1, 1, labels)).samples;
    const [second] = read(at(2, 1, labels)).samples;
    expect(second?.series).toBe(first?.series);
    expect(Object.isFrozen(first?.series) && Object.isFrozen(first?.series.labels)).toBe(true);
  });

  it.each([
    ['has no label __name__', { job: 'shop' }],
    ['has neither a label service nor a label job', { __name__: 'm' }],
  ])('that %s is refused, and the others are not', (detail, labels) => {
    const { refused, problems, samples, pointerOf } = read(
      {
        labels,
        samples: [
          [1, 1],
          [2, 2],
        ],
      },
      at(1, 5, { __name__: 'm', ...shop }),
    );
    expect([refused, problems]).toEqual([2, [{ pointer: '/timeseries/0', detail }]]);
    expect([samples.length, pointerOf(0)]).toEqual([1, '/timeseries/1/samples/0']);
  });

  it('may come with late samples, and says nothing where it ends', () => {
    const labels = { __name__: 'm', ...shop };
    expect(read(at(5000, 2, labels)).samples).toHaveLength(1);
    expect(read(at(4000, 1, labels)).samples).toMatchObject([{ atMs: 4000, value: 1 }]);
    const { samples, leftOut, refused } = read(at(6000, staleMark, labels), at(6000, Number.NaN, labels));
    expect([samples, leftOut, refused]).toEqual([[], 2, 0]);
  });
});

describe('a counter', () => {
  const labels = { __name__: 'meals_saved_total', ...shop };

  it('becomes what it grew by the second, over requests and within one', () => {
    const first = read(at(0, 100, labels));
    expect([first.samples, first.leftOut, first.isRemembered]).toEqual([[], 0, true]);
    const { samples } = read({
      labels,
      samples: [
        [10_000, 150],
        [20_000, 150],
        [25_000, 160],
      ],
    });
    expect(samples.map(({ atMs, value }) => [atMs, value])).toEqual([
      [10_000, 5],
      [20_000, 0],
      [25_000, 2],
    ]);
    expect(samples[0]?.series).toEqual({
      metric: 'meals_saved',
      unit: 'per second',
      service: 'shop',
      instance: 'a:1',
    });
  });

  it('that has fallen began anew', () => {
    read(at(0, 100, labels));
    expect(read(at(10_000, 30, labels)).samples).toMatchObject([{ value: 3 }]);
  });

  it('goes on after a scrape that failed, by which it ends for Prometheus', () => {
    read(at(0, 100, labels));
    read(at(10_000, staleMark, labels));
    expect(read(at(20_000, 120, labels)).samples).toMatchObject([{ value: 1 }]);
  });

  it('that comes again or late is left out', () => {
    read(at(0, 100, labels), at(10_000, 110, labels));
    const { samples, leftOut } = read(at(10_000, 110, labels), at(5000, 105, labels));
    expect([samples, leftOut]).toEqual([[], 2]);
  });

  it('is compared with what was before where its request was not kept', () => {
    read(at(0, 100, labels));
    read(at(10_000, 110, labels)).undo();
    expect(read(at(10_000, 110, labels)).samples).toMatchObject([{ value: 1 }]);
  });

  it.each([
    ['seconds', 'busy_seconds_total', 'busy_seconds', 'ratio'],
    ['bytes', 'sent_bytes_total', 'sent_bytes', 'bytes/s'],
  ])('of %s has the unit of its growth', (_what, name, metric, unit) => {
    read(at(0, 0, { ...labels, __name__: name }));
    const [sample] = read(at(1000, 1, { ...labels, __name__: name })).samples;
    expect(sample?.series).toMatchObject({ metric, unit });
  });

  it('may be called otherwise, if Prometheus says what it is', () => {
    writes.read(
      packed(
        messageOf(
          [],
          [
            { type: 1, family: 'meals' },
            { type: 2, family: 'open' },
          ],
        ),
      ),
    );
    const named = (name: string, atMs: number, value: number) => at(atMs, value, { __name__: name, ...shop });
    read(named('meals', 0, 1), named('open', 0, 1));
    const { samples } = read(named('meals', 1000, 3), named('open', 1000, 3));
    expect(samples.map(({ series, value }) => [series.metric, series.unit, value])).toEqual([
      ['meals', 'per second', 2],
      ['open', 'count', 3],
    ]);
  });
});

describe('a summary', () => {
  it('has its quantiles as they are, and its sum and count as they grow', () => {
    const request = (atMs: number, sum: number, count: number): RemoteWrite =>
      read(
        at(atMs, 0.5, { __name__: 'bake_seconds', ...shop, quantile: '0.99' }),
        at(atMs, sum, { __name__: 'bake_seconds_sum', ...shop }),
        at(atMs, count, { __name__: 'bake_seconds_count', ...shop }),
      );
    request(0, 10, 100);
    const { samples } = request(10_000, 15, 150);
    expect(samples.map(({ series, value }) => [series.metric, series.unit, value])).toEqual([
      ['bake_seconds', 's', 0.5],
      ['bake_seconds_sum', 'ratio', 0.5],
      ['bake_seconds_count', 'per second', 5],
    ]);
  });

  it('is not what every number is whose name ends so', () => {
    const threads = (atMs: number, value: number): RemoteWrite =>
      read(at(atMs, value, { __name__: 'threads_count', ...shop }));
    expect(threads(0, 8).leftOut).toBe(1);
    expect(threads(1000, 6).samples).toMatchObject([{ series: { metric: 'threads_count' }, value: 6 }]);
  });
});

describe('a histogram', () => {
  const none = { '0.1': 0, '0.2': 0, '+Inf': 0 };

  it('is put together of its buckets, and becomes what was recorded in between', () => {
    expect(read(...bucketsAt(0, { '0.1': 5, '0.2': 5, '+Inf': 5 })).isHeld).toBe(false);
    const { samples, isHeld } = read(
      ...bucketsAt(10_000, { '0.1': 5, '0.2': 105, '+Inf': 105 }),
      at(10_000, 12, { __name__: 'wait_seconds_sum', ...shop }),
      at(10_000, 105, { __name__: 'wait_seconds_count', ...shop }),
    );
    expect(samples).toHaveLength(1);
    const series = { metric: 'wait_seconds', unit: 's', service: 'shop', instance: 'a:1' };
    expect(samples[0]).toMatchObject({ series, atMs: 10_000 });
    const histogram = Histogram.decode(samples[0]?.value as Uint8Array);
    expect(histogram.count).toBe(100);
    expect(histogram.quantile(0.5) / 1e6).toBeCloseTo(0.15, 2);
    expect(isHeld).toBe(false);
  });

  it('waits for those of its buckets that come with another request', () => {
    read(...bucketsAt(0, none));
    const whole = bucketsAt(10_000, { '0.1': 1, '0.2': 2, '+Inf': 2 });
    const first = read(...whole.slice(0, 2));
    expect([first.samples, first.isHeld]).toEqual([[], true]);
    const second = read(...whole.slice(2));
    expect([second.samples.length, second.isHeld]).toEqual([1, false]);
    expect(Histogram.decode(second.samples[0]?.value as Uint8Array).count).toBe(2);
  });

  it('says nothing where nothing was recorded', () => {
    read(...bucketsAt(0, none));
    expect(read(...bucketsAt(10_000, none)).samples).toEqual([]);
  });

  it('begins anew where its buckets are others', () => {
    read(...bucketsAt(0, none));
    expect(read(...bucketsAt(10_000, { '0.1': 9, '0.15': 9, '0.2': 9, '+Inf': 9 })).samples).toEqual([]);
    const { samples } = read(...bucketsAt(20_000, { '0.1': 9, '0.15': 10, '0.2': 10, '+Inf': 10 }));
    expect(samples.map(({ value }) => Histogram.decode(value as Uint8Array).count)).toEqual([1]);
  });

  it('begins anew where a bucket does not come any more', () => {
    read(...bucketsAt(0, none));
    const fewer = (atS: number): RemoteWrite =>
      read(...bucketsAt(atS * 1000, { '0.1': atS, '+Inf': 2 * atS }));
    const counts = [1, 2, 3, 4, 5, 6, 7].map((atS) => fewer(atS).samples.length);
    expect(counts.slice(-2)).toEqual([1, 1]);
    expect(counts.slice(0, 3)).toEqual([0, 0, 0]);
  });

  it('is compared with what was before where its request was not kept', () => {
    read(...bucketsAt(0, none));
    const next = bucketsAt(10_000, { '0.1': 4, '0.2': 4, '+Inf': 4 });
    read(...next).undo();
    const [sample] = read(...next).samples;
    expect(Histogram.decode(sample?.value as Uint8Array).count).toBe(4);
  });

  it('counts everything once, in whatever pieces and order its buckets come', () => {
    const values = fc.array(fc.integer({ min: 0, max: 3 }), { maxLength: 6 });
    const property = fc.property(
      fc.array(values, { minLength: 2, maxLength: 6 }),
      fc.infiniteStream(fc.nat()),
      (rounds, chances) => {
        const remote = new RemoteWrites(clock);
        const counts = [0, 0, 0, 0];
        let merged = 0;
        rounds.forEach((recorded, round) => {
          for (const value of recorded) for (let le = value; le < 4; le++) counts[le] = (counts[le] ?? 0) + 1;
          const [a = 0, b = 0, c = 0, d = 0] = counts;
          const whole = bucketsAt(round * 1000, { '1': a, '2': b, '3': c, '+Inf': d });
          while (whole.length > 0) {
            const piece = whole.splice(chances.next().value % whole.length, 1);
            for (const { value } of remote.read(written(...piece)).samples)
              merged += Histogram.decode(value as Uint8Array).count;
          }
        });
        expect(merged).toBe(rounds.slice(1).flat().length);
      },
    );
    fc.assert(property, { numRuns: 100 });
  });
});

describe('what is remembered of series', () => {
  function many(name: string, to = 5): RemoteWrite {
    const series = Array.from({ length: to }, (_, n) => at(1, 1, { __name__: name, ...shop, n: String(n) }));
    return read(...series);
  }

  it('has a limit, beyond which those that grow are refused and the others are not', () => {
    writes = new RemoteWrites(clock, 8);
    expect(many('a_total').refused).toBe(0);
    const { refused, problems } = many('b_total');
    const detail = 'is of one more than 8 series whose last value is remembered';
    expect([refused, problems[0]]).toEqual([2, { pointer: '/timeseries/3', detail }]);
    expect(many('a').samples).toHaveLength(5);
  });

  it('is forgotten an hour after it has ended, where there is no room', async () => {
    writes = new RemoteWrites(clock, 8);
    many('a_total');
    await clock.advance(3_600_001);
    many('b_total', 3);
    expect(many('c_total').refused).toBe(0);
    expect(many('d_total').refused).toBe(5);
  });
});

describe('a request that is too large', () => {
  it('is refused by its samples', () => {
    const labels = { __name__: 'm', ...shop };
    const samples = Array.from({ length: 10_001 }, (_, second) => [second, 1] as const);
    expect(() => read({ labels, samples })).toThrow('more than 10000 samples');
  });
});
