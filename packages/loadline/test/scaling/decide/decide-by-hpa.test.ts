import { createVirtualClock } from 'loadline/base';
import {
  createScalingMemory,
  createSimulatedDriver,
  type Decision,
  decide,
  type Observation,
  openScaler,
  parseScalingPolicy,
  type Readings,
  type ScalingConfiguration,
  type Standing,
} from 'loadline/scaling';
import { describe, expect, it } from 'vitest';
import { cpu, external, hpaObject, perPod } from '../hpa/stage.ts';
import { minuteMs, noonMs, seen } from '../policies.ts';

function decideBy(
  spec: Readonly<Record<string, unknown>>,
  observation: Observation,
  standing: Partial<Standing> = {},
): Decision {
  const parsed = parseScalingPolicy(hpaObject(spec));
  if (!parsed.ok) throw new Error('the object cannot be read');
  const configuration: ScalingConfiguration = {
    group: 'api',
    version: 1,
    policy: parsed.value,
    changedBy: 'ada',
    changedAtMs: 0,
  };
  return decide(
    { configuration, manual: undefined, history: [], recommendations: [], ...standing },
    observation,
  );
}

describe('a scaler by an autoscaler object', () => {
  it('takes the rest of a step that its window remembers, also where no metric asks for it any more', async () => {
    const clock = createVirtualClock(noonMs);
    const driver = createSimulatedDriver({ clock, groups: { api: 2 }, startMs: 1000 });
    let cpuRatio = 5;
    const read = async (): Promise<Readings> => ({ cpuRatio: { value: cpuRatio, atMs: clock.now() } });
    const scaler = await openScaler({ clock, driver, memory: createScalingMemory(), readings: { read } });
    const policy = hpaObject({ metrics: [cpu(50)], maxReplicas: 20 });
    await scaler.configure('api', { policy, changedBy: 'ada' });
    await clock.advance(1000);
    cpuRatio = 0.5;
    await clock.advance(60_000);
    const steps = await scaler.history({ limit: 5 });
    expect(steps.map(({ newCapacity }) => newCapacity)).toEqual([20, 16, 8, 4]);
    expect(steps[0]).toMatchObject({
      trigger: { metric: 'cpuRatio', value: 0.5 },
      reason: 'Scale out api from 16 to 20: 20 were wanted within the last 5 m.',
    });
    await scaler.close();
  });

  it('goes up at once, and down when five minutes have wanted less, to the round', async () => {
    const clock = createVirtualClock(noonMs);
    const driver = createSimulatedDriver({ clock, groups: { api: 4 }, startMs: 1000 });
    let cpuRatio = 0.5;
    const read = async (): Promise<Readings> => ({ cpuRatio: { value: cpuRatio, atMs: clock.now() } });
    const scaler = await openScaler({ clock, driver, memory: createScalingMemory(), readings: { read } });
    await scaler.configure('api', { policy: hpaObject({ metrics: [cpu(50)] }), changedBy: 'ada' });
    const wanted = async (): Promise<number> => {
      const fleet = await driver.observe('api', new AbortController().signal);
      return fleet.kind === 'seen' ? fleet.wanted : 0;
    };
    await clock.advance(60_000);
    expect(await wanted()).toBe(4);
    cpuRatio = 1;
    await clock.advance(15_000);
    expect(await wanted()).toBe(8);
    cpuRatio = 0.1;
    // The 8 was wanted 15 s before the first round that wants fewer, and counts for five minutes to their very end.
    await clock.advance(300_000);
    expect(await wanted()).toBe(8);
    await clock.advance(15_000);
    expect(await wanted()).toBe(2);
    await scaler.close();
  });
});

describe('decide() by an autoscaler object', () => {
  it('takes each instance for a pod that requests its whole share', () => {
    expect(decideBy({ metrics: [cpu(50)] }, seen({ cpuRatio: 0.899 }))).toMatchObject({
      action: 'scale out',
      from: 4,
      to: 8,
      recommended: 8,
      proposals: [{ metric: 'cpuRatio', kind: 'hpa', says: 'more', wants: 8, seen: 0.89 }],
      reason: 'Scale out api from 4 to 8: cpuRatio is 89 % of a target of 50 %, for 8.',
    });
  });

  it('takes a value beyond all measure for the largest that there is', () => {
    const depth = perPod('depth', '10');
    const metrics = { 'custom:depth': { value: 1.7e308, atMs: noonMs } };
    const decision = decideBy({ metrics: [depth], maxReplicas: 20 }, { ...seen({}), readings: metrics });
    expect(decision).toMatchObject({ action: 'scale out', from: 4, to: 8 });
  });

  it('does not count an instance that is starting for more than idle', () => {
    const look = seen({ cpuRatio: 1 }, { wanted: 6, ready: 4, starting: 2 });
    // 4 of 6 at 100 %: 66 % of 50 %, of six.
    expect(decideBy({ metrics: [cpu(50)] }, look).to).toBe(8);
  });

  it('looks at each instance where they can be told apart', () => {
    const instance = (id: string, cpuRatio: number | undefined) => ({
      id,
      state: 'ready' as const,
      sinceMs: noonMs - 60 * minuteMs,
      startedMs: noonMs - 60 * minuteMs,
      readings: cpuRatio === undefined ? {} : { cpuRatio: { value: cpuRatio, atMs: noonMs } },
    });
    const instances = [instance('a', 1), instance('b', 1), instance('c', undefined)];
    expect(decideBy({ metrics: [cpu(50)] }, seen({}, { wanted: 3, instances })).to).toBe(4);
  });

  it('does not round an average up to the next percent', () => {
    // 89.99 % is 89 %: of ten at a target of 89 % nothing would change, and 90 % would be beyond a tolerance of 1 %.
    const behavior = { scaleUp: { tolerance: 0 } };
    expect(decideBy({ metrics: [cpu(89)], behavior }, seen({ cpuRatio: 0.8999 }, { wanted: 10 })).to).toBe(
      10,
    );
    expect(decideBy({ metrics: [cpu(89)], behavior }, seen({ cpuRatio: 0.9 }, { wanted: 10 })).to).toBe(11);
  });

  it('takes one that waits after a crash for a pod that misses its metric', () => {
    const instance = (id: string, state: 'ready' | 'waiting') => ({
      id,
      state,
      sinceMs: noonMs - 60 * minuteMs,
      startedMs: noonMs - 60 * minuteMs,
      readings: state === 'ready' ? { cpuRatio: { value: 0.2, atMs: noonMs } } : {},
    });
    const instances = [instance('a', 'ready'), instance('b', 'ready'), instance('c', 'waiting')];
    // Two at 20 % and one at 100 % are 46 % of 80 %, of three.
    expect(decideBy({ metrics: [cpu(80)] }, seen({}, { wanted: 3, instances })).to).toBe(2);
  });

  it('reads metrics of pods and from outside under their names', () => {
    const readings = {
      'custom:rate': { value: 25, atMs: noonMs },
      'custom:queue': { value: 70, atMs: noonMs },
    } as const;
    const metrics = [perPod('rate', '10'), external('queue', { type: 'AverageValue', averageValue: '10' })];
    expect(decideBy({ metrics }, { ...seen({}, { wanted: 2 }), readings }).proposals).toMatchObject([
      { metric: 'custom:rate', wants: 5, seen: 25 },
      { metric: 'custom:queue', wants: 7 },
    ]);
  });

  it('says what waits where nothing runs that could share it', () => {
    const metrics = [external('depth', { type: 'AverageValue', averageValue: '10' })];
    const readings = { 'custom:depth': { value: 25, atMs: noonMs } };
    const decision = decideBy(
      { minReplicas: 0, metrics },
      { ...seen({}, { wanted: 0, ready: 0 }), readings },
    );
    expect(decision).toMatchObject({
      to: 3,
      reason: 'Scale out api from 0 to 3: custom:depth is 25 of a target of 10, for 3.',
    });
  });

  it('brings a group that it took to nothing up to a minimum that was raised since', () => {
    const metrics = [external('depth', { type: 'Value', value: '10' })];
    const readings = { 'custom:depth': { value: 0, atMs: noonMs } };
    const empty = { ...seen({}, { wanted: 0, ready: 0 }), readings };
    const step = { atMs: noonMs - 60 * minuteMs, from: 2, to: 0, askers: [] };
    expect(decideBy({ minReplicas: 3, metrics }, empty, { history: [step] }).to).toBe(3);
    expect(decideBy({ minReplicas: 3, metrics }, empty)).toMatchObject({ to: 0, bound: { kind: 'paused' } });
  });

  it('holds, and says why, where a metric cannot be had', () => {
    expect(decideBy({ metrics: [cpu(50), perPod('rate', '10')] }, seen({ cpuRatio: 0.1 }))).toMatchObject({
      action: 'hold',
      recommended: undefined,
      bound: { kind: 'blind', missing: ['custom:rate'] },
    });
    const inBytes = {
      type: 'Resource',
      resource: { name: 'cpu', target: { type: 'AverageValue', averageValue: '500m' } },
    };
    expect(decideBy({ metrics: [inBytes] }, seen({ cpuRatio: 0.1 })).reason).toContain(
      'no instance measures it',
    );
  });

  it('keeps to its windows by what was recommended', () => {
    const recommendations = [{ atMs: noonMs - 4 * minuteMs, replicas: 4 }];
    expect(decideBy({ metrics: [cpu(50)] }, seen({ cpuRatio: 0.1 }), { recommendations })).toMatchObject({
      action: 'hold',
      recommended: 1,
      bound: { kind: 'stabilizing', windowMs: 300_000 },
    });
  });

  it('does what was set by hand', () => {
    const manual = {
      group: 'api',
      replicas: 7,
      untilMs: noonMs + minuteMs,
      setBy: 'ada',
      setAtMs: noonMs,
      reason: '',
    };
    expect(decideBy({ metrics: [cpu(50)] }, seen({ cpuRatio: 0.9 }), { manual })).toMatchObject({
      to: 7,
      bound: { kind: 'manual' },
    });
  });
});
