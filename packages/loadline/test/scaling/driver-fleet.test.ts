import { createVirtualClock } from 'loadline/base';
import { createHistogram } from 'loadline/metrics';
import {
  createDriverFleet,
  createProxySplit,
  createRolloutMemory,
  createSimulatedDriver,
  type DriverFleet,
  type InstanceTotals,
  type Observed,
  openRollouts,
  type ScalingDriver,
  type SimulatedDriver,
} from 'loadline/scaling';
import { createSimulatedProxy } from 'loadline/traffic';
import { describe, expect, it } from 'vitest';

const builds = { id: 'r1', group: 'api', baseline: '1.0', candidate: '1.1' };
const { signal } = new AbortController();
const groupOf = (_: unknown, build: 'baseline' | 'candidate'): string =>
  build === 'baseline' ? 'api-blue' : 'api-green';

function staged(replicas = 6) {
  const clock = createVirtualClock();
  const driver = createSimulatedDriver({
    clock,
    groups: { 'api-blue': replicas, 'api-green': 0 },
    startMs: 3000,
  });
  return { clock, driver, fleet: createDriverFleet({ driver, groupOf }) };
}

async function wantedOf(driver: ScalingDriver, group: string): Promise<number> {
  const seen = await driver.observe(group, signal);
  return seen.kind === 'seen' ? seen.wanted : Number.NaN;
}

describe('createDriverFleet()', () => {
  it.each([
    [0.05, 1],
    [1 / 3, 2],
    [0.5, 3],
    [1, 6],
  ])(
    'has a share of %d carried by as many of the candidate as that is of the baseline',
    async (share, replicas) => {
      const { clock, driver, fleet } = staged();
      expect(await fleet.carry(builds, share, signal)).toMatchObject({ kind: 'coming' });
      expect(await wantedOf(driver, 'api-green')).toBe(replicas);
      await clock.advance(3000);
      expect(await fleet.carry(builds, share, signal)).toEqual({ kind: 'ready' });
      expect(await wantedOf(driver, 'api-blue')).toBe(6);
    },
  );

  it('takes nothing away from a candidate that has more, until it is to have nothing', async () => {
    const { clock, driver, fleet } = staged();
    await driver.apply('api-green', 5, signal);
    await clock.advance(3000);
    expect(await fleet.carry(builds, 0.1, signal)).toEqual({ kind: 'ready' });
    expect(await wantedOf(driver, 'api-green')).toBe(5);
    expect(await fleet.carry(builds, 0, signal)).toMatchObject({ kind: 'coming' });
    await clock.advance(1000);
    expect(await fleet.carry(builds, 0, signal)).toEqual({ kind: 'ready' });
  });

  it('lets the baseline go when the candidate is promoted', async () => {
    const { clock, driver, fleet } = staged();
    expect(await fleet.promote(builds, signal)).toEqual({
      kind: 'coming',
      because: '6 instances of api-blue are not gone yet',
    });
    await clock.advance(1000);
    expect(await fleet.promote(builds, signal)).toEqual({ kind: 'ready' });
    expect(await wantedOf(driver, 'api-blue')).toBe(0);
  });

  it('waits where the driver sees nothing or refuses, and says why', async () => {
    const { driver, fleet } = staged();
    driver.breakNext('observe', 'unseen');
    expect(await fleet.carry(builds, 1, signal)).toMatchObject({ kind: 'coming' });
    driver.breakNext('apply', 'refuse');
    expect(await fleet.carry(builds, 1, signal)).toEqual({
      kind: 'coming',
      because: 'api-green: the simulated engine is full',
    });
    driver.breakNext('observe', 'unseen');
    await expect(fleet.upstreams(builds)).rejects.toThrow();
  });

  it('says of a candidate that crashes again and again that it has failed', async () => {
    const waiting = {
      id: 'green-1',
      state: 'waiting',
      url: undefined,
      sinceMs: 0,
      restarts: 3,
      remark: 'exited with 1',
    } as const;
    const counts = { wanted: 1, ready: 0, starting: 1, stopping: 0 };
    const driver: ScalingDriver = {
      observe: async (): Promise<Observed> => ({ kind: 'seen', ...counts, instances: [waiting] }),
      apply: async () => ({ kind: 'accepted' }),
    };
    expect(await createDriverFleet({ driver, groupOf }).carry(builds, 1, signal)).toEqual({
      kind: 'failed',
      because: 'green-1 of api-green crashes again and again (exited with 1)',
    });
  });

  it('names those that are ready or leave, and where they take requests', async () => {
    const counts = { wanted: 2, ready: 1, starting: 1, stopping: 0 };
    const at = { sinceMs: 0, restarts: 0 };
    const driver: ScalingDriver = {
      observe: async (group): Promise<Observed> => ({
        kind: 'seen',
        ...counts,
        instances: [
          { ...at, id: `${group}-1`, state: 'ready', url: 'http://[::1]:8080' },
          { ...at, id: `${group}-2`, state: 'starting', url: 'http://127.0.0.1:8081' },
          { ...at, id: `${group}-3`, state: 'ready', url: 'https://api.test' },
          { ...at, id: `${group}-4`, state: 'draining', url: 'http://127.0.0.1:8083' },
        ],
      }),
      apply: async () => ({ kind: 'accepted' }),
    };
    expect((await createDriverFleet({ driver, groupOf }).upstreams(builds)).candidate).toEqual([
      { id: 'api-green-1', host: '::1', port: 8080 },
      { id: 'api-green-3', host: 'api.test', port: 443 },
      { id: 'api-green-4', host: '127.0.0.1', port: 8083, isDraining: true },
    ]);
  });
});

/** Instances of a simulation take requests nowhere; here each has a port of its own. */
function served(driver: SimulatedDriver): ScalingDriver {
  return {
    apply: (group, replicas, end) => driver.apply(group, replicas, end),
    async observe(group, end) {
      const seen = await driver.observe(group, end);
      if (seen.kind === 'unseen') return seen;
      const instances = seen.instances.map((each) => ({
        ...each,
        url: `http://127.0.0.1:${8000 + Number(each.id.split('-')[1])}`,
      }));
      return { ...seen, instances };
    },
  };
}

/** Every instance that there is answers a hundred requests between two looks. */
function countingReadings(fleet: DriverFleet) {
  const counts = new Map<string, number>();
  const totals = (instances: readonly { readonly id: string }[]): InstanceTotals[] =>
    instances.map(({ id }) => {
      const requests = (counts.get(id) ?? 0) + 100;
      counts.set(id, requests);
      const latency = createHistogram();
      latency.recordMany(20_000, requests);
      return { instance: id, endpoints: new Map([['GET /', { requests, errors: 0, latency }]]) };
    });
  return {
    async read() {
      const { baseline, candidate } = await fleet.upstreams(builds);
      return { baseline: totals(baseline), candidate: totals(candidate) };
    },
  };
}

describe('a rollout of groups of a driver', () => {
  it('brings up green, gives it all, and lets blue go: at every moment somebody serves', async () => {
    const { clock, driver } = staged(3);
    const fleet = createDriverFleet({ driver: served(driver), groupOf });
    const proxy = createSimulatedProxy({ clock });
    await using rollouts = await openRollouts({
      clock,
      fleet,
      split: createProxySplit({ drivers: [proxy], upstreams: fleet.upstreams }),
      readings: countingReadings(fleet),
      memory: createRolloutMemory(),
    });
    await rollouts.start({
      ...builds,
      startedBy: 'ada',
      plan: { blueGreen: { verify: '5s', keep: '1m' }, settle: '5s' },
    });
    await clock.advance(2000);
    for (let second = 0; second < 120; second++) {
      await clock.advance(1000);
      expect(proxy.serving.length).toBeGreaterThan(0);
    }
    expect(rollouts.status('r1').state.phase).toBe('promoted');
    expect([await wantedOf(driver, 'api-blue'), await wantedOf(driver, 'api-green')]).toEqual([0, 3]);
    expect([...proxy.weights.values()]).toEqual([256, 256, 256]);
  });
});
