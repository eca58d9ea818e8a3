import { createRandom, systemClock } from 'loadline/base';
import {
  type Capacity,
  createPoolSplit,
  createProxySplit,
  createRolloutMemory,
  openRollouts,
  type Rollouts,
  type TrafficSplit,
} from 'loadline/scaling';
import { openEmbeddedProxy, openPool, type ProxyDriver } from 'loadline/traffic';
import { describe, expect, it } from 'vitest';
import { startHaproxy } from '../../traffic/drivers/haproxy-server.ts';
import { type BuildServer, startBuildServer } from './build-server.ts';

interface Proxied extends AsyncDisposable {
  readonly url: string;
  readonly driver: ProxyDriver;
}

/** How the shares of a proxy are moved. */
interface Splitting extends AsyncDisposable {
  of(upstreams: UpstreamsOf): TrafficSplit;
}

function byItsWeights(driver: ProxyDriver): Splitting {
  return {
    of: (upstreams) => createProxySplit({ drivers: [driver], upstreams }),
    async [Symbol.asyncDispose]() {},
  };
}

function byAPool(driver: ProxyDriver): Splitting {
  const pool = openPool({ clock: systemClock, drivers: [driver] });
  return {
    of: (upstreams) => createPoolSplit({ pool, upstreams }),
    [Symbol.asyncDispose]: () => pool[Symbol.asyncDispose](),
  };
}

interface Case {
  readonly name: string;
  readonly open: () => Promise<Proxied>;
  readonly splitBy: (driver: ProxyDriver) => Splitting;
}

const cases: readonly Case[] = [
  {
    name: 'the embedded proxy, by a pool',
    async open() {
      const proxy = await openEmbeddedProxy({ clock: systemClock, random: createRandom('rollout') });
      return { url: proxy.url, driver: proxy, [Symbol.asyncDispose]: () => proxy[Symbol.asyncDispose]() };
    },
    splitBy: byAPool,
  },
  {
    name: 'HAProxy, by its weights',
    // `roundrobin` goes by the weights exactly; `leastconn` as far as connections differ.
    open: () => startHaproxy({ file: { balance: 'roundrobin' } }),
    splitBy: byItsWeights,
  },
];

/** Two instances of the old build, one of the new as soon as it is wanted, users who never stop, and a rollout. */
class Stage implements AsyncDisposable {
  readonly rollouts: Rollouts;
  readonly candidate: BuildServer;
  readonly #baseline: readonly BuildServer[];
  readonly #stop = new AbortController();
  readonly #users: readonly Promise<void>[];
  /** Answers by their body and status, `old-1 200`: since the last look at a share, and all of them. */
  answers: Record<string, number> = {};
  everything: Record<string, number> = {};

  static async open(url: string, splitOf: (upstreams: UpstreamsOf) => TrafficSplit): Promise<Stage> {
    const [first, second, candidate] = await Promise.all(['old-1', 'old-2', 'new-1'].map(startBuildServer));
    const baseline = [first, second] as BuildServer[];
    const upstreams: UpstreamsOf = () => ({
      baseline: baseline.map(({ upstream }) => upstream),
      candidate: [(candidate as BuildServer).upstream],
    });
    const split = splitOf(upstreams);
    const builds = { id: 'r1', group: 'api', baseline: '1.0', candidate: '1.1' };
    const end = AbortSignal.timeout(5000);
    await split.apply(builds, 0, end);
    const ready = async (): Promise<Capacity> => ({ kind: 'ready' });
    const rollouts = await openRollouts({
      clock: systemClock,
      fleet: { carry: ready, promote: ready },
      split,
      readings: {
        read: async () => ({
          baseline: baseline.map((each) => each.totals()),
          candidate: [(candidate as BuildServer).totals()],
        }),
      },
      memory: createRolloutMemory(),
      lookMs: 200,
    });
    return new Stage(url, { rollouts, baseline, candidate: candidate as BuildServer });
  }

  private constructor(
    url: string,
    parts: { rollouts: Rollouts; baseline: readonly BuildServer[]; candidate: BuildServer },
  ) {
    this.rollouts = parts.rollouts;
    this.#baseline = parts.baseline;
    this.candidate = parts.candidate;
    this.#users = Array.from({ length: 6 }, () => this.#use(url));
  }

  async #use(url: string): Promise<void> {
    while (!this.#stop.signal.aborted) {
      const answer = await fetch(url).then(
        async (response) => `${await response.text()} ${response.status}`,
        (error: unknown) => String(error),
      );
      for (const counts of [this.answers, this.everything]) counts[answer] = (counts[answer] ?? 0) + 1;
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }

  start(plan: unknown): Promise<unknown> {
    return this.rollouts.start({
      id: 'r1',
      group: 'api',
      baseline: '1.0',
      candidate: '1.1',
      startedBy: 'ada',
      plan,
    });
  }

  get state(): ReturnType<Rollouts['status']>['state'] {
    return this.rollouts.status('r1').state;
  }

  /** The candidate's share of the next two hundred answers. */
  async nextShare(): Promise<number> {
    this.answers = {};
    const countOf = (build: string): number =>
      Object.entries(this.answers).reduce(
        (sum, [answer, count]) => sum + (answer.startsWith(build) ? count : 0),
        0,
      );
    while (countOf('') < 200) await new Promise((resolve) => setTimeout(resolve, 10));
    return countOf('new') / countOf('');
  }

  async nextAnswers(): Promise<string[]> {
    await this.nextShare();
    return Object.keys(this.answers).sort();
  }

  /** Since when nothing has come to the candidate any more, once that has been so for a while. */
  async untilCandidateIsLeft(): Promise<number> {
    let asked = this.candidate.asked;
    let atMs = performance.now();
    while (performance.now() - atMs < 500) {
      await new Promise((resolve) => setTimeout(resolve, 20));
      if (this.candidate.asked === asked) continue;
      asked = this.candidate.asked;
      atMs = performance.now();
    }
    return atMs;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.rollouts.close();
    this.#stop.abort();
    await Promise.all(this.#users);
    for (const each of [...this.#baseline, this.candidate]) await each[Symbol.asyncDispose]();
  }
}

type UpstreamsOf = Parameters<typeof createProxySplit>[0]['upstreams'];

describe.each(cases)('a rollout behind $name', ({ open, splitBy }) => {
  it('gives the candidate its share, and turns back within five seconds of its failing', async () => {
    await using proxy = await open();
    await using split = splitBy(proxy.driver);
    await using stage = await Stage.open(proxy.url, (upstreams) => split.of(upstreams));
    await stage.start({ canary: { steps: [{ share: 0.3, watch: '10m' }] }, settle: '0' });
    await expect.poll(() => stage.state.isShareTaken && stage.state.share, { timeout: 5000 }).toBe(0.3);
    // A pool has seen them up before it tells their weights.
    await expect.poll(() => stage.nextShare(), { timeout: 20_000 }).toBeCloseTo(0.3, 1);
    expect(Object.keys(stage.answers).sort()).toEqual(['new-1 200', 'old-1 200', 'old-2 200']);
    const brokenAtMs = performance.now();
    stage.candidate.isBroken = true;
    expect((await stage.untilCandidateIsLeft()) - brokenAtMs).toBeLessThan(5000);
    await expect.poll(() => stage.state.phase, { timeout: 5000 }).toBe('rolled back');
    // Either by its errors, or because the proxy gave it nothing any more after a few of them.
    expect(stage.state.reason).toMatch(
      /The candidate's requests failed|has found all of its instances unfit/,
    );
    expect(Object.keys(stage.answers).sort()).toEqual(['new-1 200', 'new-1 500', 'old-1 200', 'old-2 200']);
  });

  it('has blue and green change places and back, and loses nothing', async () => {
    await using proxy = await open();
    await using split = splitBy(proxy.driver);
    await using stage = await Stage.open(proxy.url, (upstreams) => split.of(upstreams));
    // Its checks have to pass first.
    await expect.poll(() => stage.nextAnswers(), { timeout: 20_000 }).toEqual(['old-1 200', 'old-2 200']);
    stage.everything = {};
    await stage.start({ blueGreen: { verify: '100ms', keep: '1h' }, settle: '0' });
    await expect.poll(() => stage.state.isShareTaken && stage.state.share, { timeout: 5000 }).toBe(1);
    await expect.poll(() => stage.nextShare(), { timeout: 20_000 }).toBe(1);
    await stage.rollouts.rollBack('r1', { by: 'bo', because: 'a test' });
    await stage.untilCandidateIsLeft();
    await expect.poll(() => stage.state.phase, { timeout: 5000 }).toBe('rolled back');
    expect(Object.keys(stage.everything).sort()).toEqual(['new-1 200', 'old-1 200', 'old-2 200']);
  });
});
