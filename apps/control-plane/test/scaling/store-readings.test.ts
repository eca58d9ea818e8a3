import { createVirtualClock } from 'loadline/base';
import type { Fleet, Instance, ScalingDriver, WantedMetric } from 'loadline/scaling';
import { describe, expect, it } from 'vitest';
import { Lately } from '../../src/collect/index.ts';
import { createStoreReadings } from '../../src/scaling/store-readings.ts';
import { createMemoryStore } from '../memory-store.ts';

const instance = (id: string, state: Instance['state'] = 'ready') =>
  ({ id, state, url: undefined, sinceMs: 0, restarts: 0 }) as const;
const cpu: WantedMetric = { metric: 'cpuRatio', of: 'per replica', merge: 'mean' };
const signal = new AbortController().signal;

/** Two instances of a service, and what the store has of the processor of each. */
async function stage({
  instances = [instance('shop-1'), instance('shop-2')],
  stored = { 'shop-1': 0.1, 'shop-2': 0.3 },
  quota,
}: {
  readonly instances?: readonly Instance[];
  readonly stored?: Readonly<Record<string, number>>;
  readonly quota?: Fleet['quota'];
} = {}) {
  const clock = createVirtualClock();
  const store = createMemoryStore(clock);
  const fleet: Fleet = {
    ...{ kind: 'seen', wanted: 2, ready: 2, starting: 0, stopping: 0, instances },
    ...(quota === undefined ? {} : { quota }),
  };
  const used: Record<string, number> = {};
  const counted = ({ instances: all, ...rest }: Fleet): Fleet => ({
    ...rest,
    instances: all.map((each) => ({
      ...each,
      ...(each.id in used ? { cpuMs: used[each.id] as number } : {}),
    })),
  });
  const driver: ScalingDriver = {
    observe: async () => counted(fleet),
    apply: async () => ({ kind: 'accepted' }),
  };
  const sample = (id: string, value: number, metric = 'cpu_ratio', unit = 'ratio') => ({
    series: { metric, service: 'shop', instance: id, unit },
    atMs: clock.now(),
    value,
  });
  await store.metrics.write(Object.entries(stored).map(([id, value]) => sample(id, value)));
  const lately = new Lately(['shop']);
  const asked: string[] = [];
  const metrics: typeof store.metrics = {
    ...store.metrics,
    latest(query) {
      asked.push(query.metric ?? '');
      return store.metrics.latest(query);
    },
  };
  const readings = createStoreReadings({
    ...{ metrics, lately, driver, clock },
    quick: { look: async () => undefined },
    everyMs: () => 15_000,
    staleAfterMs: () => 60_000,
  });
  const see = (id: string, value: number) =>
    lately.take({ service: 'shop', instance: id }, [sample(id, value)], {
      nowMs: clock.monotonicMs(),
      elapsedS: 1,
    });
  return { clock, store, readings, sample, see, lately, asked, used };
}

it.each([
  ['of a core, where nothing limits an instance', undefined, 0.2],
  ['of what a control group leaves it', { by: 'control group', cores: 0.25 }, 0.8],
  ['of a core, where no control group could be made', { by: 'nothing', because: 'no rights' }, 0.2],
] as const)('the CPU of an instance is a share %s', async (_, quota, share) => {
  const { readings } = await stage(quota === undefined ? {} : { quota });
  const { cpuRatio } = await readings.read('shop', [cpu], signal);
  expect(cpuRatio).toMatchObject({ value: expect.closeTo(share, 10) });
});

describe('what a scaler goes by', () => {
  it('is what was seen lately, before what the store has', async () => {
    const { readings, see, asked } = await stage();
    see('shop-1', 0.9);
    expect((await readings.read('shop', [cpu], signal)).cpuRatio).toMatchObject({ value: 0.6, count: 2 });
    see('shop-2', 0.7);
    asked.length = 0;
    expect((await readings.read('shop', [cpu], signal)).cpuRatio).toMatchObject({ value: 0.8, overMs: 1000 });
    // All of them were seen: the store need not answer.
    expect(asked).toEqual([]);
  });

  it('is what the driver counts of the processor, before what an instance says that has no time to say it', async () => {
    const { readings, see, clock, used } = await stage();
    for (const id of ['shop-1', 'shop-2']) see(id, 0.1);
    Object.assign(used, { 'shop-1': 0, 'shop-2': 0 });
    await readings.read('shop', [cpu], signal);
    await clock.advance(1000);
    Object.assign(used, { 'shop-1': 900, 'shop-2': 700 });
    expect((await readings.read('shop', [cpu], signal)).cpuRatio).toMatchObject({
      value: 0.8,
      atMs: clock.now(),
      overMs: 1000,
    });
    expect((await readings.readEach('shop', [cpu], signal)).get('shop-1')?.cpuRatio).toMatchObject({
      value: 0.9,
    });
  });

  it('is what all told together, of what is one number for the group', async () => {
    const { readings, store, sample } = await stage();
    const depth: WantedMetric = { metric: 'queueDepth', of: 'of the group', merge: 'sum' };
    await store.metrics.write(['shop-1', 'another'].map((id) => sample(id, 5, 'queue_depth', 'count')));
    expect((await readings.read('shop', [depth], signal)).queueDepth).toMatchObject({ value: 10 });
  });

  it('is what the others told where one is silent for longer than values are good, and nothing good where all are', async () => {
    const { clock, readings, see } = await stage();
    await clock.advance(61_000);
    see('shop-1', 0.9);
    const toldMs = clock.now();
    const read = async () => (await readings.read('shop', [cpu], signal)).cpuRatio;
    expect(await read()).toMatchObject({ value: 0.9, atMs: toldMs, count: 1, setAside: 1 });
    await clock.advance(61_000);
    expect(await read()).toMatchObject({ atMs: clock.now() - 122_000 });
    expect(await read()).not.toHaveProperty('setAside');
  });

  it('is of nobody any more who was of the group and has gone: it would look like one who does not answer', async () => {
    const instances = [instance('shop-1'), instance('shop-2')];
    const { clock, readings, store, sample } = await stage({ instances });
    const depth: WantedMetric = { metric: 'queueDepth', of: 'of the group', merge: 'sum' };
    const tell = (...ids: readonly string[]) =>
      store.metrics.write(ids.map((id) => sample(id, 5, 'queue_depth', 'count')));
    await tell('shop-1', 'shop-2', 'another');
    expect((await readings.read('shop', [depth], signal)).queueDepth).toMatchObject({ value: 15 });
    instances.pop();
    await clock.advance(90_000);
    await tell('shop-1', 'another');
    expect((await readings.read('shop', [depth], signal)).queueDepth).toMatchObject({
      value: 10,
      atMs: clock.now(),
    });
    instances.push(instance('shop-2'));
    await tell('shop-2');
    expect((await readings.read('shop', [depth], signal)).queueDepth).toMatchObject({ value: 15 });
  });
});

describe('what nobody has measured', () => {
  const depth: WantedMetric = { metric: 'queueDepth', of: 'of the group', merge: 'sum' };
  const latency: WantedMetric = { metric: 'latencyMsP95', of: 'of the group', merge: 'mean' };

  it('has a reason where no instance is ready, unless others could have told it', async () => {
    const { readings } = await stage({ instances: [instance('shop-1', 'waiting')] });
    const because = 'no instance is ready';
    expect(await readings.read('shop', [cpu, depth, latency], signal)).toEqual({
      cpuRatio: { because },
      latencyMsP95: { because },
    });
  });

  it('has as a reason why one that takes requests told nothing, until it tells something', async () => {
    const instances = [instance('shop-1'), instance('shop-2'), instance('shop-3', 'draining')];
    const { readings, lately, see } = await stage({ instances, stored: {} });
    lately.miss({ service: 'shop', instance: 'shop-3' }, 'connection refused');
    expect(await readings.read('shop', [cpu], signal)).toEqual({});
    lately.miss({ service: 'shop', instance: 'shop-2' }, 'it answered 401');
    const because = 'shop-2 told nothing: it answered 401';
    expect(await readings.read('shop', [cpu, depth, latency], signal)).toEqual({
      cpuRatio: { because },
      latencyMsP95: { because },
    });
    see('shop-1', 0.5);
    // One value is better than none, and than a reason.
    expect(await readings.read('shop', [cpu], signal)).toMatchObject({ cpuRatio: { value: 0.5 } });
    lately.take({ service: 'shop', instance: 'shop-2' }, [], { nowMs: 0, elapsedS: 1 });
    expect(await readings.read('shop', [latency], signal)).toEqual({});
  });

  it('is left out where one is ready, or none is there', async () => {
    for (const instances of [[instance('shop-1')], []]) {
      const { readings } = await stage({ instances, stored: {} });
      expect(await readings.read('shop', [cpu, latency], signal)).toEqual({});
    }
  });
});

describe('what is told of each instance', () => {
  it('is its own, also of who takes no requests; of who was not measured there is nothing', async () => {
    const instances = [instance('shop-1'), instance('shop-2', 'starting'), instance('shop-3')];
    const { readings, see } = await stage({ instances });
    see('shop-1', 0.9);
    const each = await readings.readEach('shop', [cpu], signal);
    expect([...each]).toMatchObject([
      ['shop-1', { cpuRatio: { value: 0.9 } }],
      ['shop-2', { cpuRatio: { value: 0.3 } }],
      ['shop-3', {}],
    ]);
    expect(each.get('shop-3')).toEqual({});
  });

  it('is a share of what its control group leaves it', async () => {
    const { readings } = await stage({ quota: { by: 'control group', cores: 0.5 } });
    const each = await readings.readEach('shop', [cpu], signal);
    expect(each.get('shop-1')?.cpuRatio).toMatchObject({ value: expect.closeTo(0.2, 10) });
  });

  it('is nothing that is one number for the group, and what a service measures itself', async () => {
    const { readings, store, sample } = await stage();
    await store.metrics.write([
      sample('shop-1', 7, 'carts', 'count'),
      sample('shop-1', 3, 'queue_depth', 'count'),
    ]);
    const wanted: readonly WantedMetric[] = [
      { metric: 'custom:carts', of: 'per replica', merge: 'mean' },
      { metric: 'queueDepth', of: 'of the group', merge: 'sum' },
    ];
    const each = await readings.readEach('shop', wanted, signal);
    expect(Object.keys(each.get('shop-1') ?? {})).toEqual(['custom:carts']);
  });
});
