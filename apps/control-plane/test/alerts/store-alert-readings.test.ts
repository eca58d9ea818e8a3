import { parseAlertRules } from 'loadline/monitoring';
import { type SummaryQuery, storeError } from 'loadline/store';
import { describe, expect, it } from 'vitest';
import { createStoreReadings } from '../../src/alerts/store-alert-readings.ts';
import { summaryOf } from './summaries.ts';

const parsed = parseAlertRules({
  rules: ['a', 'b', 'c'].map((name) => ({ name, metric: name, above: { warning: 1 } })),
});
const rules = parsed.ok ? parsed.value.rules : [];
const { signal } = new AbortController();

describe('what rules read in the store', () => {
  it('is asked for once a window, which ends now', async () => {
    const asked: SummaryQuery[] = [];
    const readings = createStoreReadings({
      summaries: async (query) => {
        asked.push(query);
        return query.metrics.map((metric) => summaryOf({ metric, service: 'shop' }, [5]));
      },
    });
    const longer = rules.map((rule) => ({ ...rule, name: `long-${rule.name}`, windowMs: 300_000 }));
    const found = await readings.read([...rules, ...longer], 1_000_000, signal);
    expect(found).toHaveLength(6);
    expect(asked).toEqual([
      { metrics: ['a', 'b', 'c'], fromMs: 940_001, toMs: 1_000_001, isFollowed: true },
      { metrics: ['a', 'b', 'c'], fromMs: 700_001, toMs: 1_000_001, isFollowed: true },
    ]);
  });

  it('leaves out and counts a metric that has too much, and no other', async () => {
    const readings = createStoreReadings({
      summaries: async ({ metrics }) => {
        if (metrics.includes('b')) throw storeError('STORE_QUERY_TOO_LARGE', 'Too much.');
        return metrics.map((metric) => summaryOf({ metric, service: 'shop' }, [5]));
      },
    });
    const found = await readings.read(rules, 1_000_000, signal);
    expect(found.map(({ rule }) => rule)).toEqual(['a', 'c']);
    expect(readings.leftOut).toBe(1);
  });

  it('is nothing at all where the store is away: then nobody may think that all is well', async () => {
    const readings = createStoreReadings({ summaries: () => Promise.reject(new Error('away')) });
    await expect(readings.read(rules, 0, signal)).rejects.toThrow('away');
  });
});
