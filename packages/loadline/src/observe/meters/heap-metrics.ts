import { constants, type PerformanceEntry, PerformanceObserver } from 'node:perf_hooks';
import { getHeapSpaceStatistics, getHeapStatistics } from 'node:v8';
import type { Registry } from '../../metrics/index.ts';

/**
 * Adds the heap: its spaces, its limit, what lies outside of it, and its collections with their pauses. How much is in
 * use right after a major collection is what a leak shows in; in between it also holds what nobody needs any more.
 *
 * @returns ends the watching of collections.
 */
export function observeHeap(registry: Registry): () => void {
  registry.gauge({
    name: 'nodejs_heap_space_bytes',
    help: 'The spaces of the heap, by state: used, or reserved as a whole.',
    labels: ['space', 'state'],
    read: () =>
      getHeapSpaceStatistics().flatMap(({ space_name, space_used_size, space_size }) => {
        const space = space_name.replace(/_space$/, '');
        return [
          [{ space, state: 'used' }, space_used_size],
          [{ space, state: 'reserved' }, space_size],
        ];
      }),
  });
  registry.gauge({
    name: 'nodejs_heap_limit_bytes',
    help: 'What the heap may grow to before the process ends.',
    read: () => getHeapStatistics().heap_size_limit,
  });
  registry.gauge({
    name: 'nodejs_external_memory_bytes',
    help: 'Memory outside of the heap that its objects hold, such as buffers.',
    read: () => process.memoryUsage().external,
  });
  return observeCollections(registry);
}

/** The numbers are V8's own bits. */
const kindOf: Readonly<Record<number, string>> = {
  [constants.NODE_PERFORMANCE_GC_MINOR]: 'minor',
  [constants.NODE_PERFORMANCE_GC_MAJOR]: 'major',
  [constants.NODE_PERFORMANCE_GC_INCREMENTAL]: 'incremental',
  [constants.NODE_PERFORMANCE_GC_WEAKCB]: 'weak callbacks',
};

/** What the types of Node.js leave out. */
type CollectionEntry = PerformanceEntry & { readonly detail: { readonly kind: number } };

function observeCollections(registry: Registry): () => void {
  const pauses = registry.histogram({
    name: 'nodejs_collection_pause_seconds',
    help: 'How long collections of garbage held the process up, by kind.',
    labels: ['kind'],
    buckets: [0.0001, 0.0005, 0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1],
  });
  let usedAfterMajor = Number.NaN;
  registry.gauge({
    name: 'nodejs_heap_used_after_collection_bytes',
    help: 'What was in use after the last major collection; NaN before the first.',
    read: () => usedAfterMajor,
  });
  const observer = new PerformanceObserver((list) => {
    for (const { detail, duration } of list.getEntries() as CollectionEntry[]) {
      const kind = kindOf[detail.kind] ?? 'minor';
      pauses.with({ kind }).record(duration * 1000);
      if (kind === 'major') usedAfterMajor = getHeapStatistics().used_heap_size;
    }
  });
  observer.observe({ entryTypes: ['gc'] });
  return () => observer.disconnect();
}
