/** Searches the highest rate that meets the objectives. */
export type { FindLimitOptions, StartingProbe } from './find-limit.ts';
export { expectedTime, findLimit } from './find-limit.ts';
export type { LimitAsked, LimitReport, ProbeRow } from './limit-report.ts';
export { type LimitChoice, readLimitAsked } from './read-asked.ts';
