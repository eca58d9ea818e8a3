/** What every instance is doing: who there is, and what each says of itself. */
export type { Collector } from './collector.ts';
export { compareReadings } from './compare-readings.ts';
export { growthOf } from './histogram-growth.ts';
export { instanceHandlers } from './instance-handlers.ts';
export { rateUnitOf, unitOf, unitOfMetric } from './known-metrics.ts';
export { openWatch } from './open-watch.ts';
export type { Pull } from './pull.ts';
export { type Reading, readingOfScrape } from './reading.ts';
export { readWatch, type WatchConfiguration } from './watch-words.ts';
