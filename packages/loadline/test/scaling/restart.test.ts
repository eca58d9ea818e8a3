import { createVirtualClock, type VirtualClock } from 'loadline/base';
import {
  createScalingMemory,
  createSimulatedDriver,
  openScaler,
  type RestartProgress,
  type Scaler,
  type ScalingDriver,
  type ScalingHold,
} from 'loadline/scaling';
import { describe, expect, it } from 'vitest';

const policy = {
  replicas: { min: 1, max: 8 },
  scaleOut: { step: 2 },
  scaleIn: { step: 1, cooldown: '0s' },
  metrics: { cpuRatio: { scaleOutAbove: 0.7, scaleOutCooldown: '0s' } },
};
const order = { orderedBy: 'ada', reason: 'new code' };

interface Stage extends AsyncDisposable {
  readonly clock: VirtualClock;
  readonly scaler: Scaler;
  readonly orders: string[];
  restart: RestartProgress | undefined;
  hold: ScalingHold | undefined;
  cpu: number;
  reasons(): Promise<readonly string[]>;
}

/** Three instances, which a driver says that it replaces as the test has it. */
async function stage(further: Partial<Pick<Stage, 'restart'>> = {}): Promise<Stage> {
  const clock = createVirtualClock();
  const simulated = createSimulatedDriver({ clock, groups: { api: 3 } });
  const driver: ScalingDriver = {
    ...simulated,
    async observe(group, signal) {
      const seen = await simulated.observe(group, signal);
      return seen.kind === 'seen' && on.restart !== undefined ? { ...seen, restart: on.restart } : seen;
    },
    async restart(group) {
      on.orders.push(`restart ${group}`);
      on.restart = { state: 'going', startedAtMs: clock.now(), of: 3, replaced: 0 };
      return { kind: 'accepted' };
    },
    async endRestart(group, because) {
      on.orders.push(`end ${group}: ${because}`);
      return { kind: 'accepted' };
    },
  };
  const memory = createScalingMemory();
  const on: Pick<Stage, 'clock' | 'orders' | 'restart' | 'hold' | 'cpu'> = {
    clock,
    orders: [],
    restart: undefined,
    hold: undefined,
    cpu: 0.5,
    ...further,
  };
  const readings = { read: async () => ({ cpuRatio: { value: on.cpu, atMs: clock.now() } }) };
  const scaler = await openScaler({
    ...{ clock, driver, memory, readings, intervalMs: 1000 },
    holdOf: () => on.hold,
  });
  await scaler.configure('api', { policy, changedBy: 'ada' });
  await clock.advance(1500);
  return Object.assign(on, {
    scaler,
    reasons: async () => (await scaler.history({ limit: 10 })).map(({ reason }) => reason),
    [Symbol.asyncDispose]: () => scaler.close(),
  });
}

function reasonOf({ scaler }: Stage): string | undefined {
  const { last } = scaler.status('api');
  return last?.kind === 'decided' ? last.decision.reason : undefined;
}

describe('a scaler that has a group restarted', () => {
  it('remembers who wanted it and how it ended', async () => {
    await using on = await stage();
    const { clock, scaler } = on;
    await scaler.restart('api', order);
    const startedAtMs = clock.now();
    await clock.advance(12_000);
    on.restart = { state: 'done', startedAtMs, endedAtMs: startedAtMs + 11_000, of: 3, replaced: 3 };
    await clock.advance(5000);
    expect(await on.reasons()).toEqual([
      'Restarted api: 3 of 3 replaced in 11 s.',
      'Restart the 3 instances of api one after the other, by ada: new code.',
    ]);
    expect(await scaler.history({ limit: 10 })).toMatchObject([
      { action: 'restart', outcome: 'accepted', atMs: startedAtMs + 11_000, newCapacity: 3 },
      { action: 'restart', outcome: 'accepted', trigger: { metric: 'manual' }, previousCapacity: 3 },
    ]);
  });

  it('remembers the end of one also where the next is ordered before anybody has looked again', async () => {
    await using on = await stage();
    await on.scaler.restart('api', order);
    const startedAtMs = on.clock.now();
    on.restart = { state: 'done', startedAtMs, endedAtMs: startedAtMs, of: 3, replaced: 3 };
    await on.scaler.restart('api', { orderedBy: 'bob', reason: '' });
    expect(await on.reasons()).toEqual([
      'Restart the 3 instances of api one after the other, by bob.',
      'Restarted api: 3 of 3 replaced in 0 ms.',
      'Restart the 3 instances of api one after the other, by ada: new code.',
    ]);
  });

  it('remembers why one was stopped, be it one that was at it before', async () => {
    const at = { startedAtMs: 1000, endedAtMs: 3000, of: 3, replaced: 1 };
    await using on = await stage({ restart: { ...at, state: 'stopped', because: 'api-4 exited with 1' } });
    await on.clock.advance(5000);
    expect(await on.reasons()).toEqual([
      'Stopped the restart of api with 1 of 3 replaced; the others are as they were: api-4 exited with 1.',
    ]);
    expect(await on.scaler.history({ limit: 10 })).toMatchObject([{ outcome: 'failed' }]);
  });

  it('takes nothing away meanwhile and says why, and still makes it larger', async () => {
    await using on = await stage();
    on.cpu = 0.1;
    await on.scaler.restart('api', order);
    await on.clock.advance(2000);
    expect(reasonOf(on)).toContain('; a rolling restart goes on, 0 of 3 are replaced.');
    expect(on.scaler.status('api').last).toMatchObject({
      decision: { action: 'hold', bound: { kind: 'held' } },
    });
    on.cpu = 0.9;
    await on.clock.advance(1000);
    expect(on.scaler.status('api').last).toMatchObject({ decision: { action: 'scale out', to: 5 } });
    on.cpu = 0.1;
    // What has just been started says nothing that the restart does not say better.
    await on.clock.advance(1000);
    expect(on.scaler.status('api').last).toMatchObject({ decision: { bound: { kind: 'held' } } });
  });

  it('does not count it as a step: no cooldown begins', async () => {
    await using on = await stage();
    await on.scaler.restart('api', order);
    on.restart = undefined;
    on.cpu = 0.1;
    await on.clock.advance(1000);
    expect(on.scaler.status('api').last).toMatchObject({ decision: { action: 'scale in' } });
  });

  it('ends it by order', async () => {
    await using on = await stage();
    await on.scaler.restart('api', order);
    await on.scaler.endRestart('api', { orderedBy: 'bob', reason: 'wrong build' });
    expect(on.orders).toEqual(['restart api', 'end api: ended by bob: wrong build']);
  });

  it('refuses it while a rollout holds the group, and remembers that', async () => {
    await using on = await stage();
    on.hold = { allows: 'scale out', because: 'the rollout r1 of v2 is watching' };
    await expect(on.scaler.restart('api', order)).rejects.toMatchObject({
      code: 'SCALING_RESTART_REFUSED',
      message: 'Cannot restart api: the rollout r1 of v2 is watching.',
    });
    expect(on.orders).toEqual([]);
    expect(await on.scaler.history({ limit: 1 })).toMatchObject([{ outcome: 'refused' }]);
  });

  it('refuses it where the driver cannot, and for a group that it does not know', async () => {
    const clock = createVirtualClock();
    const driver = createSimulatedDriver({ clock, groups: { api: 3 } });
    const memory = createScalingMemory();
    await using scaler = await openScaler({ clock, driver, memory, readings: { read: async () => ({}) } });
    await scaler.configure('api', { policy, changedBy: 'ada' });
    await clock.advance(100);
    for (const refused of [scaler.restart('api', order), scaler.endRestart('api', order)])
      await expect(refused).rejects.toMatchObject({ code: 'SCALING_RESTART_REFUSED' });
    await expect(scaler.restart('nobody', order)).rejects.toMatchObject({ code: 'SCALING_GROUP_UNKNOWN' });
  });
});
