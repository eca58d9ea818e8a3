import type { CacheReading } from 'loadline/store';

/** What an instance said last, by metric, and whose it is. */
export interface ToldFigures {
  readonly service: string;
  readonly figures: ReadonlyMap<string, number>;
}

/**
 * The rows of `cache_performance` that services make which tell of a cache of their own: one for each, of all its instances
 * together. Without a look-up there is none. Pure.
 */
export function cacheReadingsOf(told: Iterable<ToldFigures>, atMs: number): readonly CacheReading[] {
  const sums = new Map<string, { hits: number; lookups: number }>();
  for (const { service, figures } of told) {
    const lookups = figures.get('cache_lookups') ?? 0;
    if (lookups <= 0) continue;
    const sum = sums.get(service) ?? { hits: 0, lookups: 0 };
    sum.hits += figures.get('cache_hits') ?? 0;
    sum.lookups += lookups;
    sums.set(service, sum);
  }
  return [...sums].map(([service, { hits, lookups }]) => {
    // A hit may have been counted whose look-up was not yet.
    const hitRatio = Math.min(1, hits / lookups);
    return {
      cacheType: 'application',
      cacheKeyPattern: service,
      atMs,
      hitRatePercent: hitRatio * 100,
      missRatePercent: (1 - hitRatio) * 100,
    };
  });
}
