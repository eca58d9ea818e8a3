import { createVirtualClock } from 'loadline/base';
import {
  createScalingMemory,
  createSimulatedDriver,
  decide,
  openScaler,
  parseScalingPolicy,
  type ScalerOptions,
  type ScalingHold,
  type Standing,
} from 'loadline/scaling';
import { describe, expect, it } from 'vitest';
import { cpu, hpaObject } from './hpa/stage.ts';
import { configuration, manual, seen } from './policies.ts';

const because = 'the rollout r1 of 1.1 settles at 20 %';

function standing(allows: ScalingHold['allows'], further: Partial<Standing> = {}): Standing {
  const hold = { allows, because };
  return {
    configuration: configuration(),
    manual: undefined,
    history: [],
    recommendations: [],
    hold,
    ...further,
  };
}

const busy = seen({ cpuRatio: 0.9, memoryRatio: 0.9 });
const idle = seen({ cpuRatio: 0.1, memoryRatio: 0.1 });

describe('decide() in a group that is held', () => {
  it('changes nothing while the hold allows nothing, and says what holds it', () => {
    for (const observation of [busy, idle]) {
      expect(decide(standing('nothing'), observation)).toMatchObject({
        action: 'hold',
        bound: { kind: 'held', because },
      });
    }
    expect(decide(standing('nothing'), busy).reason).toMatch(
      /^Hold api at 4: cpuRatio .*; the rollout r1 of 1\.1 settles at 20 %\.$/,
    );
  });

  it('takes nothing away, and still adds, while the hold allows that', () => {
    expect(decide(standing('scale out'), busy).action).toBe('scale out');
    expect(decide(standing('scale out'), idle)).toMatchObject({ action: 'hold', bound: { kind: 'held' } });
  });

  it('brings a group within the limits of its policy all the same', () => {
    const few = seen({ cpuRatio: 0.1, memoryRatio: 0.1 }, { wanted: 1 });
    const atLeast = { configuration: configuration({ replicas: { min: 2, max: 10 } }) };
    expect(decide(standing('nothing', atLeast), few)).toMatchObject({ to: 2, bound: { kind: 'minimum' } });
  });

  it('is held in the same way where an autoscaler object is the policy', () => {
    const parsed = parseScalingPolicy(hpaObject({ metrics: [cpu(50)] }));
    if (!parsed.ok) throw new Error('The object can be read.');
    const byHpa = { configuration: { ...configuration(), policy: parsed.value } };
    const hot = seen({ cpuRatio: 0.9 });
    const cold = seen({ cpuRatio: 0.1 });
    expect(decide(standing('nothing', byHpa), hot)).toMatchObject({
      to: 4,
      bound: { kind: 'held', because },
    });
    expect(decide(standing('scale out', byHpa), hot)).toMatchObject({ action: 'scale out' });
    expect(decide(standing('scale out', byHpa), cold)).toMatchObject({
      to: 4,
      bound: { kind: 'held', because },
    });
  });

  it('does what somebody orders by hand', () => {
    expect(decide(standing('nothing', { manual: manual() }), idle)).toMatchObject({
      to: 7,
      bound: { kind: 'manual' },
    });
  });
});

describe('a scaler', () => {
  async function decisionWith(options: Partial<ScalerOptions>): Promise<unknown> {
    const clock = createVirtualClock();
    const scaler = await openScaler({
      clock,
      driver: createSimulatedDriver({ clock, groups: { api: 2 } }),
      memory: createScalingMemory(),
      readings: { read: async () => ({ cpuRatio: { value: 0.9, atMs: clock.now() } }) },
      ...options,
    });
    const policy = { replicas: { min: 2, max: 8 }, metrics: { cpuRatio: { scaleOutAbove: 0.7 } } };
    await scaler.configure('api', { policy, changedBy: 'ada' });
    const round = await scaler.round('api');
    await scaler.close();
    return round.kind === 'decided' ? round.decision : round;
  }

  it('asks what holds a group', async () => {
    const asked: string[] = [];
    const holdOf = (group: string): ScalingHold => {
      asked.push(group);
      return { allows: 'nothing', because };
    };
    expect(await decisionWith({ holdOf })).toMatchObject({
      action: 'hold',
      bound: { kind: 'held', because },
    });
    expect(asked).toContain('api');
    expect(await decisionWith({ holdOf: () => undefined })).toMatchObject({ to: 3 });
  });

  it('lets a gate keep out a kind of rules, or the whole policy', async () => {
    const contexts: unknown[] = [];
    const closed = (kept: string) => (name: string, context: unknown) => {
      contexts.push([name, context]);
      return name !== kept;
    };
    expect(await decisionWith({ gate: closed('scaling-threshold') })).toMatchObject({
      action: 'hold',
      proposals: [],
    });
    expect(contexts).toContainEqual([
      'scaling-threshold',
      { targetingKey: 'api', group: 'api', rule: 'cpuRatio' },
    ]);
    expect(await decisionWith({ gate: closed('scaling-policy') })).toMatchObject({
      action: 'hold',
      bound: { kind: 'held', because: 'the flag scaling-policy is off' },
    });
    expect(await decisionWith({ gate: closed('scaling-forecast') })).toMatchObject({ to: 3 });
  });
});
