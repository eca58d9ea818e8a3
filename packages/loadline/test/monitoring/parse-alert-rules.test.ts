import fc from 'fast-check';
import { formatPath } from 'loadline/base';
import {
  alertRulePresets,
  parseAlertRules,
  parseSilence,
  quantileOf,
  targetPresets,
} from 'loadline/monitoring';
import { describe, expect, it } from 'vitest';
import { policyOf, ruleOf } from './alert-policies.ts';

/** Each problem with its place. */
function problemsOf(input: unknown): string[] {
  const parsed = parseAlertRules(input);
  return parsed.ok ? [] : parsed.problems.map(({ path, message }) => `${formatPath(path)}: ${message}`);
}

const slow = { name: 'slow', metric: 'latency_ms', above: { warning: '1s' } };

describe('parseAlertRules()', () => {
  it('fills in what a file leaves out', () => {
    expect(policyOf({ rules: [slow] })).toEqual({
      rules: [
        {
          name: 'slow',
          metric: 'latency_ms',
          of: undefined,
          match: {},
          statistic: 'value',
          windowMs: 60_000,
          direction: 'above',
          limits: [{ severity: 'warning', limit: 1000, resolveLimit: 950 }],
          unit: 'ms',
          forMs: 60_000,
          missing: 'keep',
          labels: {},
          runbook: undefined,
          summary: '{{rule}} is {{value}}, {{direction}} {{limit}}',
        },
      ],
      groupBy: ['service'],
      repeatMs: 4 * 3_600_000,
      escalateAfterMs: [],
      joinWithinMs: 1_800_000,
    });
  });

  it('takes a limit for what it is written as', () => {
    const read = (warning: unknown) => {
      const { unit, limits } = ruleOf({ above: { warning } });
      return [unit, limits[0]?.limit];
    };
    expect(read('1.5s')).toEqual(['ms', 1500]);
    expect(read('0.1%')).toEqual(['ratio', 0.001]);
    expect(read('99.9 %')).toEqual(['ratio', 0.999]);
    expect(read('512MB')).toEqual(['bytes', 512_000_000]);
    expect(read(12.5)).toEqual(['number', 12.5]);
  });

  it('resolves inside a limit also where that is below zero', () => {
    const resolveLimitOf = (said: Readonly<Record<string, unknown>>) =>
      ruleOf({ above: undefined, ...said }).limits[0]?.resolveLimit;
    expect(resolveLimitOf({ above: { warning: -10 } })).toBeCloseTo(-10.5, 10);
    expect(resolveLimitOf({ below: { warning: -10 } })).toBeCloseTo(-9.5, 10);
  });

  it('resolves a high share within the room that it has', () => {
    const { limits } = ruleOf({ below: { warning: '98%', critical: '50%' } });
    expect(limits[0]?.resolveLimit).toBeCloseTo(0.981, 10);
    expect(limits[1]?.resolveLimit).toBeCloseTo(0.525, 10);
  });

  it('lets a rule take the place of the one of a preset with its name', () => {
    const { rules } = policyOf({ use: ['foodshare', 'foodshare'], rules: [{ ...slow, name: 'throughput' }] });
    expect(rules).toHaveLength(alertRulePresets.foodshare.length);
    expect(rules.find(({ name }) => name === 'throughput')).toMatchObject({ metric: 'latency_ms' });
  });

  it('tells every problem at once', () => {
    const problems = problemsOf({
      group_by: ['9'],
      escalate_after: ['10m', '5m'],
      repeat: 4,
      ruls: [],
      rules: [
        { ...slow, for: '2 days', missing: 'allert', labels: { severity: 'high', 'a-b': 'x' } },
        {
          ...slow,
          above: { warning: '1s', critical: '500ms' },
          resolve: { warning: '2s' },
          hysteresis: '5%',
        },
        { name: '1st', metric: '', statistic: 'p999', below: {}, of: 'all' },
        {
          name: 'both',
          metric: 'm',
          statistic: 'ratio',
          above: { warning: 1, critical: '2%' },
          below: { warning: 0 },
        },
        { name: 'none', metric: 'm', runbook: 'wiki', match: { service: [] } },
      ],
    });
    expect(problems).toMatchInlineSnapshot(`
      [
        "ruls: is not known; did you mean rules?",
        "rules[0].for: must be a duration with a unit, like 250ms, 30s or 2m, got "2 days"",
        "rules[0].missing: must be one of keep, ok, alert, got "allert"; did you mean alert?",
        "rules[0].labels.severity: is a label that every alert has already",
        "rules[0].labels.a-b: must be a name of at most 64 letters, digits and _, beginning with no digit",
        "rules[1].hysteresis: goes without resolve, which says the same more exactly",
        "rules[1].above.critical: must be above the warning, 1000, got 500",
        "rules[1].resolve.warning: must not be above the limit, 1000, got 2000",
        "rules[1]: must end a critical alert no later than its warning: mend resolve",
        "rules[2].statistic: must be one of value, mean, min, max, rate, ratio, p50, p95, p99, got "p999"; did you mean p99?",
        "rules[2].name: must begin with a letter and have at most 100 letters, digits and any of _ . : -, got "1st"",
        "rules[2].metric: must not be empty",
        "rules[2].of: goes with statistic: ratio",
        "rules[2].below: must have a warning or a critical limit",
        "rules[3].of: must be a text, got nothing",
        "rules[3]: must have limits above or below, not both",
        "rules[4].match.service: must not be empty",
        "rules[4]: must have limits: above or below, with warning or critical",
        "rules[4].runbook: must be an address that begins with http:// or https://",
        "rules[1].name: is the name of an earlier rule: slow",
        "group_by[0]: must be a name of at most 64 letters, digits and _, beginning with no digit",
        "repeat: must be a duration with a unit, like 250ms, 30s or 2m, got 4",
        "escalate_after: must rise: each level hears of it later than the one before",
      ]
    `);
  });

  it.each([null, [], 'rules', {}, { rules: {} }, { rules: [null] }])('refuses %j', (input) => {
    expect(problemsOf(input)).not.toEqual([]);
  });

  it('refuses what would be too much', () => {
    const rules = Array.from({ length: 501 }, (_, at) => ({ ...slow, name: `r${at}` }));
    expect(problemsOf({ rules })).toEqual(['(root): must have at most 500 rules, got 501']);
    const labels = Object.fromEntries(Array.from({ length: 21 }, (_, at) => [`l${at}`, 'x']));
    expect(problemsOf({ rules: [{ ...slow, labels }] })).toEqual([
      'rules[0].labels: must have at most 20 labels, got 21',
    ]);
    const match = { service: Array.from({ length: 101 }, (_, at) => `s${at}`) };
    expect(problemsOf({ rules: [{ ...slow, match }] })).toEqual([
      'rules[0].match.service: must have at most 100 values, got 101',
    ]);
    const names = Array.from({ length: 11 }, (_, at) => `l${at}`);
    expect(problemsOf({ rules: [slow], group_by: names })).toEqual([
      'group_by: must have at most 10 labels, got 11',
    ]);
  });

  it('never throws, whatever it is given', () => {
    fc.assert(
      fc.property(fc.anything(), fc.anything(), (rule, whole) => {
        problemsOf(whole);
        problemsOf({ rules: [rule] });
        problemsOf({ rules: [{ ...slow, above: rule, match: whole }] });
      }),
    );
  });
});

describe('quantileOf()', () => {
  it.each([
    ['p50', 0.5],
    ['p99', 0.99],
    ['p99.9', 0.999],
    ['p99.99', 0.9999],
    ['mean', undefined],
    ['p100', undefined],
    ['p1', 0.01],
    ['p0', undefined],
    ['p0.9', undefined],
    ['p09', undefined],
  ] as const)('of %s is %j', (statistic, quantile) => {
    expect(quantileOf(statistic)).toBe(quantile);
  });
});

describe('the built-in rules', () => {
  it('are the food-sharing platform’s thresholds, each in its direction', () => {
    const shown = alertRulePresets.foodshare.map(
      ({ name, direction, limits }) => `${name} ${direction} ${limits.map(({ limit }) => limit).join(', ')}`,
    );
    expect(shown).toEqual([
      'latency-p50 above 1000, 2500',
      'latency-p95 above 1500, 2500',
      'latency-p99 above 2000, 2500',
      'errors above 0.01, 0.05',
      'throughput below 800, 500',
      'database-query-p95 above 200, 500',
      'database-connections above 0.8, 0.95',
      'cache-hits below 0.7, 0.5',
    ]);
  });

  it('never warn of a service that meets its targets, and are over only inside their limits', () => {
    for (const { direction, limit, thresholds } of targetPresets.foodshare) {
      const { warning, critical } = thresholds ?? { warning: limit, critical: limit };
      const sign = direction === 'at most' ? 1 : -1;
      expect((warning - limit) * sign).toBeGreaterThanOrEqual(0);
      expect((critical - warning) * sign).toBeGreaterThan(0);
    }
    for (const { direction, limits } of alertRulePresets.foodshare)
      for (const { limit, resolveLimit } of limits)
        expect(direction === 'above' ? limit > resolveLimit : limit < resolveLimit).toBe(true);
  });
});

describe('parseSilence()', () => {
  const by = { by: 'ada', nowMs: 1_000_000 };

  it('lasts from now, or from a time that is given', () => {
    const asked = { match: { service: 'api' }, for: '2h', why: 'moving the database' };
    expect(parseSilence(asked, by)).toEqual({
      ok: true,
      value: {
        match: { service: ['api'] },
        fromMs: 1_000_000,
        untilMs: 8_200_000,
        by: 'ada',
        why: asked.why,
      },
    });
    for (const from of [
      '1970-01-01T01:00:00Z',
      '1970-01-01T02:30:00.000+01:30',
      '1970-01-01t01:00z',
      '1970-01-01T02:00+01',
    ])
      expect(parseSilence({ ...asked, from }, by), from).toMatchObject({ value: { fromMs: 3_600_000 } });
    const leap = parseSilence(
      { ...asked, from: '2016-12-31T23:59:60Z' },
      { ...by, nowMs: Date.UTC(2017, 0) },
    );
    expect(leap).toMatchObject({ value: { fromMs: Date.UTC(2017, 0) } });
    const begun = parseSilence({ ...asked, from: '1970-01-01T00:00:00Z' }, by);
    expect(begun).toMatchObject({ value: { fromMs: 0, untilMs: 7_200_000 } });
  });

  it.each<[string, unknown]>([
    ['no match', { match: {}, for: '1h', why: 'x' }],
    ['no reason', { match: { rule: '*' }, for: '1h' }],
    ['no end', { match: { rule: '*' }, why: 'x' }],
    ['an end too far', { match: { rule: '*' }, for: '31d', why: 'x' }],
    ['a time that is none', { match: { rule: '*' }, for: '1h', why: 'x', from: 'tomorrow' }],
    ['a time without its zone', { match: { rule: '*' }, for: '1h', why: 'x', from: '2026-06-06T08:00:00' }],
    ['a time that means anything', { match: { rule: '*' }, for: '1h', why: 'x', from: '1' }],
    ['an end that is past', { match: { rule: '*' }, for: '16m', why: 'x', from: '1970-01-01T00:00:00Z' }],
    ['a reason too long', { match: { rule: '*' }, for: '1h', why: 'x'.repeat(501) }],
    ['no map', 'all'],
  ])('refuses one with %s', (_, asked) => {
    expect(parseSilence(asked, by).ok).toBe(false);
  });
});
