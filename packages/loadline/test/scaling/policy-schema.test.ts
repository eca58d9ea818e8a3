import { readFileSync } from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';
import fc from 'fast-check';
import { parseScalingPolicy, scalingPresets, writeScalingPolicy } from 'loadline/scaling';
import { describe, expect, it } from 'vitest';
import { parse as parseYaml } from 'yaml';
import { policyKeys } from '../../src/scaling/policy/policy-keys.ts';
import { root } from '../checkout.ts';

interface Shape {
  readonly properties: Readonly<Record<string, { readonly description?: string }>>;
}

const schema = JSON.parse(
  readFileSync(new URL('../../schemas/scaling-policy.schema.json', import.meta.url), 'utf8'),
) as { readonly $defs: Readonly<Record<keyof typeof policyKeys, Shape>> };
const accepts = new Ajv2020({ allErrors: true, strict: false }).compile(schema);
const reference = readFileSync(`${root}docs/reference/scaling.md`, 'utf8');
const places = Object.keys(policyKeys) as readonly (keyof typeof policyKeys)[];

const replicas = { min: 2, max: 20 };
const metrics = { cpuRatio: { target: 0.6 } };
const calendar = (event: object, further: object = { freezes: { a: 'everything' } }) => ({
  replicas,
  metrics,
  calendar: { events: [{ name: 'a', ...event }], ...further },
});
const object = {
  apiVersion: 'autoscaling/v2',
  kind: 'HorizontalPodAutoscaler',
  metadata: { name: 'api' },
  spec: { scaleTargetRef: { kind: 'Deployment', name: 'api' }, maxReplicas: 3 },
};

const accepted: readonly unknown[] = [
  { replicas, metrics },
  { format: 1, mode: 'dry run', interval: '1s', staleAfter: '15s', replicas, metrics },
  { replicas, metrics: { 'custom:carts': { of: 'replica', merge: 'max', target: 4, per: 'group' } } },
  { replicas, metrics: { queueDepth: { target: 100, per: 'replica', whenMissing: 'assume high' } } },
  { replicas, metrics: { latencyMsP95: { scaleOutAbove: 500, scaleInBelow: 100, scaleOutCooldown: 0 } } },
  {
    replicas,
    scaleOut: { step: 2, cooldown: '1m', stabilization: '30s', tolerance: 0.2, select: 'min' },
    scaleIn: {
      below: 0.5,
      limits: [
        { instances: 2, within: '1m' },
        { percent: 50, within: '15s' },
      ],
    },
    metrics,
  },
  { replicas, sizing: { latency: '200ms', concurrency: 8, service: '20ms', quantile: 0.99, headroom: 0.2 } },
  { replicas, metrics, forecast: { ratePerSecond: { target: 50, quantile: 0.9, lead: '5m', margin: 0 } } },
  { replicas, metrics, cost: { pricePerInstanceHour: 0.1, perHourMax: 1.5, instanceHoursPerDayMax: 100 } },
  calendar({ every: 'saturday', in: ['june', 'July'], from: '6:00', to: '24:00' }),
  calendar({ every: 'Last Monday', in: 'may' }, { floors: { a: { replicas: 10, lead: '2h' } } }),
  calendar({ between: ['12-24', '12-26'] }),
  calendar({ easter: -2 }),
  calendar({ on: '2027-03-01' }),
  object,
];

const refused: readonly unknown[] = [
  [],
  {},
  { replicas },
  { replicas, metrics: {} },
  { metrics },
  { replicas, metrics, surprise: 1 },
  { replicas: { min: 0, max: 3 }, metrics },
  { replicas: { min: 1, max: 20_000 }, metrics },
  { replicas: { min: 1.5, max: 2 }, metrics },
  { format: 3, replicas, metrics },
  { mode: 'off', replicas, metrics },
  { interval: 5, replicas, metrics },
  { interval: '5', replicas, metrics },
  { replicas, metrics: { cpu: { target: 0.6 } } },
  { replicas, metrics: { 'custom:1': { target: 1 } } },
  { replicas, metrics: { cpuRatio: { target: 60 } } },
  { replicas, metrics: { cpuRatio: { scaleOutAbove: 70 } } },
  { replicas, metrics: { cpuRatio: {} } },
  { replicas, metrics: { cpuRatio: { target: 0.6, scaleOutAbove: 0.7 } } },
  { replicas, metrics: { cpuRatio: { target: 0 } } },
  { replicas, metrics: { cpuRatio: { target: 0.6, of: 'group' } } },
  { replicas, metrics: { cpuRatio: { target: 0.6, whenMissing: 'guess' } } },
  { replicas, metrics, scaleOut: { below: 0.6 } },
  { replicas, metrics, scaleOut: { step: 0 } },
  { replicas, metrics, scaleIn: { below: 0 } },
  { replicas, metrics, scaleIn: { tolerance: 1 } },
  { replicas, metrics, scaleIn: { limits: [{ within: '1m' }] } },
  { replicas, metrics, scaleIn: { limits: [{ instances: 1, percent: 5, within: '1m' }] } },
  { replicas, metrics, scaleIn: { limits: Array(11).fill({ instances: 1, within: '1m' }) } },
  { replicas, sizing: {} },
  { replicas, sizing: { latency: '200ms', metric: 'cpuRatio' } },
  { replicas, sizing: { latency: '200ms', quantile: 1 } },
  { replicas, sizing: { latency: '200ms', merge: 'max' } },
  { replicas, metrics, forecast: { cpuRatio: { target: 2 } } },
  { replicas, metrics, cost: { perHourMax: 1 } },
  { replicas, metrics, cost: { instanceHoursPerDayMax: 0 } },
  calendar({}),
  calendar({ every: 'saturday', on: '12-24' }),
  calendar({ on: '12-24', in: 'june' }),
  calendar({ every: 'caturday' }),
  calendar({ every: 'sixth monday' }),
  calendar({ every: 'day', in: 'brumaire' }),
  calendar({ on: '13-01' }),
  calendar({ between: ['12-24'] }),
  calendar({ easter: 1.5 }),
  calendar({ every: 'day', from: '24:00' }),
  calendar({ every: 'day', to: '24:01' }),
  calendar({ every: 'day' }, { freezes: { a: 'nothing' } }),
  calendar({ every: 'day' }, { floors: { a: { lead: '1h' } } }),
  { ...object, apiVersion: 'autoscaling/v1' },
  { ...object, spec: {} },
  { ...object, replicas },
];

/** Something at one place of a policy. */
const value = fc.oneof(
  fc.constantFrom<unknown>(
    0,
    1,
    2,
    0.5,
    100,
    -1,
    null,
    true,
    '',
    '0',
    '5s',
    '1h',
    '2d',
    'max',
    'hold',
    [],
    {},
  ),
  fc.constantFrom<unknown>('saturday', 'june', '12-24', '06:00', 'replica', 'sum', 'dry run', 'everything'),
);
const placed = fc.record({
  of: fc.constantFrom(...accepted.filter((each) => each !== object)),
  at: fc.array(fc.nat(20), { minLength: 1, maxLength: 4 }),
  value,
});

/** The same with that value somewhere else, or in place of what was there. */
function changed(of: unknown, [first = 0, ...rest]: readonly number[], to: unknown): unknown {
  if (typeof of !== 'object' || of === null) return to;
  const keys = Object.keys(of);
  const key = keys[first % keys.length];
  if (key === undefined) return to;
  const known = (of as Readonly<Record<string, unknown>>)[key];
  const next = rest.length === 0 ? to : changed(known, rest, to);
  return Array.isArray(of) ? of.with(Number(key), next) : { ...of, [key]: next };
}

describe('scaling-policy.schema.json', () => {
  it.each(places)('knows every key of %s, and no other', (place) => {
    const known = Object.keys(schema.$defs[place].properties);
    expect(known.toSorted()).toEqual([...policyKeys[place]].toSorted());
  });

  it.each(places)('has a sentence for every key of %s, and the reference tells of it', (place) => {
    for (const [key, { description }] of Object.entries(schema.$defs[place].properties)) {
      expect(description, key).toBeDefined();
      expect(reference).toMatch(new RegExp(`\\b${key}\\b`));
    }
  });

  it.each(accepted)('agrees with the parser, which accepts %j', (policy) => {
    expect([parseScalingPolicy(policy).ok, accepts(policy)]).toEqual([true, true]);
  });

  it.each(refused)('agrees with the parser, which refuses %j', (policy) => {
    expect([parseScalingPolicy(policy).ok, accepts(policy)]).toEqual([false, false]);
  });

  it('accepts whatever the parser accepts', () => {
    fc.assert(
      fc.property(placed, ({ of, at, value: put }) => {
        const policy = changed(of, at, put);
        if (parseScalingPolicy(policy).ok) expect(accepts(policy), JSON.stringify(policy)).toBe(true);
      }),
      { numRuns: 2000 },
    );
  });

  it('accepts every preset as it is written out, and those that the reference shows', () => {
    const presets = Object.values(scalingPresets).flatMap((set) => Object.values(set));
    const shown = [...reference.matchAll(/^```yaml\n(.*?)^```/gms)]
      .map(([, block]) => parseYaml(block ?? '') as object)
      .filter((each) => 'replicas' in each);
    expect(shown.length).toBeGreaterThan(0);
    for (const policy of [...presets.map(writeScalingPolicy), ...shown])
      expect(accepts(policy), JSON.stringify(accepts.errors)).toBe(true);
  });
});
