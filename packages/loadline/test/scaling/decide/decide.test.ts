import fc from 'fast-check';
import { type Decision, decide, type Observation, type Standing, scalingMetricNames } from 'loadline/scaling';
import { describe, expect, it } from 'vitest';
import { configuration, direction, manual, minuteMs, noonMs, policy, rule, seen, step } from '../policies.ts';

function decideOn(observation: Observation, standing: Partial<Standing> = {}): Decision {
  return decide(
    { configuration: configuration(), manual: undefined, history: [], recommendations: [], ...standing },
    observation,
  );
}

describe('decide() upwards', () => {
  it('takes a step when any one metric is above its limit', () => {
    expect(decideOn(seen({ cpuRatio: 0.82, memoryRatio: 0.2 }))).toMatchObject({
      action: 'scale out',
      from: 4,
      to: 5,
      policyVersion: 3,
      reason: 'Scale out api from 4 to 5: cpuRatio is 82 %, above 70 %.',
    });
  });

  it('holds at the limit itself', () => {
    expect(decideOn(seen({ cpuRatio: 0.7, memoryRatio: 0.5 }))).toMatchObject({
      action: 'hold',
      bound: undefined,
    });
  });

  it('takes as large a step as the policy says, and never beyond the maximum', () => {
    const inFours = { configuration: configuration({ scaleOut: direction({ step: 4 }) }) };
    expect(decideOn(seen({ cpuRatio: 0.9, memoryRatio: 0.5 }), inFours).to).toBe(8);
    expect(decideOn(seen({ cpuRatio: 0.9, memoryRatio: 0.5 }, { wanted: 8 }), inFours)).toMatchObject({
      to: 10,
      bound: { kind: 'maximum', replicas: 10 },
      reason: 'Scale out api from 8 to 10: cpuRatio is 90 %, above 70 %; the maximum is 10.',
    });
  });

  it('holds at the maximum, and says so', () => {
    expect(decideOn(seen({ cpuRatio: 0.9, memoryRatio: 0.5 }, { wanted: 10 }))).toMatchObject({
      action: 'hold',
      bound: { kind: 'maximum' },
    });
  });

  it('waits for the cooldown of the metric that asked before', () => {
    const history = [step({ atMs: noonMs - 2 * minuteMs })];
    expect(decideOn(seen({ cpuRatio: 0.9, memoryRatio: 0.5 }), { history })).toMatchObject({
      action: 'hold',
      bound: { kind: 'cooldown', untilMs: noonMs + 3 * minuteMs },
      reason: 'Hold api at 4: cpuRatio is 90 %, above 70 %; the last step settles for another 3 m.',
    });
  });

  it('does not let one metric wait for the cooldown of another', () => {
    const history = [step({ atMs: noonMs - 2 * minuteMs, askers: ['threshold cpuRatio'] })];
    expect(decideOn(seen({ cpuRatio: 0.9, memoryRatio: 0.9 }, {}), { history }).to).toBe(5);
  });

  it('takes the next step once the cooldown has passed, to the millisecond', () => {
    const history = [step({ atMs: noonMs - 5 * minuteMs })];
    expect(decideOn(seen({ cpuRatio: 0.9, memoryRatio: 0.5 }), { history }).to).toBe(5);
    const early = [step({ atMs: noonMs - 5 * minuteMs + 1 })];
    expect(decideOn(seen({ cpuRatio: 0.9, memoryRatio: 0.5 }), { history: early }).to).toBe(4);
  });

  it('goes on what it sees when another metric is lost', () => {
    expect(decideOn(seen({ cpuRatio: 0.9 })).to).toBe(5);
  });
});

describe('decide() downwards', () => {
  it('takes a step when every metric is low', () => {
    expect(decideOn(seen({ cpuRatio: 0.3, memoryRatio: 0.4 }))).toMatchObject({
      action: 'scale in',
      to: 3,
      reason: 'Scale in api from 4 to 3: cpuRatio is 30 %, below 42 %, memoryRatio is 40 %, below 48 %.',
    });
  });

  it('holds when only one is low', () => {
    expect(decideOn(seen({ cpuRatio: 0.1, memoryRatio: 0.5 }))).toMatchObject({
      action: 'hold',
      bound: undefined,
      reason: 'Hold api at 4: memoryRatio is 50 %, between 48 % and 80 %.',
    });
  });

  it('holds when the rest could not carry the load', () => {
    expect(decideOn(seen({ cpuRatio: 0.4, memoryRatio: 0.1 }, { wanted: 2 }))).toMatchObject({
      action: 'hold',
      bound: { kind: 'would not fit', metric: 'cpuRatio', projected: 0.8 },
      reason:
        'Hold api at 2: cpuRatio is 40 %, below 42 %, memoryRatio is 10 %, below 48 %; after a whole step cpuRatio would be 80 %.',
    });
  });

  it('takes as much of a step as still fits', () => {
    const inSixes = { configuration: configuration({ scaleIn: direction({ step: 6 }) }) };
    expect(decideOn(seen({ cpuRatio: 0.35, memoryRatio: 0.1 }, { wanted: 8 }), inSixes)).toMatchObject({
      action: 'scale in',
      to: 4,
      bound: { kind: 'would not fit', metric: 'cpuRatio' },
    });
  });

  it('never goes below the minimum', () => {
    const inThrees = {
      configuration: configuration({ replicas: { min: 3, max: 10 }, scaleIn: direction({ step: 3 }) }),
    };
    expect(decideOn(seen({ cpuRatio: 0.1, memoryRatio: 0.1 }), inThrees)).toMatchObject({
      to: 3,
      bound: { kind: 'minimum', replicas: 3 },
    });
    expect(decideOn(seen({ cpuRatio: 0.1, memoryRatio: 0.1 }, { wanted: 3 }), inThrees)).toMatchObject({
      action: 'hold',
      bound: { kind: 'minimum' },
    });
  });

  it.each([
    ['down', { from: 5, to: 4 }],
    ['up', { from: 3, to: 4 }],
  ])('waits for its cooldown after a step %s', (_, change) => {
    const history = [step({ ...change, atMs: noonMs - 9 * minuteMs })];
    expect(decideOn(seen({ cpuRatio: 0.1, memoryRatio: 0.1 }), { history })).toMatchObject({
      action: 'hold',
      bound: { kind: 'cooldown', untilMs: noonMs + minuteMs },
    });
  });

  it('waits longer where a metric wants that', () => {
    const slow = [rule('cpuRatio', 0.7, { scaleInCooldownMs: 30 * minuteMs })];
    const history = [step({ atMs: noonMs - 20 * minuteMs })];
    expect(
      decideOn(seen({ cpuRatio: 0.1 }), { configuration: configuration({ rules: slow }), history }),
    ).toMatchObject({ action: 'hold', bound: { kind: 'cooldown' } });
  });

  it.each([{ starting: 1 }, { stopping: 2 }])('holds while the group has not settled: %o', (unsettled) => {
    expect(decideOn(seen({ cpuRatio: 0.1, memoryRatio: 0.1 }, unsettled))).toMatchObject({
      action: 'hold',
      bound: { kind: 'settling' },
    });
  });

  it('does not wait for one that crashes again and again, but for the others', () => {
    const idle = { cpuRatio: 0.1, memoryRatio: 0.1 };
    expect(decideOn(seen(idle, { starting: 1, crashing: 1 }))).toMatchObject({ action: 'scale in' });
    expect(decideOn(seen(idle, { starting: 2, crashing: 1 }))).toMatchObject({
      action: 'hold',
      bound: { kind: 'settling', starting: 1 },
    });
  });
});

describe('decide() without sight', () => {
  it.each([
    ['lost', undefined, 'was not measured'],
    ['no number', { value: Number.NaN, atMs: noonMs }, 'is not a number'],
    ['infinite', { value: Number.POSITIVE_INFINITY, atMs: noonMs }, 'is not a number'],
    ['negative', { value: -1, atMs: noonMs }, 'cannot be -1'],
    ['from the future', { value: 0.1, atMs: noonMs + minuteMs }, 'is from the future'],
    ['stale', { value: 0.1, atMs: noonMs - 2 * minuteMs }, 'is 2 m old, more than 1 m'],
  ])('takes nothing away when a metric is %s', (_, cpuRatio, because) => {
    const observation = seen({ memoryRatio: 0.1 });
    const readings = { ...observation.readings, ...(cpuRatio === undefined ? {} : { cpuRatio }) };
    const decision = decideOn({ ...observation, readings });
    expect(decision).toMatchObject({ action: 'hold', bound: { kind: 'blind', missing: ['cpuRatio'] } });
    expect(decision.reason).toBe(`Hold api at 4: cpuRatio ${because}; nothing is taken away unseen.`);
  });

  it('says once what is missing of several metrics for the same reason', () => {
    const because = 'shop-1 told nothing: it answered 404 instead of 200 at /metrics';
    const readings = { cpuRatio: { because }, memoryRatio: { because } };
    expect(decideOn({ ...seen({}), readings }).reason).toBe(
      `Hold api at 4: cpuRatio and memoryRatio were not measured: ${because}; nothing is taken away unseen.`,
    );
  });

  it('does not trust a high value that is stale either', () => {
    const observation = seen({ memoryRatio: 0.5 });
    const readings = { ...observation.readings, cpuRatio: { value: 0.99, atMs: noonMs - 2 * minuteMs } };
    expect(decideOn({ ...observation, readings }).action).toBe('hold');
  });

  it('still keeps a group within its limits', () => {
    expect(decideOn(seen({}, { wanted: 0 }))).toMatchObject({
      action: 'scale out',
      to: 1,
      reason: 'Scale out api from 0 to 1: the minimum is 1.',
    });
    expect(decideOn(seen({}, { wanted: 14 }))).toMatchObject({ action: 'scale in', to: 10 });
  });
});

describe('decide() by hand', () => {
  it('does what was set, whatever the metrics say', () => {
    expect(
      decideOn(seen({ cpuRatio: 0.99, memoryRatio: 0.1 }), { manual: manual({ replicas: 2 }) }),
    ).toMatchObject({
      action: 'scale in',
      to: 2,
      bound: { kind: 'manual' },
      reason: 'Scale in api from 4 to 2: set by hand to 2 for another 30 m.',
    });
  });

  it('stays within a policy that has become narrower', () => {
    expect(decideOn(seen({}), { manual: manual({ replicas: 50 }) }).to).toBe(10);
  });

  it('lets the policy decide again once its time is over', () => {
    expect(decideOn(seen({ cpuRatio: 0.9 }), { manual: manual({ untilMs: noonMs }) }).to).toBe(5);
  });
});

describe('decide() for any policy and observation', () => {
  const anyRule = fc
    .record({
      metric: fc.constantFrom(...scalingMetricNames),
      high: fc.double({ min: 0.01, max: 1, noNaN: true }),
      share: fc.double({ min: 0.05, max: 0.95, noNaN: true }),
    })
    .map(({ metric, high, share }) => rule(metric, high, { scaleInBelow: high * share }));
  const anyPolicy = fc
    .record({
      min: fc.integer({ min: 1, max: 20 }),
      span: fc.integer({ min: 0, max: 50 }),
      out: fc.integer({ min: 1, max: 10 }),
      in: fc.integer({ min: 1, max: 10 }),
      rules: fc.uniqueArray(anyRule, { minLength: 1, maxLength: 5, selector: ({ metric }) => metric }),
    })
    .map(({ min, span, out, in: stepIn, rules }) =>
      policy({
        replicas: { min, max: min + span },
        scaleOut: direction({ step: out }),
        scaleIn: direction({ step: stepIn }),
        rules,
      }),
    );
  const anyCase = fc.record({
    policy: anyPolicy,
    wanted: fc.integer({ min: 0, max: 80 }),
    values: fc.array(fc.oneof(fc.double({ min: 0, max: 1.2 }), fc.constant(undefined)), {
      minLength: 8,
      maxLength: 8,
    }),
  });

  it('stays within the limits, and moves by at most a step unless it was outside', () => {
    fc.assert(
      fc.property(anyCase, ({ policy: drawn, wanted, values }) => {
        const { min, max } = drawn.replicas;
        const decision = decideOn(seen(valuesOf(values), { wanted }), {
          configuration: { ...configuration(), policy: drawn },
        });
        expect(decision.to).toBeGreaterThanOrEqual(min);
        expect(decision.to).toBeLessThanOrEqual(max);
        if (wanted < min || wanted > max) return;
        expect(decision.to - wanted).toBeLessThanOrEqual(drawn.scaleOut.step);
        expect(wanted - decision.to).toBeLessThanOrEqual(drawn.scaleIn.step);
        expect(decision.action === 'hold').toBe(decision.to === wanted);
      }),
    );
  });

  it('never takes away what makes a metric exceed its limit, if load is shared evenly', () => {
    fc.assert(
      fc.property(anyCase, ({ policy: drawn, wanted, values }) => {
        fc.pre(wanted >= drawn.replicas.min && wanted <= drawn.replicas.max);
        const decision = decideOn(seen(valuesOf(values), { wanted }), {
          configuration: { ...configuration(), policy: drawn },
        });
        fc.pre(decision.action === 'scale in');
        for (const { seen: value = Number.NaN, scaleOutAbove = Number.NaN } of decision.proposals) {
          expect((value * wanted) / decision.to).toBeLessThanOrEqual(scaleOutAbove * (1 + 1e-6));
        }
      }),
    );
  });

  it('always gives a reason that names the group and ends as a sentence', () => {
    fc.assert(
      fc.property(anyCase, ({ policy: drawn, wanted, values }) => {
        const { reason } = decideOn(seen(valuesOf(values), { wanted }), {
          configuration: { ...configuration(), policy: drawn },
        });
        expect(reason).toMatch(/^(Hold|Scale out|Scale in) api .+: .+\.$/);
        expect(reason).not.toContain('undefined');
        expect(reason).not.toContain('NaN');
      }),
    );
  });

  function valuesOf(values: readonly (number | undefined)[]): Record<string, number> {
    const known = scalingMetricNames.map((name, index) => [name, values[index]] as const);
    return Object.fromEntries(
      known.filter((entry): entry is [(typeof entry)[0], number] => entry[1] !== undefined),
    );
  }
});
