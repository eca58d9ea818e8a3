import { createVirtualClock } from 'loadline/base';
import { createPoolSplit, createProxySplit } from 'loadline/scaling';
import {
  openPool,
  type ProxyDriver,
  type SeenUpstream,
  type Upstream,
  type WantedUpstream,
} from 'loadline/traffic';
import { describe, expect, it } from 'vitest';

const builds = { id: 'r1', group: 'api', baseline: '1.0', candidate: '1.1' };
const old: Upstream[] = [1, 2].map((port) => ({ id: `old-${port}`, host: '127.0.0.1', port }));
const next: Upstream[] = [{ id: 'new-1', host: '127.0.0.1', port: 3 }];
const signal = new AbortController().signal;

interface Told extends ProxyDriver {
  wanted: readonly WantedUpstream[];
  isAway: boolean;
  readonly down: Set<string>;
}

function proxy(name: string): Told {
  const told: Told = {
    name,
    wanted: [],
    isAway: false,
    down: new Set(),
    async observe(): Promise<SeenUpstream[]> {
      if (told.isAway) throw new Error('it does not answer');
      return told.wanted.map(({ id, host, port }) => ({
        id,
        host,
        port,
        status: told.down.has(id) ? 'down' : 'up',
        inFlight: 0,
      }));
    },
    async apply(wanted) {
      if (told.isAway) throw new Error('it does not answer');
      told.wanted = wanted;
    },
  };
  return told;
}

function weightsAt({ wanted }: Told): Record<string, number | undefined> {
  return Object.fromEntries(wanted.map(({ id, weight }) => [id, weight]));
}

describe('createProxySplit()', () => {
  it('tells every proxy the weights of a share', async () => {
    const proxies = [proxy('a'), proxy('b')];
    const split = createProxySplit({
      drivers: proxies,
      upstreams: () => ({ baseline: old, candidate: next }),
    });
    await split.apply(builds, 0.2, signal);
    for (const each of proxies) expect(weightsAt(each)).toEqual({ 'old-1': 256, 'old-2': 256, 'new-1': 128 });
    await split.apply(builds, 0, signal);
    for (const each of proxies) expect(weightsAt(each)).toEqual({ 'old-1': 256, 'old-2': 256, 'new-1': 0 });
  });

  it('says how proxies find the candidate', async () => {
    const proxies = [proxy('a'), proxy('b')] as const;
    const candidate = [...next, { id: 'new-2', host: '127.0.0.1', port: 4 }];
    const split = createProxySplit({ drivers: proxies, upstreams: () => ({ baseline: old, candidate }) });
    await split.apply(builds, 0.2, signal);
    expect(await split.fitness?.(builds, signal)).toEqual({ kind: 'fit' });
    for (const id of ['old-1', 'old-2', 'new-1']) proxies[0].down.add(id);
    expect(await split.fitness?.(builds, signal)).toEqual({
      kind: 'partly fit',
      because: 'a has 1 of its 2 instances up',
    });
    proxies[1].isAway = true;
    proxies[0].down.add('new-2');
    expect(await split.fitness?.(builds, signal)).toEqual({
      kind: 'unfit',
      because: 'a has found all of its instances unfit, 2 in number',
    });
    proxies[0].down.clear();
    expect(await split.fitness?.(builds, signal)).toEqual({ kind: 'partly fit', because: 'b does not tell' });
  });

  it('tells the others while one is away, and says which', async () => {
    const proxies = [proxy('a'), proxy('b')] as const;
    const split = createProxySplit({
      drivers: proxies,
      upstreams: async () => ({ baseline: old, candidate: next }),
    });
    proxies[0].isAway = true;
    await expect(split.apply(builds, 0.2, signal)).rejects.toThrow('a: it does not answer');
    expect(weightsAt(proxies[1])).toMatchObject({ 'new-1': 128 });
  });
});

describe('createPoolSplit()', () => {
  it('gives the upstreams of a pool their weights, and does not wait for one that is to get nothing', async () => {
    const clock = createVirtualClock();
    const told = proxy('a');
    await using pool = openPool({ clock, drivers: [told] });
    const split = createPoolSplit({ pool, upstreams: () => ({ baseline: old, candidate: next }) });
    const first = split.apply(builds, 0.5, signal);
    await clock.advance(1000);
    await first;
    expect(weightsAt(told)).toEqual({ 'old-1': 128, 'old-2': 128, 'new-1': 256 });
    told.down.add('new-1');
    await clock.advance(10_000);
    expect(await split.fitness?.(builds, signal)).toMatchObject({ kind: 'unfit' });
    const back = split.apply(builds, 0, signal);
    await clock.advance(1000);
    await back;
    expect(weightsAt(told)).toEqual({ 'old-1': 256, 'old-2': 256, 'new-1': 0 });
  });

  it('says which upstream is not up when its time is over', async () => {
    const clock = createVirtualClock();
    const told = proxy('a');
    told.down.add('new-1');
    await using pool = openPool({ clock, drivers: [told] });
    const split = createPoolSplit({ pool, upstreams: () => ({ baseline: old, candidate: next }) });
    const end = new AbortController();
    const told1 = expect(split.apply(builds, 0.5, end.signal)).rejects.toThrow('new-1: overdue');
    await clock.advance(1000);
    end.abort(new Error('overdue'));
    await told1;
  });
});
