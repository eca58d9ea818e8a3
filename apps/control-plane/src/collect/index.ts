/** What every instance is doing: who there is, and what each says of itself. */
export type { Collector } from './collector.ts';
export { instanceHandlers } from './instance-handlers.ts';
export type { FoundInstance, KnownInstance, KnownInstances } from './known-instances.ts';
export { unitOfMetric } from './known-metrics.ts';
export { openWatch } from './open-watch.ts';
export type { Pull } from './pull.ts';
export { readWatch, type WatchConfiguration } from './watch-words.ts';
