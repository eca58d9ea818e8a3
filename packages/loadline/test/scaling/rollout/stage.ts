import { createRandom, createVirtualClock, normal, type Random, type VirtualClock } from 'loadline/base';
import { createHistogram, type Histogram } from 'loadline/metrics';
import {
  type Capacity,
  createRolloutMemory,
  type Fitness,
  type InstanceTotals,
  openRollouts,
  type RolloutMemory,
  type RolloutState,
  type Rollouts,
  type RolloutsOptions,
  type TrafficTotals,
} from 'loadline/scaling';

/** How one build does: what comes out of each of its requests. */
export interface Manner {
  readonly latencyMs: number;
  readonly errorRatio: number;
}

/** A service of two builds, and what stands around a rollout of it; every part can be made to fail. */
export interface Stage {
  readonly clock: VirtualClock;
  readonly rollouts: Rollouts;
  readonly memory: RolloutMemory;
  /** The shares that the split was told, without repetitions. */
  readonly shares: number[];
  readonly share: () => number;
  readonly state: () => RolloutState;
  candidate: Manner;
  baseline: Manner;
  ratePerSecond: number;
  readings: 'there' | 'lost' | 'silent';
  split: 'there' | 'silent' | 'away';
  /** What proxies say of the candidate. */
  fitness: Fitness;
  remembers: boolean;
  capacity: Capacity;
  /** What the fleet was asked, without repetitions. */
  readonly asked: string[];
  /** Whatever splits the traffic has nothing for the candidate any more. */
  readonly forget: () => void;
  /** What a rollout of this stage needs, to open others on it. */
  readonly ports: RolloutsOptions;
  /** As after the end of the process: another one takes up what is remembered. */
  readonly reopen: (further?: Partial<RolloutsOptions>) => Promise<void>;
}

export const good: Manner = { latencyMs: 20, errorRatio: 0.0005 };

/** A plan of one share, then all of it. */
export const quickPlan: Readonly<Record<string, unknown>> = {
  canary: { steps: [{ share: 0.2, watch: '1m', requests: 500, watchAtMost: '10m' }], keep: '1m' },
  settle: '5s',
};

export async function openStage(seed: string | number = 'stage'): Promise<Stage> {
  const clock = createVirtualClock();
  const remembered = createRolloutMemory();
  const builds = {
    baseline: new Served(createRandom(seed, 1)),
    candidate: new Served(createRandom(seed, 2)),
  };
  let atMs = clock.monotonicMs();
  let shareNow = 0;

  /** Lets the requests come that have come since. */
  function serve(): void {
    const spanMs = clock.monotonicMs() - atMs;
    atMs += spanMs;
    const requests = Math.round((stage.ratePerSecond * spanMs) / 1000);
    const forCandidate = Math.round(requests * shareNow);
    // What slows down one machine slows down both builds.
    const shared = Math.exp(0.2 * Math.sin(atMs / 20_000));
    builds.candidate.serve(forCandidate, stage.candidate, shared);
    builds.baseline.serve(requests - forCandidate, stage.baseline, shared);
  }

  const ports = {
    clock,
    memory: {
      load: () => remembered.load(),
      async save(state: RolloutState): Promise<'saved' | 'conflict'> {
        if (!stage.remembers) throw new Error('the disk is full');
        return remembered.save(state);
      },
      async forget(id: string): Promise<void> {
        if (!stage.remembers) throw new Error('the disk is full');
        return remembered.forget(id);
      },
    },
    fleet: {
      async carry(_: unknown, share: number): Promise<Capacity> {
        note(stage.asked, `carry ${share}`);
        return stage.capacity;
      },
      async promote(): Promise<Capacity> {
        note(stage.asked, 'promote');
        return stage.capacity;
      },
    },
    split: {
      async apply(_: unknown, share: number): Promise<void> {
        if (stage.split === 'silent') return new Promise(() => undefined);
        if (stage.split === 'away') throw new Error('the proxy is away');
        serve();
        shareNow = share;
        note(stage.shares, share);
      },
      async fitness(): Promise<Fitness> {
        return stage.fitness;
      },
    },
    readings: {
      async read(): Promise<TrafficTotals> {
        serve();
        if (stage.readings === 'lost') throw new Error('nobody answers');
        if (stage.readings === 'silent') return new Promise(() => undefined);
        return { baseline: builds.baseline.totals('old-1'), candidate: builds.candidate.totals('new-1') };
      },
    },
  };

  const stage = {
    clock,
    ports,
    memory: remembered,
    shares: [] as number[],
    asked: [] as string[],
    candidate: good,
    baseline: good,
    ratePerSecond: 200,
    readings: 'there' as Stage['readings'],
    split: 'there' as Stage['split'],
    fitness: { kind: 'fit' } as Fitness,
    remembers: true,
    capacity: { kind: 'ready' } as Capacity,
    rollouts: await openRollouts(ports),
    share: () => shareNow,
    forget: () => {
      shareNow = 0;
    },
    state: (): RolloutState => stage.rollouts.status('r1').state,
    async reopen(further: Partial<RolloutsOptions> = {}): Promise<void> {
      await stage.rollouts.close();
      stage.rollouts = await openRollouts({ ...ports, ...further });
    },
  };
  return stage;
}

/** Opens a stage and starts `r1` on it. */
export async function startedStage(
  plan: unknown = quickPlan,
  seed: string | number = 'stage',
): Promise<Stage> {
  const stage = await openStage(seed);
  await stage.rollouts.start({ ...request, plan });
  return stage;
}

export const request = { id: 'r1', group: 'api', baseline: '1.0', candidate: '1.1', startedBy: 'ada' };

/** Moves on, in parts of 200 ms, until it is so; the time that it took, in milliseconds. */
export async function until(stage: Stage, isSo: () => boolean, limitMs = 3_600_000): Promise<number> {
  const startMs = stage.clock.monotonicMs();
  while (!isSo() && stage.clock.monotonicMs() - startMs < limitMs) await stage.clock.advance(200);
  return isSo() ? stage.clock.monotonicMs() - startMs : Number.POSITIVE_INFINITY;
}

/** Latencies like those of services: most alike, a few much longer. */
export function drawLatencyUs(random: Random, { latencyMs }: Manner): number {
  return 1000 * latencyMs * Math.exp(normal(random, 0, 0.5));
}

class Served {
  readonly #random: Random;
  readonly #latency: Histogram = createHistogram();
  #requests = 0;
  #errors = 0;

  constructor(random: Random) {
    this.#random = random;
  }

  serve(requests: number, manner: Manner, slowness: number): void {
    this.#requests += requests;
    for (let each = 0; each < requests; each++) {
      this.#latency.record(drawLatencyUs(this.#random, manner) * slowness);
      if (this.#random() < manner.errorRatio) this.#errors++;
    }
  }

  totals(instance: string): InstanceTotals[] {
    const counted = { requests: this.#requests, errors: this.#errors, latency: this.#latency.copy() };
    return [{ instance, endpoints: new Map([['GET /', counted]]) }];
  }
}

function note<Item>(list: Item[], item: Item): void {
  if (list.at(-1) !== item) list.push(item);
}
