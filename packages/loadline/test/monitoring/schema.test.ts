import { readFileSync } from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { parseAlertRules } from 'loadline/monitoring';
import { describe, expect, it } from 'vitest';
import { parse as parseYaml } from 'yaml';
import { alertFileKeys } from '../../src/monitoring/parse-alert-rules.ts';
import { root } from '../checkout.ts';

interface Shape {
  readonly properties: Readonly<Record<string, { readonly description?: string }>>;
}

const schema = JSON.parse(
  readFileSync(new URL('../../schemas/alert-rules.schema.json', import.meta.url), 'utf8'),
) as Shape & { readonly $defs: Readonly<Record<'rule' | 'limits', Shape>> };
const accepts = new Ajv2020({ allErrors: true, strict: false }).compile(schema);
const reference = readFileSync(`${root}docs/reference/alerts.md`, 'utf8');
const places = ['file', 'rule', 'limits'] as const;
const shapeOf = (place: (typeof places)[number]): Shape => (place === 'file' ? schema : schema.$defs[place]);

const rule = { name: 'slow', metric: 'latency_ms', above: { warning: '1s' } };

describe('alert-rules.schema.json', () => {
  it.each(places)('knows every key of %s, and no other', (place) => {
    expect(Object.keys(shapeOf(place).properties).toSorted()).toEqual([...alertFileKeys[place]].toSorted());
  });

  it.each(places)('has a sentence for every key of %s, and the reference tells of it', (place) => {
    for (const [key, { description }] of Object.entries(shapeOf(place).properties)) {
      expect(description, key).toBeDefined();
      expect(reference).toMatch(new RegExp(`\`${key}\``));
    }
  });

  it.each<unknown>([
    { rules: [] },
    { use: ['foodshare'] },
    {
      use: [],
      rules: [rule],
      group_by: ['service', 'region'],
      repeat: '1h',
      escalate_after: ['10m', '1h'],
      join_within: 0,
    },
    {
      rules: [
        { ...rule, statistic: 'p99.9', window: '5m', for: 0, missing: 'alert', labels: { team: 'food' } },
      ],
    },
    { rules: [{ ...rule, statistic: 'ratio', of: 'requests', above: { critical: '1 %' } }] },
    {
      rules: [{ name: 'a', metric: 'b', below: { warning: 800, critical: 500 }, resolve: { warning: 900 } }],
    },
    { rules: [{ ...rule, above: { warning: '512MB' }, hysteresis: '50%' }] },
    { rules: [{ ...rule, above: { warning: '0%' }, hysteresis: '0%' }] },
    {
      rules: [
        {
          ...rule,
          match: { service: 'a*', endpoint: ['x', ''] },
          runbook: 'https://r.example/a',
          summary: 's',
        },
      ],
    },
  ])('agrees with the parser, which accepts %j', (file) => {
    expect([parseAlertRules(file).ok, accepts(file)]).toEqual([true, true]);
  });

  it.each<unknown>([
    {},
    [],
    { rules: {} },
    { rules: [{}] },
    { use: ['wedding'] },
    { rules: [], group_by: ['a-b'] },
    { rules: [], repeat: 4 },
    { rules: [], repeat: '4' },
    { rules: [], escalate_after: ['1m', '2m', '3m', '4m', '5m', '6m'] },
    { rules: [], surprise: 1 },
    { rules: [{ ...rule, name: '1' }] },
    { rules: [{ ...rule, name: 'a'.repeat(101) }] },
    { rules: [{ ...rule, metric: 'a b' }] },
    { rules: [{ ...rule, statistic: 'median' }] },
    { rules: [{ ...rule, statistic: 'p100' }] },
    { rules: [{ ...rule, statistic: 'p0' }] },
    { rules: [{ ...rule, statistic: 'ratio' }] },
    { rules: [{ ...rule, of: 'requests' }] },
    { rules: [{ ...rule, below: { warning: 1 } }] },
    { rules: [{ name: 'a', metric: 'b' }] },
    { rules: [{ ...rule, above: {} }] },
    { rules: [{ ...rule, above: { warning: true } }] },
    { rules: [{ ...rule, above: { warning: '1 apple' } }] },
    { rules: [{ ...rule, above: { worst: 1 } }] },
    { rules: [{ ...rule, hysteresis: '51%' }] },
    { rules: [{ ...rule, hysteresis: 0.05 }] },
    { rules: [{ ...rule, hysteresis: '5%', resolve: { warning: '900ms' } }] },
    { rules: [{ ...rule, missing: 'fire' }] },
    { rules: [{ ...rule, labels: { severity: 'x' } }] },
    { rules: [{ ...rule, labels: { a: 1 } }] },
    { rules: [{ ...rule, match: { a: [] } }] },
    { rules: [{ ...rule, match: { a: 'x'.repeat(201) } }] },
    { rules: [{ ...rule, runbook: 'ftp://x' }] },
    { rules: [{ ...rule, summary: '' }] },
  ])('agrees with the parser, which refuses %j', (file) => {
    expect([parseAlertRules(file).ok, accepts(file)]).toEqual([false, false]);
  });

  it('accepts the files that the reference shows, and so does the parser', () => {
    const shown = [...reference.matchAll(/^```yaml\n(.*?)^```/gms)].map(([, block]) =>
      parseYaml(block ?? ''),
    );
    expect(shown.length).toBeGreaterThan(0);
    for (const file of shown)
      expect([parseAlertRules(file), accepts(file)]).toMatchObject([{ ok: true }, true]);
  });
});
