import { createVirtualClock, type VirtualClock } from 'loadline/base';
import {
  createScalingMemory,
  createSimulatedDriver,
  openScaler,
  type Readings,
  type Scaler,
  type ScalingConfiguration,
  type ScalingMemory,
  type SimulatedDriver,
} from 'loadline/scaling';
import { describe, expect, it } from 'vitest';

const intervalMs = 1000;
const written = {
  replicas: { min: 2, max: 8 },
  scaleOut: { step: 2 },
  scaleIn: { step: 1, cooldown: '30s' },
  metrics: { cpuRatio: { scaleOutAbove: 0.7, scaleOutCooldown: '10s' } },
};

interface Stage {
  readonly clock: VirtualClock;
  readonly driver: SimulatedDriver;
  readonly memory: ScalingMemory;
  readonly scaler: Scaler;
  /** What the source of the metrics says from now on; `lost` throws, `silent` never answers. */
  cpu: number | 'lost' | 'silent';
  /** Over how long it measures. */
  overMs: number;
  /** Each look at the metrics, by group. */
  readonly asked: string[];
  readonly wanted: () => Promise<number>;
}

/** The same, but that the last one of a group has crashed so many times, and waits for its next start. */
function withOneCrashed(driver: SimulatedDriver, restarts: number): SimulatedDriver {
  return {
    ...driver,
    async observe(group, signal) {
      const fleet = await driver.observe(group, signal);
      if (fleet.kind !== 'seen') return fleet;
      const instances = fleet.instances.map((each, at) =>
        at === fleet.instances.length - 1 ? { ...each, state: 'waiting' as const, restarts } : each,
      );
      return { ...fleet, instances, ready: fleet.ready - 1, starting: fleet.starting + 1 };
    },
  };
}

async function start(
  further: { memory?: ScalingMemory; replicas?: number; crashes?: number } = {},
): Promise<Stage> {
  const clock = createVirtualClock();
  const { memory = createScalingMemory(), replicas = 2, crashes } = further;
  const simulated = createSimulatedDriver({ clock, groups: { api: replicas, bots: 2 }, startMs: 3000 });
  const driver = crashes === undefined ? simulated : withOneCrashed(simulated, crashes);
  const asked: string[] = [];
  const stage = { clock, driver, memory, asked, cpu: 0.5 as Stage['cpu'], overMs: 0 };
  const scaler = await openScaler({
    clock,
    driver,
    memory,
    intervalMs,
    callTimeoutMs: 5000,
    readings: {
      async read(group): Promise<Readings> {
        asked.push(group);
        if (stage.cpu === 'lost') throw new Error('nobody answers');
        if (stage.cpu === 'silent') return new Promise(() => undefined);
        return { cpuRatio: { value: stage.cpu, atMs: clock.now(), overMs: stage.overMs } };
      },
    },
  });
  const wanted = async (): Promise<number> => {
    const observed = await driver.observe('api', new AbortController().signal);
    return observed.kind === 'seen' ? observed.wanted : Number.NaN;
  };
  return Object.assign(stage, { scaler, wanted });
}

async function configured(further: Parameters<typeof start>[0] = {}): Promise<Stage> {
  const stage = await start(further);
  await stage.scaler.configure('api', { policy: written, changedBy: 'ada' });
  return stage;
}

describe('a scaler', () => {
  it('leaves no timer behind when it is closed while somebody hangs', async () => {
    const stage = await configured();
    stage.cpu = 'silent';
    await stage.clock.advance(1500);
    await stage.scaler.close();
    expect(stage.clock.pending).toBe(0);
  });

  it.each([
    ['shrinks a group of which one crashes again and again', 3, 3],
    ['waits for one that has crashed once', 1, 4],
  ])('%s', async (_, crashes, wanted) => {
    const stage = await configured({ replicas: 4, crashes });
    stage.cpu = 0.2;
    await stage.clock.advance(1500);
    expect(await stage.wanted()).toBe(wanted);
    await stage.scaler.close();
  });

  it('follows the load up and down, and remembers each step with its reason', async () => {
    const stage = await configured();
    const { clock, scaler, memory } = stage;
    stage.cpu = 0.9;
    await clock.advance(1500);
    expect(await stage.wanted()).toBe(4);
    stage.cpu = 0.2;
    await clock.advance(35_000);
    expect(await stage.wanted()).toBe(3);
    await scaler.close();
    const events = await memory.events({ group: 'api', limit: 10 });
    expect(events).toMatchObject([
      {
        action: 'scale_down',
        previousCapacity: 4,
        newCapacity: 3,
        trigger: { metric: 'cpuRatio', value: 0.2, threshold: 0.42 },
        outcome: 'accepted',
      },
      {
        action: 'scale_up',
        previousCapacity: 2,
        newCapacity: 4,
        trigger: { metric: 'cpuRatio', value: 0.9, threshold: 0.7 },
        reason: 'Scale out api from 2 to 4: cpuRatio is 90 %, above 70 %.',
      },
    ]);
  });

  it('asks for nobody twice while those who came have not been measured yet', async () => {
    const stage = await start();
    const policy = { ...written, metrics: { cpuRatio: { target: 0.6 } } };
    await stage.scaler.configure('api', { policy, changedBy: 'ada' });
    stage.overMs = 5000;
    await stage.clock.advance(6500);
    stage.cpu = 0.9;
    await stage.clock.advance(6000);
    expect(await stage.driver.observe('api', new AbortController().signal)).toMatchObject({ ready: 3 });
    expect(await stage.wanted()).toBe(3);
    await stage.clock.advance(5000);
    expect(await stage.wanted()).toBe(5);
    await stage.scaler.close();
  });

  it('decides everything and does nothing while its policy is tried only', async () => {
    const stage = await start();
    await stage.scaler.configure('api', { policy: { ...written, mode: 'dry run' }, changedBy: 'ada' });
    stage.cpu = 0.9;
    await stage.clock.advance(1500);
    expect(await stage.wanted()).toBe(2);
    expect(stage.scaler.status('api').last).toMatchObject({
      decision: { action: 'scale out', to: 4 },
      outcome: { kind: 'dry run' },
    });
    expect(await stage.scaler.history({ limit: 10 })).toEqual([]);
    const request = { replicas: 5, forMs: 60_000, setBy: 'ada', reason: 'a test' };
    await stage.scaler.scaleManually('api', request);
    expect(await stage.wanted()).toBe(5);
    await stage.scaler.close();
  });

  it('changes nothing while it is paused, but what is set by hand', async () => {
    const stage = await start({ replicas: 1 });
    await stage.scaler.configure('api', { policy: { ...written, mode: 'paused' }, changedBy: 'ada' });
    stage.cpu = 0.9;
    await stage.clock.advance(1500);
    expect(await stage.wanted()).toBe(1);
    expect(stage.scaler.status('api').last).toMatchObject({ decision: { reason: 'Hold api at 1: paused.' } });
    await stage.scaler.scaleManually('api', { replicas: 5, forMs: 60_000, setBy: 'ada', reason: 'a test' });
    expect(await stage.wanted()).toBe(5);
    await stage.scaler.close();
  });

  it('looks once per interval, and at a new policy at once', async () => {
    const { clock, scaler, asked } = await configured();
    await clock.advance(0);
    const before = asked.length;
    expect(before).toBeGreaterThanOrEqual(1);
    await clock.advance(10 * intervalMs);
    expect(asked.length - before).toBe(10);
    await scaler.configure('api', { policy: { ...written, replicas: { min: 5, max: 8 } }, changedBy: 'bo' });
    await clock.advance(0);
    expect(scaler.status('api').last).toMatchObject({ decision: { policyVersion: 2, to: 5 } });
    await scaler.close();
  });

  it('looks as often as the policy of a group says, and from then on when that is changed', async () => {
    const { clock, scaler, asked } = await configured();
    await scaler.configure('bots', { policy: { ...written, interval: '5s' }, changedBy: 'ada' });
    await clock.advance(0);
    asked.length = 0;
    await clock.advance(10_000);
    expect(asked.filter((group) => group === 'bots')).toHaveLength(2);
    expect(asked.filter((group) => group === 'api')).toHaveLength(10);
    await scaler.configure('bots', { policy: { ...written, interval: '200ms' }, changedBy: 'ada' });
    await clock.advance(0);
    asked.length = 0;
    await clock.advance(1000);
    expect(asked.filter((group) => group === 'bots')).toHaveLength(5);
    await scaler.close();
    expect(clock.pending).toBe(0);
  });

  it('holds when the metrics are lost, and says so', async () => {
    const stage = await configured({ replicas: 4 });
    stage.cpu = 'lost';
    await stage.clock.advance(60_000);
    expect(await stage.wanted()).toBe(4);
    expect(stage.scaler.status('api')).toMatchObject({
      last: {
        kind: 'decided',
        decision: { action: 'hold', bound: { kind: 'blind' } },
        unread: 'the source of the metrics failed: nobody answers',
      },
      counts: { setAside: 0 },
    });
    expect(stage.scaler.status('api').counts.unread).toBeGreaterThanOrEqual(60);
    await stage.scaler.close();
  });

  it('sets aside and counts values that cannot be', async () => {
    const stage = await configured({ replicas: 4 });
    stage.cpu = Number.NaN;
    await stage.clock.advance(3000);
    expect(await stage.wanted()).toBe(4);
    expect(stage.scaler.status('api').counts.setAside).toBeGreaterThanOrEqual(3);
    await stage.scaler.close();
  });

  it('stops asking whoever leaves every question open, and ends all the same', async () => {
    const stage = await configured();
    stage.cpu = 'silent';
    await stage.clock.advance(120_000);
    expect(await stage.wanted()).toBe(2);
    expect(stage.asked.length).toBeLessThan(6);
    const { last, counts } = stage.scaler.status('api');
    expect(last).toMatchObject({
      unread: 'the source of the metrics was not asked: 3 questions are still open',
    });
    expect(counts.skipped).toBeGreaterThan(0);
    await stage.scaler.close();
    expect(stage.clock.pending).toBe(0);
  });

  it('keeps no other group waiting for one that hangs', async () => {
    const stage = await configured();
    await stage.scaler.configure('bots', { policy: written, changedBy: 'ada' });
    stage.driver.breakNext('observe', 'hang');
    stage.cpu = 0.9;
    await stage.clock.advance(1100);
    const rounds = ['api', 'bots'].map((group) => stage.scaler.status(group).last?.kind);
    expect(rounds).toContain('decided');
    await stage.scaler.close();
  });

  it.each([
    ['refuse', 'refused', 'the simulated engine is full'],
    ['throw', 'failed', 'the driver failed: the simulated engine is out of order'],
    ['hang', 'failed', 'the driver gave no answer within 5 s'],
  ] as const)(
    'survives a driver that answers a step with %s, and tries again',
    async (fault, outcome, because) => {
      const stage = await configured();
      await stage.clock.advance(500);
      stage.driver.breakNext('apply', fault);
      stage.cpu = 0.9;
      await stage.clock.advance(8000);
      const [done, failed] = await stage.scaler.history({ group: 'api', limit: 10 });
      expect(failed).toMatchObject({ outcome, newCapacity: 4 });
      expect(failed?.reason).toContain(`Not done: ${because}.`);
      expect(done).toMatchObject({ outcome: 'accepted', previousCapacity: 2, newCapacity: 4 });
      expect(stage.scaler.status('api').counts.notTaken).toBe(1);
      await stage.scaler.close();
    },
  );

  it.each([
    ['half', 3],
    ['lie', 2],
  ] as const)(
    'starts from what is really there after a driver did %s of what it said',
    async (fault, there) => {
      const stage = await configured();
      await stage.clock.advance(500);
      stage.driver.breakNext('apply', fault);
      stage.cpu = 0.9;
      await stage.clock.advance(15_000);
      const [next, first] = await stage.scaler.history({ group: 'api', limit: 2 });
      expect(first).toMatchObject({ previousCapacity: 2, newCapacity: 4 });
      expect(next).toMatchObject({ previousCapacity: there, newCapacity: there + 2 });
      await stage.scaler.close();
    },
  );

  it('decides nothing about a group that it cannot see', async () => {
    const stage = await configured();
    await stage.clock.advance(500);
    stage.driver.breakNext('observe', 'throw');
    stage.cpu = 0.9;
    const round = await stage.scaler.round('api');
    expect(round).toMatchObject({
      kind: 'unseen',
      because: 'the driver failed: the simulated engine is out of order',
    });
    expect(await stage.wanted()).toBe(2);
    await stage.scaler.close();
  });

  it('leaves everything as it is when it is closed, also with a question open', async () => {
    const stage = await configured({ replicas: 4 });
    stage.driver.breakNext('observe', 'hang');
    await stage.clock.advance(1000);
    await stage.scaler.close();
    stage.cpu = 0.9;
    await stage.clock.advance(60_000);
    expect(await stage.wanted()).toBe(4);
    expect(stage.clock.pending).toBe(0);
  });
});

describe('a scaler by hand', () => {
  it('does at once what was asked for, and hands back to the policy when the time is over', async () => {
    const stage = await configured({ replicas: 4 });
    await stage.clock.advance(0);
    const { round } = await stage.scaler.scaleManually('api', {
      replicas: 7,
      forMs: 20_000,
      setBy: 'ada',
      reason: 'a launch',
    });
    expect(round).toMatchObject({
      decision: { to: 7, bound: { kind: 'manual' } },
      outcome: { kind: 'accepted' },
    });
    stage.cpu = 0.1;
    await stage.clock.advance(19_000);
    expect(await stage.wanted()).toBe(7);
    await stage.clock.advance(40_000);
    expect(await stage.wanted()).toBeLessThan(7);
    expect(stage.scaler.status('api').manual).toBeUndefined();
    const [, first] = (await stage.scaler.history({ limit: 9 })).toReversed();
    expect(first).toMatchObject({ action: 'scale_down' });
    await stage.scaler.close();
  });

  it('hands back at once when it is told to', async () => {
    const stage = await configured({ replicas: 4 });
    await stage.scaler.scaleManually('api', { replicas: 3, forMs: 60_000, setBy: 'ada', reason: 'a test' });
    await stage.scaler.endManual('api');
    stage.cpu = 0.9;
    await stage.clock.advance(2000);
    expect(await stage.wanted()).toBe(5);
    await stage.scaler.close();
  });

  it.each([
    ['below the minimum', { replicas: 1 }],
    ['above the maximum', { replicas: 9 }],
    ['no whole number', { replicas: 2.5 }],
    ['for no time', { forMs: 0 }],
    ['for ever', { forMs: Number.POSITIVE_INFINITY }],
  ])('refuses a number that is %s', async (_, change) => {
    const { scaler } = await configured();
    const request = { replicas: 3, forMs: 1000, setBy: 'ada', reason: 'a test', ...change };
    await expect(scaler.scaleManually('api', request)).rejects.toMatchObject({
      code: 'SCALING_MANUAL_INVALID',
    });
    await scaler.close();
  });
});

describe("a scaler's configuration", () => {
  it('counts its versions, and refuses a change of one that is no longer there', async () => {
    const { scaler } = await configured();
    const change = { policy: written, changedBy: 'bo', replaces: 1 };
    await expect(scaler.configure('api', change)).resolves.toMatchObject({ version: 2, changedBy: 'bo' });
    await expect(scaler.configure('api', change)).rejects.toMatchObject({
      code: 'SCALING_POLICY_CONFLICT',
      facts: { replaces: 1, present: 2 },
    });
    await scaler.close();
  });

  it('refuses a policy that cannot work, with every problem, and keeps the old one', async () => {
    const { scaler } = await configured();
    const policy = { ...written, replicas: { min: 9, max: 3 }, metrics: { cpu: { scaleOutAbove: 1 } } };
    await expect(scaler.configure('api', { policy, changedBy: 'bo' })).rejects.toMatchObject({
      code: 'SCALING_POLICY_INVALID',
      facts: { problems: [{ path: ['replicas', 'min'] }, { path: ['metrics', 'cpu'] }] },
    });
    expect(scaler.status('api').configuration.version).toBe(1);
    await scaler.close();
  });

  it('learns what another scaler has changed when it is told of a conflict', async () => {
    const memory = createScalingMemory();
    const one = await configured({ memory });
    const other = await start({ memory });
    await other.scaler.configure('api', { policy: { ...written, scaleOut: { step: 3 } }, changedBy: 'bo' });
    await other.scaler.configure('bots', { policy: written, changedBy: 'bo' });
    const late = one.scaler.configure('api', { policy: written, changedBy: 'ada' });
    await expect(late).rejects.toMatchObject({ code: 'SCALING_POLICY_CONFLICT', facts: { present: 2 } });
    expect(one.scaler.status('api').configuration.policy.scaleOut.step).toBe(3);
    await one.clock.advance(0);
    expect(one.asked).toContain('bots');
    await one.scaler.close();
    await other.scaler.close();
  });

  it('names the groups that there are when it is asked for another', async () => {
    const { scaler } = await configured();
    expect(() => scaler.status('apy')).toThrow('did you mean api?');
    expect(() => scaler.status('worker')).toThrow('there are api');
    await scaler.close();
  });
});

describe("a scaler's memory", () => {
  it('survives a restart: policy, manual number and cooldowns are as they were', async () => {
    const memory = createScalingMemory();
    const first = await configured({ memory });
    first.cpu = 0.9;
    await first.clock.advance(1500);
    await first.scaler.scaleManually('api', {
      replicas: 5,
      forMs: 3_600_000,
      setBy: 'ada',
      reason: 'a launch',
    });
    await first.scaler.close();

    const second = await start({ memory, replicas: 5 });
    expect(second.scaler.status('api')).toMatchObject({
      configuration: { version: 1 },
      manual: { replicas: 5 },
    });
    await second.scaler.endManual('api');
    second.cpu = 0.9;
    const round = await second.scaler.round('api');
    expect(round).toMatchObject({ decision: { action: 'hold', bound: { kind: 'cooldown' } } });
    await second.scaler.close();
  });

  it('may be away: steps are taken, kept, and remembered once it is back', async () => {
    const kept = createScalingMemory();
    let isAway = false;
    const memory: ScalingMemory = {
      ...kept,
      async record(event) {
        if (isAway) throw new Error('no database');
        await kept.record(event);
      },
    };
    const stage = await configured({ memory });
    isAway = true;
    stage.cpu = 0.9;
    await stage.clock.advance(3000);
    expect(await stage.wanted()).toBe(4);
    expect(await kept.events({ limit: 10 })).toEqual([]);
    expect(stage.scaler.status('api').counts.unremembered).toBeGreaterThan(0);
    isAway = false;
    await stage.clock.advance(1000);
    expect(await kept.events({ limit: 10 })).toMatchObject([{ newCapacity: 4 }]);
    await stage.scaler.close();
  });

  it('is read where an older version wrote it, and refused where a later one did', async () => {
    const written = {
      replicas: { min: 2, max: 8 },
      scaleOut: { step: 2 },
      scaleIn: { step: 1, cooldownMs: 30_000 },
      rules: [
        {
          metric: 'cpuRatio',
          scaleOutAbove: 0.7,
          scaleInBelow: 0.42,
          scaleOutCooldownMs: 0,
          scaleInCooldownMs: 0,
        },
      ],
      staleAfterMs: 60_000,
    };
    const keptAs = (policy: object): ScalingMemory => ({
      ...createScalingMemory(),
      load: async () => ({
        configurations: [
          {
            group: 'api',
            version: 4,
            policy,
            changedBy: 'ada',
            changedAtMs: 0,
          } as unknown as ScalingConfiguration,
        ],
        manual: [],
        events: [],
      }),
    });
    const stage = await start({ memory: keptAs(written) });
    stage.cpu = 0.9;
    await stage.clock.advance(500);
    expect(await stage.wanted()).toBe(4);
    await stage.scaler.close();
    await expect(start({ memory: keptAs({ ...written, format: 3 }) })).rejects.toMatchObject({
      code: 'SCALING_POLICY_NEWER',
      facts: { group: 'api', format: 3 },
    });
  });

  it('keeps a policy from being changed where it cannot be remembered', async () => {
    const memory = createScalingMemory();
    const broken: ScalingMemory = {
      ...memory,
      saveConfiguration: () => Promise.reject(new Error('no database')),
    };
    const { scaler } = await start({ memory: broken });
    const change = scaler.configure('api', { policy: written, changedBy: 'ada' });
    await expect(change).rejects.toMatchObject({ code: 'SCALING_MEMORY_FAILED' });
    expect(scaler.groups).toEqual([]);
    await scaler.close();
  });

  it('forgets the oldest events beyond its limit, and pages from the newest', async () => {
    const stage = await configured({ memory: createScalingMemory(2), replicas: 2 });
    for (const replicas of [3, 4, 5]) {
      await stage.clock.advance(1000);
      await stage.scaler.scaleManually('api', { replicas, forMs: 60_000, setBy: 'ada', reason: 'a test' });
    }
    const [newest, oldest] = await stage.scaler.history({ limit: 10 });
    expect([newest?.newCapacity, oldest?.newCapacity]).toEqual([5, 4]);
    expect(await stage.scaler.history({ limit: 10, beforeMs: newest?.atMs ?? 0 })).toHaveLength(1);
    await stage.scaler.close();
  });
});
