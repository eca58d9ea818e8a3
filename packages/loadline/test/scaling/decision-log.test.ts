import { createVirtualClock } from 'loadline/base';
import {
  createScalingMemory,
  createSimulatedDriver,
  type DecisionSpan,
  openScaler,
  type Readings,
  type Scaler,
  type ScalingMemory,
} from 'loadline/scaling';
import { describe, expect, it } from 'vitest';

const written = {
  interval: '10s',
  replicas: { min: 2, max: 8 },
  scaleIn: { cooldown: '30s' },
  metrics: { cpuRatio: { scaleOutAbove: 0.7, scaleOutCooldown: '10s' } },
};

async function start(memory: ScalingMemory = createScalingMemory()) {
  const clock = createVirtualClock();
  const driver = createSimulatedDriver({ clock, groups: { api: 4 }, startMs: 3000 });
  const stage = { cpu: 0.5, clock, driver };
  const readings = {
    read: async (): Promise<Readings> => ({ cpuRatio: { value: stage.cpu, atMs: clock.now() } }),
  };
  const scaler = await openScaler({ clock, driver, memory, readings });
  await scaler.configure('api', { policy: written, changedBy: 'ada' });
  await clock.advance(0);
  const spans = (limit = 100): Promise<readonly DecisionSpan[]> => allOf(scaler, limit);
  return Object.assign(stage, { scaler, spans, startMs: clock.now() });
}

function allOf(scaler: Scaler, limit = 100): Promise<readonly DecisionSpan[]> {
  return scaler.decisions({ group: 'api', fromMs: 0, toMs: Number.MAX_SAFE_INTEGER, limit });
}

describe("a scaler's decisions", () => {
  it('are one span for as long as nothing is done for the same reasons, between which values', async () => {
    const stage = await start();
    for (const cpu of [0.45, 0.6, 0.5]) {
      stage.cpu = cpu;
      await stage.clock.advance(10_000);
    }
    expect(await stage.spans()).toMatchObject([
      {
        group: 'api',
        fromMs: stage.startMs,
        untilMs: stage.startMs + 30_000,
        count: 4,
        decision: { action: 'hold', reason: 'Hold api at 4: cpuRatio is 50 %, between 42 % and 70 %.' },
        seen: { cpuRatio: [0.45, 0.6] },
      },
    ]);
    await stage.scaler.close();
  });

  it('begin a new span with each step, another reason, and another policy', async () => {
    const stage = await start();
    stage.cpu = 0.9;
    await stage.clock.advance(20_000);
    stage.cpu = 0.5;
    await stage.clock.advance(20_000);
    await stage.scaler.configure('api', { policy: { ...written, staleAfter: '30s' }, changedBy: 'ada' });
    await stage.clock.advance(10_000);
    const told = (await stage.spans()).map(({ count, decision, outcome }) => [
      decision?.action,
      decision?.to,
      decision?.policyVersion,
      outcome,
      count,
    ]);
    expect(told.toReversed()).toEqual([
      ['hold', 4, 1, undefined, 1],
      ['scale out', 5, 1, 'accepted', 1],
      ['scale out', 6, 1, 'accepted', 1],
      ['hold', 6, 1, undefined, 2],
      ['hold', 6, 2, undefined, 2],
    ]);
    await stage.scaler.close();
  });

  it('are told apart by what bound them, where the rules say the same', async () => {
    const stage = await start();
    stage.cpu = 0.1;
    await stage.clock.advance(29_000);
    expect(stage.driver.crashOne('api')).toBe(true);
    await stage.clock.advance(1000);
    const told = (await stage.spans()).map(({ decision, count }) => [
      decision?.to,
      decision?.bound?.kind,
      count,
    ]);
    expect(told.slice(0, 3)).toEqual([
      [3, 'settling', 1],
      [3, 'cooldown', 1],
      [3, undefined, 1],
    ]);
    await stage.scaler.close();
  });

  it('are one for each step, also where the same one is taken again because it was not done', async () => {
    const stage = await start();
    stage.cpu = 0.9;
    stage.driver.breakNext('apply', 'lie');
    await stage.clock.advance(20_000);
    expect((await stage.spans()).slice(0, 2)).toMatchObject([
      { count: 1, decision: { from: 4, to: 5 }, outcome: 'accepted' },
      { count: 1, decision: { from: 4, to: 5 }, outcome: 'accepted' },
    ]);
    await stage.scaler.close();
  });

  it('are told apart where several are made at one time', async () => {
    const stage = await start();
    await stage.clock.advance(5000);
    for (const replicas of [5, 6, 7])
      await stage.scaler.scaleManually('api', { replicas, forMs: 60_000, setBy: 'ada', reason: 'a test' });
    expect((await stage.spans()).map(({ decision }) => decision?.to)).toEqual([7, 6, 5, 4]);
    await stage.scaler.close();
  });

  it('tell also when and why a group could not be seen, and a step was not taken', async () => {
    const stage = await start();
    stage.driver.breakNext('observe', 'throw');
    await stage.clock.advance(10_000);
    stage.cpu = 0.9;
    stage.driver.breakNext('apply', 'refuse');
    await stage.clock.advance(10_000);
    expect((await stage.spans()).slice(0, 2)).toMatchObject([
      { outcome: 'refused', problem: 'the simulated engine is full', decision: { action: 'scale out' } },
      { decision: undefined, problem: 'the driver failed: the simulated engine is out of order' },
    ]);
    await stage.scaler.close();
  });

  it('have at least one span an hour', async () => {
    const stage = await start();
    await stage.clock.advance(3 * 3_600_000);
    const spans = await stage.spans();
    expect(spans.length).toBeGreaterThanOrEqual(3);
    expect(spans.reduce((sum, { count }) => sum + count, 0)).toBe(3 * 360 + 1);
    await stage.scaler.close();
  });

  it('are remembered at once where they are new, and every minute while they only grow', async () => {
    const memory = createScalingMemory();
    const writes: number[] = [];
    const stage = await start({
      ...memory,
      async recordDecisions(spans) {
        writes.push(spans.length);
        await memory.recordDecisions(spans);
      },
    });
    await stage.clock.advance(110_000);
    expect(writes).toEqual([1, 1]);
    stage.cpu = 0.9;
    await stage.clock.advance(10_000);
    // The end of the one, and the beginning of the next.
    expect(writes).toEqual([1, 1, 2]);
    await stage.scaler.close();
  });

  it('survive a restart, and a memory that is away', async () => {
    const kept = createScalingMemory();
    let isAway = false;
    const stage = await start({
      ...kept,
      recordDecisions: (spans) =>
        isAway ? Promise.reject(new Error('no database')) : kept.recordDecisions(spans),
    });
    isAway = true;
    stage.cpu = 0.9;
    await stage.clock.advance(10_000);
    expect(stage.scaler.status('api').counts.unremembered).toBeGreaterThan(0);
    expect((await stage.spans())[0]?.decision?.action).toBe('scale out');
    isAway = false;
    await stage.clock.advance(10_000);
    await stage.scaler.close();
    const again = await kept.decisions({ group: 'api', fromMs: 0, toMs: Number.MAX_SAFE_INTEGER, limit: 10 });
    expect(again.map(({ decision }) => decision?.action)).toEqual(['scale out', 'scale out', 'hold']);
  });

  it('are one span also while a policy is only tried', async () => {
    const stage = await start();
    stage.cpu = 0.9;
    await stage.scaler.configure('api', { policy: { ...written, mode: 'dry run' }, changedBy: 'ada' });
    await stage.clock.advance(50_000);
    expect((await stage.spans())[0]).toMatchObject({ count: 6, outcome: 'dry run', decision: { to: 5 } });
    await stage.scaler.close();
  });
});
