/** Remembers samples, runs, decisions and alerts, in PostgreSQL. */
export type { Audit, AuditEntry, AuditFilter, AuditRecord } from './audit.ts';
export type {
  Document,
  DocumentChange,
  Documents,
  Excess,
  ListOptions,
  PutOptions,
  PutOutcome,
} from './documents.ts';
export { storeError, storeErrorTable } from './errors.ts';
export type { LeaseAnswer, Leases } from './leases.ts';
export type {
  CancelOutcome,
  ClaimedTest,
  EnqueueOutcome,
  LoadTest,
  RepeatableWish,
  TestEnd,
  TestFilter,
  TestState,
  TestWish,
  WishedBefore,
} from './load-test.ts';
export type { LoadTests } from './load-tests.ts';
export type { Metrics } from './metrics.ts';
export type { Page, PageRequest } from './page.ts';
export type { CacheReading, Readings, ResourceReading } from './readings.ts';
export type { Sample, SampleProblem, Series, WriteReceipt } from './sample.ts';
export { scaleOf } from './sample.ts';
export type { ScalingEvent, ScalingEventDraft, ScalingEventFilter, ScalingEvents } from './scaling-events.ts';
export type { MetricName, NamesQuery } from './series-names.ts';
export type {
  Latest,
  LatestQuery,
  Level,
  Line,
  Point,
  SeriesAnswer,
  SeriesFigure,
  SeriesQuery,
  SeriesWindow,
} from './series-query.ts';
export type { Summary, SummaryQuery } from './series-summaries.ts';
export type { Retention, Store, StoreCounts, StoreOptions } from './store.ts';
export { openStore } from './store.ts';
export type { TestFigures, TestResult, TestResultFilter, TestResults } from './test-results.ts';
