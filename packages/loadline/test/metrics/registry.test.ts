import { createRegistry, type Histogram, type Registry } from 'loadline/metrics';
import { describe, expect, expectTypeOf, it } from 'vitest';
import { slicesOf } from './slices.ts';

const help = 'What it counts.';

/** The lines of the rendered text that hold a value. */
async function valuesOf(registry: Registry): Promise<string[]> {
  const slices = await slicesOf(registry);
  return slices
    .join('')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'));
}

describe('a registry', () => {
  it('gives a slot for each label set, and the same slot again', () => {
    const requests = createRegistry().counter({ name: 'requests_total', help, labels: ['method', 'route'] });
    const slot = requests.with({ method: 'GET', route: '/' });
    slot.add();
    requests.with({ route: '/', method: 'GET' }).add(2);
    requests.with({ method: 'GET', route: '/x' }).add(5);
    expect(slot.value).toBe(3);
  });

  it('keeps label values apart however they are cut', async () => {
    const registry = createRegistry();
    const pairs = registry.counter({ name: 'pairs_total', help, labels: ['a', 'b'] });
    pairs.with({ a: 'x', b: 'yz' }).add();
    pairs.with({ a: 'xy', b: 'z' }).add();
    expect(await valuesOf(registry)).toEqual(['pairs_total{a="x",b="yz"} 1', 'pairs_total{a="xy",b="z"} 1']);
  });

  it('keeps every slot valid while thousands more are created', () => {
    const series = createRegistry().counter({ name: 'series_total', help, labels: ['id'] });
    const slots = Array.from({ length: 5000 }, (_, id) => series.with({ id: String(id) }));
    for (const [id, slot] of slots.entries()) slot.add(id);
    expect(slots.every((slot, id) => slot.value === id)).toBe(true);
  });

  it('knows the labels of a metric by type', () => {
    const registry = createRegistry();
    const requests = registry.counter({ name: 'requests_total', help, labels: ['route'] });
    expectTypeOf(requests.with).parameter(0).toEqualTypeOf<Readonly<Record<'route', string>>>();
    expectTypeOf(registry.histogram({ name: 'wait_seconds', help })).toEqualTypeOf<Histogram>();
    // @ts-expect-error: a metric with labels has no number of its own.
    expect(requests.add).toBeUndefined();
  });

  it('refuses a label set that lacks a text', () => {
    const requests = createRegistry().counter({ name: 'requests_total', help, labels: ['route'] });
    const wrong = [{}, { route: 5 }, { rout: '/' }] as unknown as { route: string }[];
    for (const labels of wrong) {
      expect(() => requests.with(labels)).toThrow(
        expect.objectContaining({ code: 'METRICS_LABELS_INVALID' }),
      );
    }
  });

  it('cuts long label values and mends broken ones, each to one series', async () => {
    const registry = createRegistry();
    const words = registry.counter({ name: 'words_total', help, labels: ['word'] });
    for (const end of ['a', 'b']) words.with({ word: `${'x'.repeat(512)}${end}` }).add();
    for (const half of ['\ud800', '\ud801']) words.with({ word: half }).add();
    expect(await valuesOf(registry)).toEqual([
      `words_total{word="${'x'.repeat(512)}"} 2`,
      'words_total{word="\ufffd"} 2',
    ]);
  });
});

describe('a counter', () => {
  it('refuses to go down, or to where no counter comes back from', () => {
    const counter = createRegistry().counter({ name: 'bytes_total', help });
    counter.add(0.5);
    for (const amount of [-1, NaN, Number.POSITIVE_INFINITY]) {
      expect(() => counter.add(amount)).toThrow(RangeError);
    }
    expect(counter.value).toBe(0.5);
  });
});

describe('a gauge', () => {
  it('is set, and moves up and down', () => {
    const gauge = createRegistry().gauge({ name: 'queue_jobs', help });
    gauge.set(5);
    gauge.add(2);
    gauge.add(-4);
    expect(gauge.value).toBe(3);
  });
});

describe('registering a name again', () => {
  it('gives the metric that is there when its shape is the same', () => {
    const registry = createRegistry();
    const register = () =>
      registry.histogram({ name: 'wait_seconds', help, labels: ['queue'], buckets: [0.1, 1] });
    register().with({ queue: 'a' }).record(5);
    expect(register().with({ queue: 'a' }).count).toBe(1);
    expect(registry.counter({ name: 'jobs_total', help })).toBe(
      registry.counter({ name: 'jobs_total', help }),
    );
  });

  it.each<[string, (registry: Registry) => void]>([
    ['another kind', (registry) => registry.gauge({ name: 'wait_seconds', help, labels: ['queue'] })],
    ['other labels', (registry) => registry.histogram({ name: 'wait_seconds', help, labels: ['job'] })],
    [
      'another help',
      (registry) => registry.histogram({ name: 'wait_seconds', help: 'x', labels: ['queue'] }),
    ],
    [
      'another scale',
      (registry) => registry.histogram({ name: 'wait_seconds', help, labels: ['queue'], scale: 1e-3 }),
    ],
    [
      'other buckets',
      (registry) => registry.histogram({ name: 'wait_seconds', help, labels: ['queue'], buckets: [1] }),
    ],
    ['a read', (registry) => registry.gauge({ name: 'wait_seconds', help, read: () => 1 })],
  ])('is refused with %s', (_, register) => {
    const registry = createRegistry();
    registry.histogram({ name: 'wait_seconds', help, labels: ['queue'] });
    expect(() => register(registry)).toThrow(expect.objectContaining({ code: 'METRICS_NAME_TAKEN' }));
  });

  it('is refused for a second read, because nobody could tell whose series are whose', () => {
    const registry = createRegistry();
    const register = () => registry.gauge({ name: 'pool_connections', help, read: () => 1 });
    register();
    expect(register).toThrow(expect.objectContaining({ code: 'METRICS_NAME_TAKEN' }));
  });
});

describe('the limit of series', () => {
  it('folds new label sets into one called other, and says how often', async () => {
    const registry = createRegistry({ seriesMax: 2 });
    const users = registry.counter({ name: 'users_total', help, labels: ['user', 'plan'] });
    for (const user of ['a', 'b', 'c', 'd', 'a']) users.with({ user, plan: 'free' }).add();
    expect(await valuesOf(registry)).toEqual([
      'loadline_metrics_folded_total{metric="users_total"} 2',
      'users_total{user="a",plan="free"} 2',
      'users_total{user="b",plan="free"} 1',
      'users_total{user="other",plan="other"} 2',
    ]);
  });

  it('holds for the count of what was folded, without an end to the counting', async () => {
    const registry = createRegistry({ seriesMax: 1 });
    for (const name of ['a_total', 'b_total', 'c_total']) {
      const counter = registry.counter({ name, help, labels: ['id'] });
      for (const id of ['1', '2']) counter.with({ id }).add();
    }
    expect(await valuesOf(registry)).toEqual(
      expect.arrayContaining([
        'loadline_metrics_folded_total{metric="a_total"} 1',
        'loadline_metrics_folded_total{metric="other"} 2',
        'c_total{id="other"} 1',
      ]),
    );
  });

  it('can be set for one metric, and never makes two series of one label set', async () => {
    const registry = createRegistry();
    const users = registry.gauge({ name: 'users_online', help, labels: ['plan'], seriesMax: 1 });
    users.with({ plan: 'other' }).add(1);
    users.with({ plan: 'b' }).add(1);
    expect(await valuesOf(registry)).toContain('users_online{plan="other"} 2');
  });

  it('holds for histograms', () => {
    const registry = createRegistry();
    const waits = registry.histogram({ name: 'wait_seconds', help, labels: ['id'], seriesMax: 10 });
    for (let id = 0; id < 1000; id++) waits.with({ id: String(id) }).record(1);
    const family = registry.families().find(({ name }) => name === 'wait_seconds');
    expect([...(family?.series() ?? [])].length).toBe(11);
  });
});

describe('a metric with read', () => {
  it('is asked each time it is looked at', async () => {
    const registry = createRegistry();
    let jobs = 1;
    registry.gauge({ name: 'queue_jobs', help, read: () => jobs });
    registry.counter({
      name: 'pool_waits_total',
      help,
      labels: ['pool'],
      read: () =>
        new Map([
          [{ pool: 'a' }, jobs],
          [{ pool: 'b' }, jobs * 2],
        ]),
    });
    jobs = 3;
    const expected = ['queue_jobs 3', 'pool_waits_total{pool="a"} 3', 'pool_waits_total{pool="b"} 6'];
    expect(await valuesOf(registry)).toEqual(expected);
  });

  it('that fails spoils nobody else, and is counted', async () => {
    const registry = createRegistry();
    const labels = ['pool'] as const;
    const fail = (): number => {
      throw new Error('closed');
    };
    registry.gauge({ name: 'thrown_items', help, read: fail });
    registry.gauge({ name: 'wrong_items', help, read: (() => 'x') as unknown as () => number });
    registry.gauge({ name: 'nothing_items', help, read: (() => undefined) as unknown as () => number });
    registry.gauge({
      name: 'twice_items',
      help,
      labels,
      read: () => [
        [{ pool: 'a' }, 1],
        [{ pool: 'a' }, 2],
      ],
    });
    registry.gauge({ name: 'good_items', help, read: () => 7 });
    expect(await valuesOf(registry)).toEqual(['twice_items{pool="a"} 1', 'good_items 7']);
    const failures = 'loadline_metrics_read_failures_total';
    expect((await valuesOf(registry)).filter((line) => line.startsWith(failures))).toEqual(
      ['thrown', 'wrong', 'nothing', 'twice'].map((name) => `${failures}{metric="${name}_items"} 1`),
    );
  });

  it('is read no further than its limit of series', async () => {
    const registry = createRegistry({ seriesMax: 3 });
    let asked = 0;
    function* endless(): Generator<[{ id: string }, number]> {
      for (;;) yield [{ id: String(asked++) }, 1];
    }
    registry.gauge({ name: 'endless_items', help, labels: ['id'], read: endless });
    expect((await valuesOf(registry)).length).toBe(3);
    expect(asked).toBe(4);
  });
});

it('beforeReading() calls back whenever somebody is about to look, so that what was gathered is there', async () => {
  const registry = createRegistry();
  const jobs = registry.counter({ name: 'jobs_total', help });
  let gathered = 3;
  registry.beforeReading(() => {
    jobs.add(gathered);
    gathered = 0;
  });
  expect(registry.snapshot()).toMatchObject([{ series: [{ value: 3 }] }]);
  gathered = 2;
  expect(await valuesOf(registry)).toEqual(['jobs_total 5']);
});
