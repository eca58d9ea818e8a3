/** What every instance is doing: who there is, and what each says of itself. */
export { type Collector, recentMs, recentVitalsMs } from './collector.ts';
export { instanceHandlers } from './instance-handlers.ts';
export { unitOf } from './known-metrics.ts';
export type { MemberView } from './member.ts';
export { openWatch, type Watch } from './open-watch.ts';
export type { Pull } from './pull.ts';
export type { Recent } from './recent-window.ts';
export { readWatch, type WatchConfiguration } from './watch-words.ts';
