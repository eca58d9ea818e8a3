import type { Series } from 'loadline/store';
import { describe, expect, it } from 'vitest';
import { SeriesPool } from '../../src/collect/series-pool.ts';

describe('SeriesPool', () => {
  it('gives the same frozen object for the same series', () => {
    const pool = new SeriesPool(10);
    const labels = { zone: 'a' };
    const series = pool.of(seriesOf({ labels }));
    expect(pool.of(seriesOf({ labels }))).toBe(series);
    expect(Object.isFrozen(series) && Object.isFrozen(series.labels)).toBe(true);
  });

  it.each([
    [{ metric: 'b' }],
    [{ endpoint: 'GET /' }],
    [{ unit: 'ms' }],
    [{ labels: { zone: 'a' } }],
    [{ labels: { zone: 'b' } }],
  ])('tells %o from others', (other) => {
    const pool = new SeriesPool(10);
    const known = [{}, { labels: { zone: 'c' } }].map((each) => pool.of(seriesOf(each)));
    expect(known).not.toContain(pool.of(seriesOf(other)));
  });

  it('forgets rather than grow beyond its limit', () => {
    const pool = new SeriesPool(2);
    const first = pool.of(seriesOf({ metric: '1' }));
    for (const metric of ['2', '3']) pool.of(seriesOf({ metric }));
    expect(pool.of(seriesOf({ metric: '1' }))).not.toBe(first);
  });
});

function seriesOf(other: Partial<Series>): Series {
  return { metric: 'a', service: 'shop', instance: 'a:1', unit: 'count', ...other };
}
