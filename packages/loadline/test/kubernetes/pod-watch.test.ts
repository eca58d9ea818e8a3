import { createRandom, createVirtualClock } from 'loadline/base';
import { kubernetesError, type PodWatch, type PodWatchOptions, watchPods } from 'loadline/kubernetes';
import { describe, expect, it } from 'vitest';
import { ApiFailure, FakeCluster, gone, reachInProcess } from './fake-cluster.ts';

interface Followed {
  readonly clock: ReturnType<typeof createVirtualClock>;
  readonly cluster: FakeCluster;
  readonly watch: PodWatch;
  /** What every request gets from now on, instead of an answer. */
  fail(how: ((isWatch: boolean) => Error | undefined) | undefined): void;
  readonly told: readonly unknown[];
  names(): string[];
}

/** Three pods of the shop and one of another, followed for a moment. */
async function follow(options: Partial<PodWatchOptions> = {}): Promise<Followed> {
  const clock = createVirtualClock();
  const cluster = new FakeCluster();
  cluster.put(...['a', 'b', 'c'].map(shopPod), { name: 'other', labels: { app: 'other' } });
  let failure: ((isWatch: boolean) => Error | undefined) | undefined;
  const told: unknown[] = [];
  const watch = watchPods(
    reachInProcess(cluster, (isWatch) => failure?.(isWatch)),
    {
      clock,
      random: createRandom(1),
      namespace: 'default',
      selector: 'app=shop',
      onFailure: (error) => told.push(error),
      ...options,
    },
  );
  await clock.advance(1);
  await clock.advance(1);
  return {
    clock,
    cluster,
    watch,
    told,
    fail: (how) => {
      failure = how;
    },
    names: () =>
      watch
        .pods()
        .map(({ name }) => name)
        .toSorted(),
  };
}

const shopPod = (name: string) => ({ name, labels: { app: 'shop' }, ip: '10.0.0.1' });
const away = () => kubernetesError('KUBERNETES_UNREACHABLE', 'Cannot reach it.');

describe('watchPods()', () => {
  it('knows the pods that the selector selects, and follows what becomes of them', async () => {
    const { watch, cluster, clock, names } = await follow();
    expect([names(), watch.because]).toEqual([['a', 'b', 'c'], undefined]);
    cluster.put(shopPod('d'), { ...shopPod('a'), isTerminating: true }, { ...shopPod('b'), labels: {} });
    cluster.remove('c');
    await clock.advance(1);
    expect(names()).toEqual(['a', 'd']);
    expect(watch.pods().find(({ name }) => name === 'a')?.isTerminating).toBe(true);
    expect(watch.counts).toEqual({ lists: 1, events: 4, failures: 0, leftOut: 0 });
    await watch.close();
    expect([clock.pending, cluster.watchers]).toEqual([0, 0]);
  });

  it('lists a thousand in pages that show one moment', async () => {
    const cluster = new FakeCluster();
    cluster.put(...Array.from({ length: 1000 }, (_, at) => shopPod(`shop-${at}`)));
    const clock = createVirtualClock();
    const reach = reachInProcess(cluster);
    let pages = 0;
    const watch = watchPods(
      {
        ...reach,
        async get(...asked) {
          // What happens between two pages is told by the watch, after the version of the first.
          if (pages++ === 1) cluster.put(shopPod('a-late-one'));
          return reach.get(...asked);
        },
      },
      { clock, random: createRandom(1), namespace: 'default', selector: 'app=shop' },
    );
    for (let turns = 0; turns < 10; turns++) await clock.advance(1);
    expect([pages, watch.pods().length, watch.counts.events]).toEqual([4, 1001, 1]);
    await watch.close();
  });

  it('begins a watch again that the server has ended, from where it was', async () => {
    const { watch, cluster, clock, names } = await follow();
    cluster.bookmark();
    await clock.advance(1);
    cluster.endWatches();
    cluster.compact();
    cluster.put(shopPod('d'));
    await clock.advance(2000);
    // Only the bookmark is new enough for a server that has forgotten all before.
    expect([names(), watch.counts.lists, watch.counts.failures]).toEqual([['a', 'b', 'c', 'd'], 1, 0]);
    await watch.close();
  });

  it.each([
    ['an event', ({ cluster }: Followed) => cluster.endWatches(gone('too old'))],
    ['the first event of a new watch', ({ cluster }: Followed) => cluster.endWatches()],
    [
      'an answer',
      ({ cluster, fail }: Followed) => {
        cluster.endWatches();
        fail((isWatch) => {
          fail(undefined);
          return isWatch ? kubernetesError('KUBERNETES_EXPIRED', 'too old') : undefined;
        });
      },
    ],
  ])('lists anew when %s says that the past is forgotten, and counts no failure', async (_, end) => {
    const followed = await follow();
    const { watch, cluster, clock, names, told } = followed;
    end(followed);
    cluster.remove('a');
    cluster.compact();
    await clock.advance(10_000);
    expect([names(), watch.counts.lists, watch.counts.failures, told]).toEqual([['b', 'c'], 2, 0, []]);
    await watch.close();
  });

  it('keeps what it knows while the server is away, says so once, and asks less and less often', async () => {
    const { watch, cluster, clock, names, fail, told } = await follow();
    let requests = 0;
    fail(() => {
      requests++;
      return away();
    });
    cluster.endWatches();
    await clock.advance(10_000);
    expect([names(), watch.because, told.length]).toEqual([['a', 'b', 'c'], 'Cannot reach it.', 1]);
    const early = requests;
    await clock.advance(600_000);
    // 1, 2, 4, 8, 16 s and then every 30 s, each by half at most less.
    expect(early).toBeLessThanOrEqual(6);
    expect(requests).toBeLessThan(early + 45);
    expect(watch.counts.failures).toBe(requests);
    cluster.put(shopPod('d'));
    fail(undefined);
    await clock.advance(30_000);
    expect([names(), watch.because]).toEqual([['a', 'b', 'c', 'd'], undefined]);
    expect(watch.counts.lists).toBe(1);
    await watch.close();
  });

  it('goes on by lists where it may list and not follow, and says why', async () => {
    const { watch, cluster, clock, names, fail } = await follow();
    fail((isWatch) => (isWatch ? kubernetesError('KUBERNETES_REFUSED', 'It may not watch.') : undefined));
    cluster.endWatches();
    await clock.advance(60_000);
    cluster.put(shopPod('d'));
    await clock.advance(31_000);
    expect([names(), watch.because]).toEqual([['a', 'b', 'c', 'd'], 'It may not watch.']);
    await watch.close();
  });

  it('takes a watch for dead that outlives the time it was asked for', async () => {
    const { watch, cluster, clock } = await follow();
    await clock.advance(269_000);
    expect(watch.counts.failures).toBe(0);
    await clock.advance(5000);
    expect([watch.counts.failures, cluster.watchers]).toEqual([1, 1]);
    await watch.close();
  });

  it('leaves out what is beyond its limit, and counts it', async () => {
    const { watch, cluster, clock, names } = await follow({ podsMax: 2 });
    cluster.put(shopPod('d'));
    await clock.advance(1);
    expect([names(), watch.counts.leftOut]).toEqual([['a', 'b'], 2]);
    await watch.close();
  });

  it('has begun when it was refused, too', async () => {
    const cluster = new FakeCluster();
    const refused = reachInProcess(cluster, () => new ApiFailure(500, 'InternalError', 'etcd is away'));
    const clock = createVirtualClock();
    const watch = watchPods(refused, {
      clock,
      random: createRandom(1),
      namespace: 'default',
      selector: 'app=shop',
    });
    await watch.begun;
    expect([watch.pods(), watch.because]).toEqual([[], 'etcd is away']);
    await watch.close();
  });
});
