/** Compares runs: better, worse, the same, or how many more runs are needed. */
export type { ComparedRun, CompareOptions, Comparison } from './compare-runs.ts';
export { compareRuns } from './compare-runs.ts';
export type { Difference } from './differences.ts';
export { type Effect, type EffectVerdict, verdictOf } from './effect.ts';
export { type ComparedMetric, changeOf, comparedMetrics, toScale } from './metrics.ts';
export { readReports } from './read-report.ts';
export type { ReportedRow, ReportedRun } from './reported-run.ts';
