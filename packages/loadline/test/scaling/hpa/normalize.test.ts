import { decideHpa, type HpaDecision, type HpaHistory } from 'loadline/scaling';
import { describe, expect, it } from 'vitest';
import { external, hpa, noHistory, nowMs, pods, seen, total } from './stage.ts';

/** An autoscaler whose one metric wants just so many, in a group of so many. */
function decide(
  wanted: number,
  current: number,
  { spec = {}, history = noHistory }: { readonly spec?: object; readonly history?: HpaHistory } = {},
): HpaDecision {
  const metrics = [external('wanted', { type: 'AverageValue', averageValue: '1' })];
  const all = pods(current);
  return decideHpa(
    hpa({ metrics, ...spec }),
    seen(all, { 'external wanted': total(wanted * 1000) }),
    history,
  );
}

const recommended = (...entries: (readonly [secondsAgo: number, replicas: number])[]): HpaHistory => ({
  recommendations: entries.map(([secondsAgo, replicas]) => ({ atMs: nowMs - secondsAgo * 1000, replicas })),
  steps: [],
});

const done = (...entries: (readonly [secondsAgo: number, from: number, to: number])[]): HpaHistory => ({
  recommendations: [],
  steps: entries.map(([secondsAgo, from, to]) => ({ atMs: nowMs - secondsAgo * 1000, from, to })),
});

const behavior = (scaleUp: object, scaleDown: object = {}): { readonly spec: object } => ({
  spec: { behavior: { scaleUp, scaleDown } },
});
const at = (periodSeconds: number, type: 'Pods' | 'Percent', value: number): object => ({
  type,
  value,
  periodSeconds,
});

/** By the controller's horizontal.go (1.34): what happens where an object has no `behavior`. */
describe('decideHpa() without behavior', () => {
  it.each([
    ['up to four at once from few', 20, 1, 4, 'ScaleUpLimit'],
    ['up to twice as many at once', 20, 6, 12, 'ScaleUpLimit'],
    ['as wanted within that', 9, 6, 9, 'DesiredWithinRange'],
    ['down as far as is wanted', 1, 50, 1, 'DesiredWithinRange'],
  ])('goes %s', (_, wanted, current, replicas, limit) => {
    expect(decide(wanted, current)).toMatchObject({
      replicas,
      conditions: { scalingLimited: { reason: limit } },
    });
  });

  it('says which of its limits it has come to', () => {
    expect(decide(9, 6, { spec: { maxReplicas: 7 } })).toMatchObject({
      replicas: 7,
      conditions: { scalingLimited: { status: true, reason: 'TooManyReplicas' } },
    });
    expect(decide(1, 6, { spec: { minReplicas: 2 } })).toMatchObject({
      replicas: 2,
      conditions: { scalingLimited: { status: true, reason: 'TooFewReplicas' } },
    });
  });

  it('keeps the highest that was wanted within five minutes, the end of which counts', () => {
    expect(decide(2, 10, { history: recommended([300, 8], [15, 4]) })).toMatchObject({
      replicas: 8,
      conditions: { ableToScale: { reason: 'SucceededRescale' } },
    });
    expect(decide(2, 10, { history: recommended([301, 8], [15, 4]) }).replicas).toBe(4);
    expect(decide(2, 10, { history: recommended([299, 10]) })).toMatchObject({
      replicas: 10,
      conditions: { ableToScale: { reason: 'ScaleDownStabilized' } },
    });
  });

  it('goes up at once, whatever was wanted before', () => {
    expect(decide(10, 6, { history: recommended([60, 2], [15, 3]) }).replicas).toBe(10);
  });

  it('may go up because of what was wanted before', () => {
    expect(decide(2, 6, { history: recommended([60, 9]) }).replicas).toBe(9);
  });
});

/** By the page Horizontal Pod Autoscaling, "Configurable scaling behavior", and the controller's horizontal.go (1.34). */
describe('decideHpa() with behavior', () => {
  it.each([
    ['four more where that is more than as many again', 50, 2, 6],
    ['as many again where that is more than four', 50, 20, 40],
  ])('goes up by default by %s', (_, wanted, current, replicas) => {
    expect(decide(wanted, current, behavior({}))).toMatchObject({
      replicas,
      conditions: { scalingLimited: { status: true, reason: 'ScaleUpLimit' } },
    });
  });

  it('goes down by default after five minutes, the end of which does not count', () => {
    expect(decide(2, 10, { ...behavior({}), history: recommended([299, 8]) }).replicas).toBe(8);
    expect(decide(2, 10, { ...behavior({}), history: recommended([300, 8]) }).replicas).toBe(2);
  });

  it('counts a period from what there was at its beginning', () => {
    const slow = behavior({ policies: [at(60, 'Pods', 4)] });
    expect(decide(50, 10, { ...slow, history: done([30, 8, 10]) }).replicas).toBe(12);
    expect(decide(50, 12, { ...slow, history: done([50, 8, 10], [30, 10, 12]) }).replicas).toBe(12);
    // What is older than the period, to the very end of it, counts no more.
    expect(decide(50, 12, { ...slow, history: done([60, 8, 10], [30, 10, 12]) }).replicas).toBe(14);
  });

  it('counts what was taken away within the period as having been there', () => {
    const slow = behavior({ policies: [at(60, 'Pods', 4)] }, { policies: [at(60, 'Pods', 10)] });
    expect(decide(50, 6, { ...slow, history: done([30, 10, 6]) }).replicas).toBe(14);
  });

  it('rounds a percentage up on the way up, and truncates it on the way down', () => {
    expect(decide(50, 3, behavior({ policies: [at(60, 'Percent', 10)] })).replicas).toBe(4);
    const down = behavior({}, { stabilizationWindowSeconds: 0, policies: [at(60, 'Percent', 10)] });
    // 9 × 0.9 is 8.1.
    expect(decide(1, 9, down).replicas).toBe(8);
    expect(decide(1, 5, down).replicas).toBe(4);
  });

  it.each([
    ['Max', 50, 10, 20],
    ['Min', 50, 10, 12],
    ['Disabled', 50, 10, 10],
    ['Max', 1, 10, 5],
    ['Min', 1, 10, 8],
    ['Disabled', 1, 10, 10],
  ])('lets %s select: from wanted %d at %d to %d', (selectPolicy, wanted, current, replicas) => {
    const up = { selectPolicy, policies: [at(60, 'Pods', 2), at(60, 'Percent', 100)] };
    const down = {
      selectPolicy,
      stabilizationWindowSeconds: 0,
      policies: [at(60, 'Pods', 2), at(60, 'Percent', 50)],
    };
    expect(decide(wanted, current, behavior(up, down)).replicas).toBe(replicas);
  });

  it('never goes back because more was added than a period allows', () => {
    const slow = behavior({ policies: [at(60, 'Pods', 1)] });
    expect(decide(50, 10, { ...slow, history: done([30, 5, 10]) })).toMatchObject({
      replicas: 10,
      conditions: { scalingLimited: { status: true, reason: 'ScaleUpLimit' } },
    });
  });

  it('waits on the way up for the lowest that was wanted within its window', () => {
    const calm = behavior({ stabilizationWindowSeconds: 60 });
    expect(decide(12, 10, { ...calm, history: recommended([59, 11]) }).replicas).toBe(11);
    expect(decide(12, 10, { ...calm, history: recommended([60, 11]) }).replicas).toBe(12);
    expect(decide(12, 10, { ...calm, history: recommended([30, 4]) })).toMatchObject({
      replicas: 10,
      conditions: {
        ableToScale: { reason: 'ScaleUpStabilized' },
        scalingLimited: { reason: 'DesiredWithinRange' },
      },
    });
  });

  it('stays where it is between the windows of both directions', () => {
    const both = behavior({ stabilizationWindowSeconds: 60 }, { stabilizationWindowSeconds: 60 });
    expect(decide(7, 10, { ...both, history: recommended([30, 12], [15, 5]) }).replicas).toBe(10);
  });

  it('forgets a step in favour of a new one as the controller does', () => {
    // Downwards only 15 s are kept: the step of 40 s ago was replaced by that of 20 s ago.
    const spec = behavior(
      { policies: [at(60, 'Pods', 2)] },
      { policies: [at(15, 'Pods', 50)], stabilizationWindowSeconds: 0 },
    );
    expect(decide(50, 6, { ...spec, history: done([40, 10, 8], [20, 8, 6]) }).replicas).toBe(10);
    // Both are within 15 s of each other, and both count.
    expect(decide(50, 6, { ...spec, history: done([30, 10, 8], [20, 8, 6]) }).replicas).toBe(12);
  });

  it('halves in steps as the documented example does', () => {
    // "scale down 10 % or 5 pods a minute, whichever is less" from 80: 80, 75, 70, … until 5 are more than a tenth.
    const spec = behavior(
      {},
      {
        stabilizationWindowSeconds: 0,
        selectPolicy: 'Min',
        policies: [at(60, 'Percent', 10), at(60, 'Pods', 5)],
      },
    );
    const path: number[] = [80];
    for (let round = 1; round <= 9; round++) {
      const current = path.at(-1) as number;
      const before = path.at(-2);
      const history = before === undefined ? noHistory : done([60, before, current]);
      path.push(decide(10, current, { ...spec, history }).replicas);
    }
    expect(path).toEqual([80, 75, 70, 65, 60, 55, 50, 45, 40, 36]);
  });
});
