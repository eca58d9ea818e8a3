import fc from 'fast-check';
import { formatPath } from 'loadline/base';
import {
  parseScalingPolicy,
  scalingMetricNames,
  scalingMetrics,
  scalingPresets,
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
        replicas: { min: 2, max: 20 },
        scaleOut: { step: 2 },
        scaleIn: { step: 1, cooldownMs: 600_000 },
        rules: [
          {
            metric: 'cpuRatio',
            scaleOutAbove: 0.7,
            scaleInBelow: 0.42,
            scaleOutCooldownMs: 300_000,
            scaleInCooldownMs: 0,
          },
          {
            metric: 'queueDepth',
            scaleOutAbove: 100,
            scaleInBelow: 60,
            scaleOutCooldownMs: 180_000,
            scaleInCooldownMs: 0,
          },
        ],
        staleAfterMs: 60_000,
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
  it('writes what is read as the same policy', () => {
    const above0 = fc.integer({ min: 2, max: 10_000 });
    const anyPolicy = fc
      .record({
        min: fc.integer({ min: 1, max: 100 }),
        span: fc.integer({ min: 1, max: 100 }),
        cooldownMs: fc.integer({ min: 0, max: 86_400_000 }),
        metrics: fc.uniqueArray(fc.constantFrom(...scalingMetricNames), { minLength: 1 }),
        high: above0,
        staleAfterMs: fc.integer({ min: 1, max: 86_400_000 }),
      })
      .map(({ min, span, cooldownMs, metrics, high, staleAfterMs }) => ({
        replicas: { min, max: min + span },
        scaleOut: { step: span },
        scaleIn: { step: 1, cooldownMs },
        rules: metrics.map((metric) => {
          const scaleOutAbove = scalingMetrics[metric].unit === 'ratio' ? high / 10_000 : high;
          return {
            metric,
            scaleOutAbove,
            scaleInBelow: scaleOutAbove / 2,
            scaleOutCooldownMs: cooldownMs,
            scaleInCooldownMs: 1500,
          };
        }),
        staleAfterMs,
      }));
    fc.assert(
      fc.property(anyPolicy, (policy) => {
        expect(parseScalingPolicy(writeScalingPolicy(policy))).toEqual({ ok: true, value: policy });
      }),
    );
  });
});

describe('scalingPresets', () => {
  const groups = Object.entries(scalingPresets.foodshare);

  it.each(groups)('has a policy for %s that can be read', (_, policy) => {
    expect(parseScalingPolicy(writeScalingPolicy(policy))).toEqual({ ok: true, value: policy });
  });

  it("has the food-sharing platform's sizes, steps and cooldowns", () => {
    expect(
      groups.map(([name, { replicas, scaleOut, scaleIn }]) => [name, replicas, scaleOut.step, scaleIn]),
    ).toEqual([
      ['bot_instances', { min: 2, max: 20 }, 2, { step: 1, cooldownMs: 600_000 }],
      ['api_servers', { min: 1, max: 10 }, 1, { step: 1, cooldownMs: 900_000 }],
      ['database_read_replicas', { min: 1, max: 5 }, 1, { step: 1, cooldownMs: 1_800_000 }],
    ]);
  });

  it('has its five thresholds with their cooldowns, in our units', () => {
    const { rules } = scalingPresets.foodshare.bot_instances;
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
