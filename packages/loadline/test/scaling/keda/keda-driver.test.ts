import { createVirtualClock, type VirtualClock } from 'loadline/base';
import { createScalingMemory, createSimulatedDriver, openScaler, type Readings } from 'loadline/scaling';
import { createKedaDriver } from 'loadline/scaling/keda';
import { describe, expect, it } from 'vitest';

const { signal } = new AbortController();

/** A group by KEDA, with the autoscaler that KEDA makes: every 15 s, within its limits, and it leaves a tenth as it is. */
async function stage(replicas: number, limits = { min: 1, max: 1000 }) {
  const clock: VirtualClock = createVirtualClock();
  const engine = createSimulatedDriver({ clock, groups: { api: replicas }, startMs: 1000 });
  const driver = createKedaDriver({ clock, engine, groups: ['api'] });
  const there = async (): Promise<number> => {
    const fleet = await engine.observe('api', signal);
    return fleet.kind === 'seen' ? fleet.wanted : Number.NaN;
  };
  const pass = async (ms: number): Promise<void> => {
    for (let passed = 0; passed < ms; passed += 15_000) {
      await clock.advance(15_000);
      const told = (await driver.read('api', signal))?.metrics[0]?.value ?? 0;
      const within = Math.min(limits.max, Math.max(limits.min, told));
      if (Math.abs(told / (await there()) - 1) > 0.1) await engine.apply('api', within, signal);
    }
  };
  return { clock, engine, driver, there, pass, limits };
}

describe('a group that KEDA scales', () => {
  it('comes down by steps of one, also where each by itself is left alone', async () => {
    const { clock, driver, there, pass } = await stage(20);
    const read = async (): Promise<Readings> => ({ ratePerSecond: { value: 10, atMs: clock.now() } });
    const scaler = await openScaler({ clock, driver, memory: createScalingMemory(), readings: { read } });
    const policy = {
      replicas: { min: 2, max: 30 },
      scaleIn: { cooldown: '1m' },
      metrics: { ratePerSecond: { scaleOutAbove: 50 } },
    };
    await scaler.configure('api', { policy, changedBy: 'ada' });
    await pass(600_000);
    expect(await there()).toBeLessThan(15);
    await scaler.close();
  });

  it('counts what the autoscaler will make as under way, and not what it leaves', async () => {
    const { driver } = await stage(20);
    await driver.observe('api', signal);
    for (const [wanted, starting, stopping] of [
      [22, 0, 0],
      [23, 3, 0],
      [18, 0, 0],
      [17, 0, 3],
    ] as const) {
      await driver.apply('api', wanted, signal);
      expect(await driver.observe('api', signal)).toMatchObject({ wanted, starting, stopping });
    }
  });

  it('does not count as starting for ever what the autoscaler will not make, and says so', async () => {
    const { driver, pass, limits } = await stage(10, { min: 8, max: 10 });
    const look = () => driver.observe('api', signal);
    await look();
    await driver.apply('api', 20, signal);
    expect(await look()).toMatchObject({ wanted: 20, ready: 10, starting: 10 });
    await pass(105_000);
    const before = await look();
    expect([before, 'unmet' in before]).toMatchObject([{ starting: 10 }, false]);
    await pass(15_000);
    const unmet =
      'KEDA was told 20, and its autoscaler leaves it at 10: look at maxReplicaCount of its ScaledObject';
    expect(await look()).toMatchObject({ wanted: 20, ready: 10, starting: 0, unmet });
    // More of what does not come comes no sooner.
    await driver.apply('api', 25, signal);
    expect(await look()).toMatchObject({ starting: 0, unmet: unmet.replace('20', '25') });
    // As soon as something comes again, the rest may come too.
    limits.max = 14;
    await pass(15_000);
    const after = await look();
    expect([after, 'unmet' in after]).toMatchObject([{ wanted: 25, starting: 11 + 4 }, false]);
    await driver.apply('api', 4, signal);
    await pass(15_000);
    expect(await look()).toMatchObject({ wanted: 4, stopping: 4 + 6 });
    await pass(120_000);
    expect(await look()).toMatchObject({
      ...{ wanted: 4, ready: 8, stopping: 0 },
      unmet:
        'KEDA was told 4, and its autoscaler leaves it at 8: look at minReplicaCount and scaleDown of its ScaledObject',
    });
    await driver.apply('api', 8, signal);
    expect('unmet' in (await look())).toBe(false);
  });

  it('waits for nothing where there are none, and none are to be', async () => {
    const { driver, pass } = await stage(0);
    await driver.observe('api', signal);
    await pass(600_000);
    expect('unmet' in (await driver.observe('api', signal))).toBe(false);
  });

  it('comes down again also where it was to have more than the autoscaler makes, and says why it has not', async () => {
    const { clock, driver, there, pass } = await stage(4, { min: 2, max: 6 });
    let rate = 100;
    const read = async (): Promise<Readings> => ({ ratePerSecond: { value: rate, atMs: clock.now() } });
    const scaler = await openScaler({ clock, driver, memory: createScalingMemory(), readings: { read } });
    const policy = {
      replicas: { min: 2, max: 12 },
      scaleOut: { step: 8 },
      scaleIn: { step: 8, cooldown: '1m' },
      metrics: { ratePerSecond: { scaleOutAbove: 50 } },
    };
    await scaler.configure('api', { policy, changedBy: 'ada' });
    await pass(300_000);
    expect(await there()).toBe(6);
    const { last } = scaler.status('api');
    expect(last?.kind === 'decided' && last.decision.reason).toMatch(
      /^Hold api at 12: .+; the maximum is 12; KEDA was told 12, and its autoscaler leaves it at 6: look at maxReplicaCount of its ScaledObject\.$/,
    );
    rate = 1;
    await pass(1_800_000);
    expect(await there()).toBe(2);
    await scaler.close();
  });

  it('wishes for no fewer than the autoscaler leaves, so that more are there as soon as they are needed', async () => {
    const { clock, driver, there, pass } = await stage(6, { min: 5, max: 20 });
    let rate = 60;
    const read = async (): Promise<Readings> => ({
      ratePerSecond: { value: rate / (await there()), atMs: clock.now() },
    });
    const scaler = await openScaler({ clock, driver, memory: createScalingMemory(), readings: { read } });
    const policy = {
      replicas: { min: 1, max: 20 },
      scaleIn: { cooldown: '1m' },
      metrics: { ratePerSecond: { scaleOutAbove: 50, scaleInBelow: 20 } },
    };
    await scaler.configure('api', { policy, changedBy: 'ada' });
    await pass(3_600_000);
    const { last } = scaler.status('api');
    expect(last?.kind === 'decided' && last.decision).toMatchObject({
      bound: { kind: 'held' },
      reason: expect.stringMatching(
        /^Hold api at 4: ratePerSecond is 12\/s, below 20\/s; KEDA was told 4, and its autoscaler leaves it at 5: look at minReplicaCount and scaleDown of its ScaledObject\.$/,
      ),
    });
    const steps = (await scaler.history({ limit: 10 })).length;
    expect(steps).toBe(2);
    rate = 400;
    await pass(240_000);
    expect(await there()).toBe(6);
    await scaler.close();
  });

  it('wishes for no more than does not come', async () => {
    const { clock, driver, there, pass } = await stage(4, { min: 1, max: 4 });
    const read = async (): Promise<Readings> => ({ ratePerSecond: { value: 100, atMs: clock.now() } });
    const scaler = await openScaler({ clock, driver, memory: createScalingMemory(), readings: { read } });
    const policy = {
      replicas: { min: 1, max: 30 },
      metrics: { ratePerSecond: { scaleOutAbove: 50, scaleOutCooldown: '3m' } },
    };
    await scaler.configure('api', { policy, changedBy: 'ada' });
    await pass(3_600_000);
    expect([await there(), (await driver.read('api', signal))?.metrics[0]?.value]).toEqual([4, 5]);
    await scaler.close();
  });
});
