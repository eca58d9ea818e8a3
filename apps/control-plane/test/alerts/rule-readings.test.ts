import fc from 'fast-check';
import { type AlertRule, parseAlertRule } from 'loadline/monitoring';
import type { Summary } from 'loadline/store';
import { describe, expect, it } from 'vitest';
import { readingsOf } from '../../src/alerts/rule-readings.ts';
import { summaryOf } from './summaries.ts';

function ruleOf(written: object): AlertRule {
  const parsed = parseAlertRule({ name: 'rule', metric: 'm', above: { warning: 1 }, ...written });
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  return parsed.value;
}

function read(written: object, ...summaries: Summary[]): [labels: object, value: number][] {
  const found = Map.groupBy(summaries, ({ series }) => series.metric);
  return readingsOf(ruleOf(written), found).map(({ labels, value }) => [labels, value]);
}

const timed = { metric: 'm', service: 'shop', unit: 'ms' };

describe('a percentile', () => {
  it('is of a service, over all its instances and endpoints', () => {
    const many = Array.from({ length: 98 }, () => 10);
    const found = read(
      { statistic: 'p99', above: { warning: '1s' } },
      summaryOf({ ...timed, instance: 'a', endpoint: 'GET /' }, many),
      summaryOf({ ...timed, instance: 'b', endpoint: 'GET /food' }, [900, 900]),
      summaryOf({ ...timed, service: 'mail' }, [5]),
    );
    expect(found.map(([labels]) => labels)).toEqual([{ service: 'shop' }, { service: 'mail' }]);
    expect(found[0]?.[1]).toBeCloseTo(900, -1);
    expect(found[1]?.[1]).toBe(5);
  });

  it('is of each that the match tells apart, and of none that it does not mean', () => {
    const found = read(
      { statistic: 'p50', match: { service: 'shop', instance: '*' } },
      summaryOf({ ...timed, instance: 'a' }, [1]),
      summaryOf({ ...timed, instance: 'b' }, [2]),
      summaryOf({ ...timed, service: 'mail', instance: 'c' }, [3]),
    );
    expect(found).toEqual([
      [{ service: 'shop', instance: 'a' }, 1],
      [{ service: 'shop', instance: 'b' }, 2],
    ]);
  });

  it('is in the unit of the rule', () => {
    const seconds = summaryOf({ metric: 'm', service: 'shop', unit: 's' }, [0.25]);
    expect(read({ statistic: 'p95', above: { warning: '1s' } }, seconds)).toEqual([
      [{ service: 'shop' }, 250],
    ]);
  });

  it('is the same where several are read of the same, and of what each rule means', () => {
    const found = Map.groupBy(
      [1, 2, 3].map((ms) => summaryOf({ ...timed, instance: `i${ms}` }, [ms, ms * 10])),
      ({ series }) => series.metric,
    );
    const rules = [
      { statistic: 'p50' },
      { statistic: 'p99' },
      { statistic: 'p99', match: { instance: 'i1' } },
    ].map(ruleOf);
    const merged = new Map();
    const together = rules.map((rule) => readingsOf(rule, found, merged));
    expect(together).toEqual(rules.map((rule) => readingsOf(rule, found)));
    expect(new Set(together.map(([reading]) => reading?.value)).size).toBe(3);
  });

  it('is never averaged, and lies between the lowest and the highest', () => {
    const values = fc.array(fc.double({ min: 0.001, max: 1e6, noNaN: true }), {
      minLength: 1,
      maxLength: 20,
    });
    fc.assert(
      fc.property(fc.array(values, { minLength: 1, maxLength: 5 }), (instances) => {
        const summaries = instances.map((each, at) => summaryOf({ ...timed, instance: `i${at}` }, each));
        const [[, value] = [{}, Number.NaN]] = read({ statistic: 'p90' }, ...summaries);
        const all = instances.flat().toSorted((a, b) => a - b);
        const exact = all[Math.ceil(all.length * 0.9) - 1] as number;
        expect(value).toBeGreaterThanOrEqual(exact - 0.001);
        expect(value).toBeLessThanOrEqual(Math.max(exact * 1.008, exact + 0.001));
      }),
    );
  });
});

describe('a rate', () => {
  it('is the sum of what instances do a second', () => {
    const found = read(
      { statistic: 'rate' },
      summaryOf({ metric: 'm', service: 'shop', unit: 'rps', instance: 'a' }, [100, 200]),
      summaryOf({ metric: 'm', service: 'shop', unit: 'rps', instance: 'b' }, [50]),
    );
    expect(found).toEqual([[{ service: 'shop' }, 200]]);
  });

  it('is of what was timed how many there were, and of anything else how much came', () => {
    const window = { statistic: 'rate', window: '10s' };
    expect(read(window, summaryOf(timed, [1, 1, 1, 1, 1]))).toEqual([[{ service: 'shop' }, 0.5]]);
    expect(read(window, summaryOf({ metric: 'm', service: 'shop' }, [30, 70]))).toEqual([
      [{ service: 'shop' }, 10],
    ]);
  });
});

describe('a ratio', () => {
  const rule = { statistic: 'ratio', of: 'all', above: { warning: '1%' } };
  const counted = { service: 'shop', unit: 'rps' };

  it('is of sums, so that a small instance counts little', () => {
    const found = read(
      rule,
      summaryOf({ ...counted, metric: 'm', instance: 'a' }, [1]),
      summaryOf({ ...counted, metric: 'all', instance: 'a' }, [1]),
      summaryOf({ ...counted, metric: 'm', instance: 'b' }, [0]),
      summaryOf({ ...counted, metric: 'all', instance: 'b' }, [99]),
    );
    expect(found).toEqual([[{ service: 'shop' }, 0.01]]);
  });

  it('takes what is counted and not there for none, and what is a state for unknown', () => {
    expect(read(rule, summaryOf({ ...counted, metric: 'all' }, [5]))).toEqual([[{ service: 'shop' }, 0]]);
    expect(read(rule, summaryOf({ service: 'shop', metric: 'all' }, [5]))).toEqual([]);
    expect(read(rule, summaryOf({ ...counted, metric: 'm' }, [5]))).toEqual([]);
  });

  it('of nothing is no number', () => {
    expect(read(rule, summaryOf({ ...counted, metric: 'all' }, [0]))).toEqual([
      [{ service: 'shop' }, Number.NaN],
    ]);
  });
});

describe('a value', () => {
  it.each([
    ['value', 3],
    ['mean', 4],
    ['min', 2],
    ['max', 7],
  ])('is of each series by itself: %s', (statistic, value) => {
    const labels = { queue: 'mail', service: 'of another' };
    const series = { metric: 'm', service: 'shop', instance: 'a', labels };
    const found = read(
      { statistic },
      summaryOf(series, [2, 7, 3]),
      summaryOf({ ...series, instance: 'b' }, [1]),
    );
    expect(found).toEqual([
      [{ queue: 'mail', service: 'shop', instance: 'a' }, value],
      [{ queue: 'mail', service: 'shop', instance: 'b' }, 1],
    ]);
  });

  it('in percent is a ratio to a rule of ratios', () => {
    const disk = summaryOf({ metric: 'm', service: 'shop', unit: 'percent' }, [80]);
    expect(read({ above: { warning: '75%' } }, disk)).toEqual([[{ service: 'shop' }, 0.8]]);
  });
});
