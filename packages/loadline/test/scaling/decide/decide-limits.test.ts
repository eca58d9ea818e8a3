import fc from 'fast-check';
import { parse, readCalendar } from 'loadline/base';
import {
  type Decision,
  decide,
  type Observation,
  parseScalingPolicy,
  type ScalingPolicy,
  type ScalingStep,
  type Standing,
} from 'loadline/scaling';
import { describe, expect, it } from 'vitest';
import { configuration, direction, minuteMs, noonMs, rule, seen, step, target } from '../policies.ts';

function decideBy(
  policy: Partial<ScalingPolicy>,
  observation: Observation,
  standing: Partial<Standing> = {},
): Decision {
  const whole = {
    replicas: { min: 1, max: 100 },
    scaleIn: direction({}),
    rules: [target('cpuRatio', 0.5)],
    ...policy,
  };
  return decide(
    { configuration: configuration(whole), manual: undefined, history: [], recommendations: [], ...standing },
    observation,
  );
}

const wanted = (...entries: (readonly [minutesAgo: number, replicas: number])[]): Partial<Standing> => ({
  recommendations: entries.map(([minutesAgo, replicas]) => ({
    atMs: noonMs - minutesAgo * minuteMs,
    replicas,
  })),
});

const done = (
  ...entries: (readonly [minutesAgo: number, from: number, to: number])[]
): Partial<Standing> => ({
  history: entries.map(([minutesAgo, from, to]) => step({ atMs: noonMs - minutesAgo * minuteMs, from, to })),
});

describe('a window', () => {
  const calm = {
    scaleOut: direction({ stabilizationMs: 2 * minuteMs }),
    scaleIn: direction({ stabilizationMs: 5 * minuteMs }),
  };

  it('makes on the way up the least change that was wanted all along', () => {
    expect(decideBy(calm, seen({ cpuRatio: 1 }), wanted([1, 6]))).toMatchObject({
      to: 6,
      recommended: 8,
      bound: { kind: 'stabilizing', windowMs: 2 * minuteMs, replicas: 6 },
    });
    expect(decideBy(calm, seen({ cpuRatio: 1 }), wanted([1, 3]))).toMatchObject({
      action: 'hold',
      reason:
        'Hold api at 4: cpuRatio is 100 %, above its target of 50 %; 3 were wanted within the last 2 m.',
    });
  });

  it('makes on the way down the least change that was wanted all along', () => {
    expect(decideBy(calm, seen({ cpuRatio: 0.1 }, { wanted: 10 }), wanted([4, 7], [2, 3]))).toMatchObject({
      to: 7,
      bound: { kind: 'stabilizing' },
    });
    expect(decideBy(calm, seen({ cpuRatio: 0.1 }, { wanted: 10 }), wanted([4, 12]))).toMatchObject({
      action: 'hold',
    });
  });

  it('looks at what was wanted when it began, however long ago that was said', () => {
    expect(decideBy(calm, seen({ cpuRatio: 0.1 }, { wanted: 10 }), wanted([60, 10])).to).toBe(10);
    expect(decideBy(calm, seen({ cpuRatio: 0.1 }, { wanted: 10 }), wanted([60, 10], [6, 2])).to).toBe(2);
  });
});

describe('a rate', () => {
  const limits = [
    { kind: 'instances', value: 4, periodMs: minuteMs },
    { kind: 'percent', value: 50, periodMs: minuteMs },
  ] as const;

  it.each([
    ['max', 1, 20, 30],
    ['min', 1, 20, 24],
    ['max', 1, 4, 8],
    ['min', 1, 4, 6],
    ['disabled', 1, 4, 4],
    ['max', 0.01, 20, 10],
    ['min', 0.01, 20, 16],
    ['disabled', 0.01, 20, 20],
  ] as const)('lets the %s of several count: at %d of %d instances %d', (select, cpuRatio, from, to) => {
    const policy = { scaleOut: direction({ limits, select }), scaleIn: direction({ limits, select }) };
    expect(decideBy(policy, seen({ cpuRatio }, { wanted: from })).to).toBe(to);
  });

  it('counts from what there was when the period began', () => {
    const policy = { scaleOut: direction({ limits: [limits[0]] }) };
    expect(decideBy(policy, seen({ cpuRatio: 1 }, { wanted: 7 }), done([0.5, 4, 7]))).toMatchObject({
      to: 8,
      bound: { kind: 'rate', replicas: 8 },
      reason:
        'Scale out api from 7 to 8: cpuRatio is 100 %, above its target of 50 %; at most 4 may change within 1 m.',
    });
    expect(decideBy(policy, seen({ cpuRatio: 1 }, { wanted: 8 }), done([0.5, 4, 8])).to).toBe(8);
    expect(decideBy(policy, seen({ cpuRatio: 1 }, { wanted: 8 }), done([1, 4, 8])).to).toBe(12);
  });

  it('also bounds the way to a lower maximum, which may be a mistake', () => {
    const policy = { replicas: { min: 1, max: 2 }, scaleIn: direction({ limits: [limits[1]] }) };
    expect(decideBy(policy, seen({ cpuRatio: 0.5 }, { wanted: 20 }))).toMatchObject({
      to: 10,
      bound: { kind: 'maximum' },
    });
    expect(decideBy({ replicas: { min: 1, max: 2 } }, seen({ cpuRatio: 0.5 }, { wanted: 20 })).to).toBe(2);
  });

  it('is never exceeded within any period, whatever is seen', () => {
    const anyCase = fc.record({
      instances: fc.integer({ min: 1, max: 8 }),
      rounds: fc.array(fc.double({ min: 0, max: 2, noNaN: true }), { minLength: 20, maxLength: 60 }),
    });
    fc.assert(
      fc.property(anyCase, ({ instances, rounds }) => {
        const limit = [{ kind: 'instances', value: instances, periodMs: minuteMs }] as const;
        const policy = { scaleOut: direction({ limits: limit }), scaleIn: direction({ limits: limit }) };
        const levels = [10, 10, 10, 10, ...play(policy, rounds)];
        for (let round = 4; round < levels.length; round++) {
          const [start, before, level] = [round - 4, round - 1, round].map((at) => levels[at] as number) as [
            number,
            number,
            number,
          ];
          if (level > before) expect(level).toBeLessThanOrEqual(start + instances);
          if (level < before) expect(level).toBeGreaterThanOrEqual(start - instances);
        }
      }),
      { numRuns: 60 },
    );
  });
});

/** How many there were after each round of 15 s, when all that is decided is done at once. */
function play(policy: Partial<ScalingPolicy>, signal: readonly number[]): number[] {
  const history: ScalingStep[] = [];
  const recommendations: { atMs: number; replicas: number }[] = [{ atMs: noonMs - 1, replicas: 10 }];
  const levels: number[] = [];
  let replicas = 10;
  for (const [round, cpuRatio] of signal.entries()) {
    const atMs = noonMs + round * 15_000;
    const decision = decideBy(policy, seen({ cpuRatio }, { wanted: replicas, atMs }), {
      history,
      recommendations,
    });
    if (decision.recommended !== undefined) recommendations.push({ atMs, replicas: decision.recommended });
    if (decision.action !== 'hold') history.push(step({ atMs, from: decision.from, to: decision.to }));
    replicas = decision.to;
    levels.push(replicas);
  }
  return levels;
}

describe('flapping', () => {
  const anyCase = fc.record({
    windowMinutes: fc.integer({ min: 1, max: 20 }),
    by: fc.constantFrom('cooldown', 'window'),
    isThreshold: fc.boolean(),
    signal: fc.array(fc.oneof(fc.constantFrom(0, 2), fc.double({ min: 0, max: 2, noNaN: true })), {
      minLength: 240,
      maxLength: 240,
    }),
  });

  it('is bounded by the window or the cooldown on the way down, under any signal', () => {
    fc.assert(
      fc.property(anyCase, ({ windowMinutes, by, isThreshold, signal }) => {
        const windowMs = windowMinutes * minuteMs;
        const scaleIn = direction(
          by === 'cooldown' ? { cooldownMs: windowMs } : { stabilizationMs: windowMs },
        );
        const rules = isThreshold
          ? [rule('cpuRatio', 0.7, { scaleOutCooldownMs: 0 })]
          : [target('cpuRatio', 0.5)];
        const levels = [10, ...play({ scaleIn, rules }, signal)];
        const directions = levels
          .slice(1)
          .map((level, index) => Math.sign(level - (levels[index] as number)))
          .filter((sign) => sign !== 0);
        const turns = directions.slice(1).filter((sign, index) => sign !== directions[index]).length;
        // A turn downwards waits for as long; each can be followed by one turn upwards.
        const turnsMax = 2 * (Math.floor((240 * 15_000) / windowMs) + 1);
        expect(turns).toBeLessThanOrEqual(turnsMax);
      }),
      { numRuns: 100 },
    );
  });
});

describe('a freeze', () => {
  const days = parse(
    {
      timeZone: 'Europe/London',
      events: [{ name: 'Saturdays in June', every: 'saturday', in: 'june', from: '06:00', to: '23:30' }],
    },
    readCalendar,
  );
  if (!days.ok) throw new Error('the calendar cannot be read');
  const when = days.value;
  const frozen = (stops: 'scale in' | 'everything') => ({
    freezes: [{ name: 'Saturdays in June', when, stops }],
  });

  it('stops what it is told to stop, and says its name', () => {
    // Noon of a Saturday in June.
    expect(decideBy(frozen('everything'), seen({ cpuRatio: 1 }))).toMatchObject({
      action: 'hold',
      bound: { kind: 'frozen', name: 'Saturdays in June' },
    });
    expect(decideBy(frozen('scale in'), seen({ cpuRatio: 1 })).to).toBe(8);
    expect(decideBy(frozen('scale in'), seen({ cpuRatio: 0.1 }))).toMatchObject({
      action: 'hold',
      reason: 'Hold api at 4: cpuRatio is 10 %, below its target of 50 %; frozen by Saturdays in June.',
    });
  });

  it('ends on time, by the clocks of its place', () => {
    const atEnd = Date.UTC(2026, 5, 6, 22, 30);
    expect(decideBy(frozen('everything'), seen({ cpuRatio: 1 }, { atMs: atEnd - 1 })).to).toBe(4);
    expect(decideBy(frozen('everything'), seen({ cpuRatio: 1 }, { atMs: atEnd })).to).toBe(8);
  });

  it('still lets nobody fall below the minimum', () => {
    expect(
      decideBy({ ...frozen('everything'), replicas: { min: 6, max: 10 } }, seen({ cpuRatio: 0.5 })).to,
    ).toBe(6);
  });
});

describe('a cost limit', () => {
  const price = { pricePerInstanceHour: 0.5, perHourMax: 3, instanceHoursPerDayMax: undefined };
  const hours = { pricePerInstanceHour: undefined, perHourMax: undefined, instanceHoursPerDayMax: 100 };

  it('caps growth by what an hour may cost', () => {
    expect(decideBy({ cost: price }, seen({ cpuRatio: 1 }))).toMatchObject({
      to: 6,
      bound: { kind: 'cost', replicas: 6 },
      reason:
        'Scale out api from 4 to 6: cpuRatio is 100 %, above its target of 50 %; the cost limit of 3 an hour allows 6.',
    });
  });

  it('takes nothing away that is there', () => {
    expect(decideBy({ cost: price }, seen({ cpuRatio: 1 }, { wanted: 20 })).to).toBe(20);
  });

  it('stops growth when the hours of a day are used up', () => {
    // 4 instances for 24 hours are 96; with two more for two hours they are 100.
    expect(decideBy({ cost: hours }, seen({ cpuRatio: 1 })).to).toBe(8);
    expect(decideBy({ cost: hours }, seen({ cpuRatio: 1 }, { wanted: 6 }), done([119, 4, 6])).to).toBe(12);
    expect(decideBy({ cost: hours }, seen({ cpuRatio: 1 }, { wanted: 6 }), done([120, 4, 6]))).toMatchObject({
      to: 6,
      bound: { kind: 'cost', limit: '100 instance hours in 24 h' },
    });
    expect(decideBy({ cost: hours }, seen({ cpuRatio: 0.1 }, { wanted: 6 }), done([120, 4, 6])).to).toBe(2);
  });
});

describe('a metric that is missing', () => {
  const two = (whenMissing: 'hold' | 'ignore' | 'assume low' | 'assume high') => ({
    rules: [rule('cpuRatio', 0.7), rule('queueDepth', 100, { whenMissing })],
  });

  it.each([
    ['hold', 4],
    ['ignore', 3],
    ['assume low', 3],
    ['assume high', 5],
  ] as const)('means to %s where the policy says so', (whenMissing, to) => {
    expect(decideBy(two(whenMissing), seen({ cpuRatio: 0.1 })).to).toBe(to);
  });

  it('says what it was taken for', () => {
    expect(decideBy(two('assume high'), seen({ cpuRatio: 0.5 })).reason).toBe(
      'Scale out api from 4 to 5: queueDepth was not measured, and is taken for high.',
    );
  });

  it('holds also for a forecast, where its policy says that instead of going on without one', () => {
    const read = (whenMissing: object): ScalingPolicy['rules'] => {
      const parsed = parseScalingPolicy({
        replicas: { min: 1, max: 10 },
        metrics: { cpuRatio: { target: 0.5 } },
        forecast: { ratePerSecond: { target: 50, ...whenMissing } },
      });
      return parsed.ok ? parsed.value.rules : [];
    };
    expect(decideBy({ rules: read({}) }, seen({ cpuRatio: 0.1 })).to).toBe(1);
    expect(decideBy({ rules: read({ whenMissing: 'hold' }) }, seen({ cpuRatio: 0.1 }))).toMatchObject({
      to: 4,
      bound: { kind: 'blind', missing: ['ratePerSecond'] },
    });
  });

  it('never takes anything away where all that is left is ignored', () => {
    const policy = { rules: [rule('cpuRatio', 0.7, { whenMissing: 'ignore' })] };
    expect(decideBy(policy, seen({})).action).toBe('hold');
  });
});

describe('a step that would not fit', () => {
  it('is told only where it is what keeps the step small', () => {
    const both = { rules: [rule('cpuRatio', 0.7), target('queueDepth', 10, { isPerReplica: true })] };
    const policy = { ...both, scaleIn: direction({ step: 4 }) };
    // By the threshold three of five would do, by the target four are needed.
    expect(decideBy(policy, seen({ cpuRatio: 0.4, queueDepth: 40 }, { wanted: 5 }))).toMatchObject({
      to: 4,
      bound: undefined,
    });
    expect(decideBy(policy, seen({ cpuRatio: 0.4, queueDepth: 20 }, { wanted: 5 }))).toMatchObject({
      to: 3,
      bound: { kind: 'would not fit', metric: 'cpuRatio' },
    });
  });
});

describe('how sure a decision is', () => {
  const sureOf = (policy: Partial<ScalingPolicy>, observation: Observation): number =>
    decideBy(policy, observation).sure;

  it('is less with older values, with fewer of them, and near a limit', () => {
    const fresh = sureOf({}, seen({ cpuRatio: 1 }));
    expect(fresh).toBe(1);
    const old = { ...seen({}), readings: { cpuRatio: { value: 1, atMs: noonMs - 50_000 } } };
    expect(sureOf({}, old)).toBeLessThan(fresh);
    expect(sureOf({}, seen({ cpuRatio: 0.56 }))).toBeLessThan(fresh);
    const both = { rules: [target('cpuRatio', 0.5), rule('queueDepth', 100, { whenMissing: 'ignore' })] };
    expect(sureOf(both, seen({ cpuRatio: 1 }))).toBe(0.5);
    expect(sureOf({}, seen({}))).toBe(0);
    // What the limits alone ask for hangs on no value.
    expect(sureOf({ replicas: { min: 6, max: 10 } }, seen({}))).toBe(1);
  });
});

describe('rules that are switched off', () => {
  it('take no part, and where none is left nothing is changed', () => {
    const rules = [target('cpuRatio', 0.5), rule('queueDepth', 100)];
    const takesPart: Standing['takesPart'] = ({ kind }) => kind === 'target';
    expect(decideBy({ rules }, seen({ cpuRatio: 0.1 }), { takesPart })).toMatchObject({
      to: 1,
      proposals: [{ metric: 'cpuRatio' }],
    });
    expect(decideBy({ rules }, seen({ cpuRatio: 0.1 }), { takesPart: () => false }).action).toBe('hold');
  });
});
