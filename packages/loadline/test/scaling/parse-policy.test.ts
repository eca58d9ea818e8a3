import fc from 'fast-check';
import { formatPath } from 'loadline/base';
import {
  decide,
  parseScalingPolicy,
  type Recommendation,
  type ScalingConfiguration,
  scalingMetricNames,
  scalingPresets,
  type ThresholdRule,
  upgradeConfiguration,
  writeScalingPolicy,
} from 'loadline/scaling';
import { describe, expect, it } from 'vitest';

const written = {
  replicas: { min: 2, max: 20 },
  scaleOut: { step: 2 },
  scaleIn: { step: 1, cooldown: '10m' },
  metrics: { cpuRatio: { scaleOutAbove: 0.7, scaleOutCooldown: '5m' }, queueDepth: { scaleOutAbove: 100 } },
};

function problemsOf(input: unknown): string[] {
  const parsed = parseScalingPolicy(input);
  return parsed.ok ? [] : parsed.problems.map(({ path, message }) => `${formatPath(path)} ${message}`);
}

describe('parseScalingPolicy()', () => {
  it('completes what was left out', () => {
    const parsed = parseScalingPolicy(written);
    expect(parsed).toEqual({
      ok: true,
      value: {
        format: 2,
        mode: 'active',
        replicas: { min: 2, max: 20 },
        scaleOut: { step: 2, cooldownMs: 0, stabilizationMs: 0, limits: [], select: 'max' },
        scaleIn: { step: 1, cooldownMs: 600_000, stabilizationMs: 0, limits: [], select: 'max' },
        rules: [
          {
            kind: 'threshold',
            metric: 'cpuRatio',
            of: 'per replica',
            merge: 'mean',
            whenMissing: 'hold',
            scaleOutAbove: 0.7,
            scaleInBelow: 0.42,
            scaleOutCooldownMs: 300_000,
            scaleInCooldownMs: 0,
          },
          {
            kind: 'threshold',
            metric: 'queueDepth',
            of: 'of the group',
            merge: 'sum',
            whenMissing: 'hold',
            scaleOutAbove: 100,
            scaleInBelow: 60,
            scaleOutCooldownMs: 180_000,
            scaleInCooldownMs: 0,
          },
        ],
        staleAfterMs: 60_000,
        freezes: [],
        cost: {},
      },
    });
  });

  it('reads targets, sizing, forecasts and days that are unlike others', () => {
    const parsed = parseScalingPolicy({
      format: 2,
      mode: 'dry run',
      replicas: { min: 2, max: 20 },
      scaleOut: {
        stabilization: '30s',
        limits: [
          { instances: 4, within: '15s' },
          { percent: 50, within: '1m' },
        ],
        select: 'min',
        tolerance: 0.05,
      },
      metrics: {
        cpuRatio: { target: 0.6, scaleInTolerance: 0.2 },
        queueDepth: { target: 30, per: 'replica', whenMissing: 'ignore' },
        'custom:orders_waiting': { of: 'replica', merge: 'max', target: 5 },
      },
      sizing: { latency: '200ms', service: '20ms', concurrency: 8 },
      forecast: { ratePerSecond: { target: 50, lead: '2m' } },
      calendar: {
        timeZone: 'Europe/London',
        events: [{ name: 'Saturdays in June', every: 'saturday', in: 'june', from: '06:00', to: '23:30' }],
        floors: { 'Saturdays in June': { replicas: 10, lead: '2h' } },
        freezes: { 'Saturdays in June': 'scale in' },
      },
      cost: { pricePerInstanceHour: 0.1, perHourMax: 1.5 },
    });
    expect(parsed).toMatchObject({
      ok: true,
      value: {
        mode: 'dry run',
        scaleOut: {
          stabilizationMs: 30_000,
          limits: [
            { kind: 'instances', value: 4, periodMs: 15_000 },
            { kind: 'percent', value: 50, periodMs: 60_000 },
          ],
          select: 'min',
        },
        rules: [
          {
            kind: 'target',
            target: 0.6,
            scaleOutTolerance: 0.05,
            scaleInTolerance: 0.2,
            scaleOutCooldownMs: 0,
          },
          { kind: 'target', isPerReplica: true, whenMissing: 'ignore', of: 'of the group' },
          { kind: 'target', metric: 'custom:orders_waiting', of: 'per replica', merge: 'max' },
          {
            kind: 'sizing',
            metric: 'ratePerSecond',
            latencyMs: 200,
            quantile: 0.95,
            concurrency: 8,
            serviceMs: 20,
          },
          { kind: 'forecast', target: 50, leadMs: 120_000, whenMissing: 'ignore' },
          { kind: 'calendar', floors: [{ name: 'Saturdays in June', replicas: 10, leadMs: 7_200_000 }] },
        ],
        freezes: [{ name: 'Saturdays in June', stops: 'scale in', when: { timeZone: 'Europe/London' } }],
        cost: { pricePerInstanceHour: 0.1, perHourMax: 1.5 },
      },
    });
  });

  it('tells every problem at once, each with its place', () => {
    const problems = problemsOf({
      replicas: { min: 9, max: 3 },
      scaleOut: { step: 0 },
      scaleIn: { cooldown: 10 },
      metrics: {
        cpuRatoi: { scaleOutAbove: 70 },
        memoryRatio: { scaleOutAbove: 0.5, scaleInBelow: 0.6 },
        latencyMsP95: {},
      },
      coolDown: '3m',
    });
    expect(problems).toEqual(
      expect.arrayContaining([
        expect.stringContaining('coolDown is not known'),
        expect.stringContaining('replicas.min must be at most max, got 9 above 3'),
        expect.stringContaining('scaleOut.step must be a whole number at least 1'),
        expect.stringContaining('scaleIn.cooldown must be a duration with a unit'),
        expect.stringContaining('did you mean cpuRatio?'),
        expect.stringContaining('metrics.memoryRatio.scaleInBelow must be below scaleOutAbove'),
        expect.stringContaining('metrics.latencyMsP95.scaleOutAbove must be a number above 0, got nothing'),
      ]),
    );
    expect(problems).toHaveLength(7);
  });

  it.each([
    ['a minimum above the maximum', { ...written, replicas: { min: 5, max: 4 } }, 'replicas.min'],
    ['a minimum of none', { ...written, replicas: { min: 0, max: 4 } }, 'replicas.min'],
    ['a step of none', { ...written, scaleIn: { step: 0 } }, 'scaleIn.step'],
    ['a step beyond the whole span', { ...written, scaleOut: { step: 19 } }, 'scaleOut.step'],
    [
      'a ratio that was meant as percent',
      { ...written, metrics: { cpuRatio: { scaleOutAbove: 70 } } },
      'at most 1',
    ],
    ['limits that would flap', { ...written, scaleIn: { below: 1 } }, 'take away at once'],
    ['no metric', { ...written, metrics: {} }, 'at least one metric'],
    ['an interval that nobody could follow', { ...written, interval: '10ms' }, 'interval must be longer'],
    ['a format that is not known yet', { ...written, format: 3 }, 'must be at most 2, the newest'],
    [
      'both limits and a target of one metric',
      { ...written, metrics: { cpuRatio: { target: 0.5, scaleOutAbove: 0.7 } } },
      'scaleOutAbove is not known',
    ],
    [
      'a target of one instance where the metric is that already',
      { ...written, metrics: { cpuRatio: { target: 0.5, per: 'replica' } } },
      'is not needed',
    ],
    [
      'a custom metric whose name could not be one',
      { ...written, metrics: { 'custom:a b': { target: 5 } } },
      'must name it by',
    ],
    [
      'how a known metric is made',
      { ...written, metrics: { cpuRatio: { target: 0.5, merge: 'sum' } } },
      'is for custom metrics only',
    ],
    [
      'a limit of two kinds',
      { ...written, scaleOut: { limits: [{ instances: 1, percent: 5, within: '1m' }] } },
      'just one of',
    ],
    ['a limit of none', { ...written, scaleOut: { limits: [{ instances: 0, within: '1m' }] } }, 'at least 1'],
    [
      'a window beyond what is remembered',
      { ...written, scaleIn: { stabilization: '2h' } },
      'must be at most',
    ],
    [
      'how a metric of sizing is made',
      { ...written, sizing: { latency: '100ms', merge: 'max' } },
      'sizing.merge is not known',
    ],
    [
      'of whom a metric of sizing is',
      { ...written, sizing: { latency: '100ms', of: 'group' } },
      'sizing.of is not known',
    ],
    [
      'a response time shorter than the work',
      { ...written, sizing: { latency: '10ms', service: '20ms' } },
      'must be shorter than latency',
    ],
    [
      'a forecast alone',
      { replicas: written.replicas, forecast: { ratePerSecond: { target: 5 } } },
      'at least one metric',
    ],
    [
      'a floor above the maximum',
      {
        ...written,
        calendar: { events: [{ name: 'a', on: '2027-01-01' }], floors: { a: { replicas: 30 } } },
      },
      'at most the maximum',
    ],
    [
      'a floor on a day that is not there',
      { ...written, calendar: { events: [], floors: { a: { replicas: 3 } } } },
      'the name of one of the events',
    ],
    [
      'a day that means nothing',
      { ...written, calendar: { events: [{ name: 'a', on: '2027-01-01' }] } },
      'means nothing here',
    ],
    [
      'a cost that does not pay for the minimum',
      { ...written, cost: { pricePerInstanceHour: 1, perHourMax: 1.5 } },
      'must pay for the minimum',
    ],
    [
      'hours that the minimum uses up',
      { ...written, cost: { instanceHoursPerDayMax: 47 } },
      'must be at least 48',
    ],
    ['a cost without a price', { ...written, cost: { perHourMax: 5 } }, 'needs pricePerInstanceHour'],
    ['nothing at all', undefined, 'must be a map'],
  ])('refuses %s', (_, input, said) => {
    expect(problemsOf(input).join('\n')).toContain(said);
  });

  it('refuses any junk without throwing', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (junk) => {
        expect(parseScalingPolicy(junk).ok).toBe(false);
      }),
    );
  });
});

describe('writeScalingPolicy()', () => {
  const duration = fc.integer({ min: 1, max: 3_600_000 }).map((durationMs) => `${durationMs}ms`);
  const positive = fc.integer({ min: 1, max: 9999 });
  const manners = {
    whenMissing: fc.constantFrom('hold', 'ignore', 'assume low', 'assume high'),
    scaleOutCooldown: duration,
    scaleInCooldown: duration,
  };
  const anyThreshold = fc
    .record({ high: positive, share: fc.double({ min: 0.1, max: 0.9, noNaN: true }), ...manners })
    .map(({ high, share, ...rest }) => ({
      scaleOutAbove: high / 10_000,
      scaleInBelow: (share * high) / 10_000,
      ...rest,
    }));
  const anyTarget = fc.record(
    {
      target: positive.map((value) => value / 10_000),
      scaleOutTolerance: fc.double({ min: 0, max: 1, noNaN: true }),
      scaleInTolerance: fc.double({ min: 0, max: 0.9, noNaN: true }),
      ...manners,
    },
    { requiredKeys: ['target'] },
  );
  const anyMetrics = fc
    .uniqueArray(
      fc.tuple(
        fc.constantFrom(...scalingMetricNames, 'custom:orders', 'custom:a.b'),
        fc.oneof(anyThreshold, anyTarget),
      ),
      { minLength: 1, maxLength: 6, selector: ([name]) => name },
    )
    .map((entries) => Object.fromEntries(entries));
  const anyDirection = fc.record(
    {
      step: fc.integer({ min: 1, max: 10 }),
      cooldown: duration,
      stabilization: duration,
      limits: fc.array(
        fc.oneof(
          fc.record({ instances: fc.integer({ min: 1, max: 20 }), within: duration }),
          fc.record({ percent: fc.integer({ min: 1, max: 200 }), within: duration }),
        ),
        { maxLength: 4 },
      ),
      select: fc.constantFrom('max', 'min', 'disabled'),
    },
    { requiredKeys: [] },
  );
  const anyEvent = fc.constantFrom(
    { name: 'one', every: 'saturday', in: ['june', 'july'], from: '06:00', to: '23:30' },
    { name: 'one', every: 'last monday', in: 'may' },
    { name: 'one', every: 'day', from: '22:00', to: '06:00' },
    { name: 'one', between: ['12-24', '12-26'] },
    { name: 'one', easter: -2 },
    { name: 'one', on: '2027-03-01', to: '24:00', from: '12:15' },
  );
  const anyCalendar = fc
    .record({ timeZone: fc.constantFrom('UTC', 'Europe/London'), event: anyEvent, lead: duration })
    .map(({ timeZone, event, lead }) => ({
      timeZone,
      events: [event],
      floors: { one: { replicas: 5, lead } },
      freezes: { one: 'everything' },
    }));
  const anyWritten = fc.record(
    {
      replicas: fc.constant({ min: 2, max: 40 }),
      metrics: anyMetrics,
      format: fc.constantFrom(1, 2),
      interval: fc.integer({ min: 100, max: 60_000 }).map((durationMs) => `${durationMs}ms`),
      mode: fc.constantFrom('active', 'dry run', 'paused'),
      scaleOut: anyDirection,
      scaleIn: anyDirection,
      sizing: fc.constantFrom(
        { latency: '200ms' },
        { latency: '1s', service: '20ms', metric: 'messagesPerSecond', whenMissing: 'ignore' },
      ),
      forecast: fc.constantFrom(
        { ratePerSecond: { target: 5 } },
        { 'custom:orders': { target: 5, lead: '90s', of: 'group', merge: 'max' } },
      ),
      calendar: anyCalendar,
      staleAfter: duration,
      cost: fc.constantFrom({ instanceHoursPerDayMax: 500 }, { pricePerInstanceHour: 0.25, perHourMax: 5 }),
    },
    { requiredKeys: ['replicas', 'metrics'] },
  );

  it('writes what is read as the same policy', () => {
    fc.assert(
      fc.property(anyWritten, (input) => {
        const parsed = parseScalingPolicy(input);
        expect(parsed).toMatchObject({ ok: true });
        if (!parsed.ok) return;
        const text = JSON.stringify(writeScalingPolicy(parsed.value));
        expect(parseScalingPolicy(JSON.parse(text))).toEqual(parsed);
      }),
    );
  });

  it('gives a policy that is kept as JSON and comes back the same', () => {
    fc.assert(
      fc.property(anyWritten, (input) => {
        const parsed = parseScalingPolicy(input);
        if (!parsed.ok) return;
        const kept = { group: 'api', version: 1, policy: parsed.value, changedBy: 'ada', changedAtMs: 0 };
        expect(upgradeConfiguration(JSON.parse(JSON.stringify(kept)))).toEqual(kept);
      }),
    );
  });
});

describe('upgradeConfiguration()', () => {
  const first = {
    replicas: { min: 1, max: 10 },
    scaleOut: { step: 2 },
    scaleIn: { step: 1, cooldownMs: 900_000 },
    rules: [
      {
        metric: 'cpuRatio',
        scaleOutAbove: 0.7,
        scaleInBelow: 0.42,
        scaleOutCooldownMs: 300_000,
        scaleInCooldownMs: 0,
      },
    ],
    staleAfterMs: 60_000,
  };
  const kept = (policy: object) =>
    ({
      group: 'api',
      version: 4,
      policy,
      changedBy: 'ada',
      changedAtMs: 7,
    }) as unknown as ScalingConfiguration;

  it('reads what was kept before there was a second format as the policy that it was', () => {
    const same = parseScalingPolicy({
      replicas: { min: 1, max: 10 },
      scaleOut: { step: 2 },
      scaleIn: { step: 1, cooldown: '15m' },
      metrics: { cpuRatio: { scaleOutAbove: 0.7, scaleOutCooldown: '5m' } },
    });
    expect(upgradeConfiguration(kept(first))).toEqual({ ...kept({}), policy: same.ok && same.value });
  });

  it('knows what it does not know', () => {
    expect(upgradeConfiguration(kept({ ...first, format: 3 }))).toBeUndefined();
  });
});

describe('scalingPresets', () => {
  const groups = Object.entries(scalingPresets.foodshare);
  const all = Object.entries(scalingPresets).flatMap(([set, members]) =>
    Object.entries(members).map(([name, policy]) => [`${set}/${name}`, policy] as const),
  );

  it.each(all)('has a policy for %s that can be read', (_, policy) => {
    expect(parseScalingPolicy(writeScalingPolicy(policy))).toEqual({ ok: true, value: policy });
  });

  it("has the food-sharing platform's sizes, steps and cooldowns", () => {
    expect(
      groups.map(([name, { replicas, scaleOut, scaleIn }]) => [
        name,
        replicas,
        scaleOut.step,
        scaleIn.step,
        scaleIn.cooldownMs / 60_000,
      ]),
    ).toEqual([
      ['bot_instances', { min: 2, max: 20 }, 2, 1, 10],
      ['api_servers', { min: 1, max: 10 }, 1, 1, 15],
      ['database_read_replicas', { min: 1, max: 5 }, 1, 1, 30],
    ]);
  });

  it("has the guide's limits as rules and as the object itself", () => {
    const { api_service, horizontal_pod_autoscaler } = scalingPresets.guide;
    expect(api_service).toMatchObject({
      replicas: { min: 3, max: 20 },
      scaleOut: { stabilizationMs: 60_000, limits: [{ kind: 'percent', value: 50, periodMs: 60_000 }] },
      scaleIn: { stabilizationMs: 300_000, limits: [{ kind: 'percent', value: 25, periodMs: 60_000 }] },
      rules: [
        { metric: 'cpuRatio', target: 0.7 },
        { metric: 'memoryRatio', target: 0.8 },
      ],
    });
    expect(horizontal_pod_autoscaler.hpa).toMatchObject({ minReplicas: 3, maxReplicas: 20 });
  });

  it("has the guide's thresholds, which have to be exceeded for five minutes", () => {
    const { scaling_metrics: policy } = scalingPresets.guide;
    const configuration = { group: 'api', version: 1, policy, changedBy: 'ada', changedAtMs: 0 };
    const reading = (value: number, atMs: number) => ({ value, atMs });
    const recommendations: Recommendation[] = [];
    const asked: number[] = [];
    for (let atMs = 0; atMs <= 600_000; atMs += 15_000) {
      const [cpu, ms] = [atMs < 60_000 ? 0.65 : 0.75, 150];
      const { recommended, to } = decide(
        { configuration, manual: undefined, history: [], recommendations },
        {
          ...{ atMs, wanted: 4, ready: 4, starting: 0, stopping: 0 },
          readings: {
            cpuRatio: reading(cpu, atMs),
            memoryRatio: reading(0.6, atMs),
            latencyMsP95: reading(ms, atMs),
          },
        },
      );
      recommendations.push({ atMs, replicas: recommended ?? 4 });
      if (to > 4) asked.push(atMs);
    }
    // The last value below was that of 45 s.
    expect(asked[0]).toBe(60_000 + 300_000);
  });

  it("has the wedding platform's fleet, and takes nothing from it on Saturdays in June", () => {
    const { replicas, rules, freezes } = scalingPresets.wedding.app_servers;
    expect(replicas).toEqual({ min: 3, max: 50 });
    expect(rules).toMatchObject([{}, {}, { metric: 'latencyMsP95', scaleOutAbove: 1000 }]);
    expect(freezes).toMatchObject([{ name: 'Saturdays in June', stops: 'scale in' }]);
  });

  it('looks at fast services every second, and lets them grow without waiting', () => {
    const { intervalMs, scaleOut, rules } = scalingPresets.fast.service;
    expect([intervalMs, scaleOut.cooldownMs, scaleOut.stabilizationMs]).toEqual([1000, 0, 0]);
    expect(rules).toMatchObject([{ scaleOutCooldownMs: 0 }, { scaleOutCooldownMs: 0 }]);
  });

  it('has its five thresholds with their cooldowns, in our units', () => {
    const rules = scalingPresets.foodshare.bot_instances.rules as readonly ThresholdRule[];
    expect(
      rules.map(({ metric, scaleOutAbove, scaleOutCooldownMs }) => [
        metric,
        scaleOutAbove,
        scaleOutCooldownMs / 1000,
      ]),
    ).toEqual([
      ['cpuRatio', 0.7, 300],
      ['memoryRatio', 0.8, 300],
      ['latencyMsP95', 2000, 180],
      ['connections', 1000, 240],
      ['queueDepth', 100, 120],
    ]);
    for (const { scaleOutAbove, scaleInBelow } of rules)
      expect(scaleInBelow).toBeCloseTo(0.6 * scaleOutAbove);
  });
});
