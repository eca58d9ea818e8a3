/** What every instance is doing: who there is, and what each says of itself. */
export type { Collector } from './collector.ts';
export { compareReadings } from './compare-readings.ts';
export { growthOf, totalOf } from './histogram-growth.ts';
export { instanceHandlers } from './instance-handlers.ts';
export { endpointOfRequest, isFailure, rateUnitOf, unitOf, unitOfMetric } from './known-metrics.ts';
export { LabelBook } from './label-book.ts';
export { type LateFigure, Lately } from './lately.ts';
export { openWatch, type Watch } from './open-watch.ts';
export { createPull, type Pull } from './pull.ts';
export { observeQuickLooks, QuickLooks } from './quick-looks.ts';
export { type Reading, readingOfScrape } from './reading.ts';
export { readWatch, type WatchConfiguration } from './watch-words.ts';
