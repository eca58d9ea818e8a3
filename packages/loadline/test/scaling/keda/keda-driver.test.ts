import { createVirtualClock, type VirtualClock } from 'loadline/base';
import { createScalingMemory, createSimulatedDriver, openScaler, type Readings } from 'loadline/scaling';
import { createKedaDriver } from 'loadline/scaling/keda';
import { describe, expect, it } from 'vitest';

const { signal } = new AbortController();

/** A group by KEDA, with the autoscaler that KEDA makes: every 15 s, and it leaves a tenth as it is. */
async function stage(replicas: number) {
  const clock: VirtualClock = createVirtualClock();
  const engine = createSimulatedDriver({ clock, groups: { api: replicas }, startMs: 1000 });
  const driver = createKedaDriver({ engine, groups: ['api'] });
  const there = async (): Promise<number> => {
    const fleet = await engine.observe('api', signal);
    return fleet.kind === 'seen' ? fleet.wanted : Number.NaN;
  };
  const pass = async (ms: number): Promise<void> => {
    for (let passed = 0; passed < ms; passed += 15_000) {
      await clock.advance(15_000);
      const told = (await driver.read('api', signal))?.metrics[0]?.value ?? 0;
      if (Math.abs(told / (await there()) - 1) > 0.1) await engine.apply('api', told, signal);
    }
  };
  return { clock, engine, driver, there, pass };
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
});
