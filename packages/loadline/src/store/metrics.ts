import type { Sample, WriteReceipt } from './sample.ts';
import type { MetricName, NamesQuery } from './series-names.ts';
import type {
  Latest,
  LatestQuery,
  SeriesAnswer,
  SeriesFigure,
  SeriesQuery,
  SeriesWindow,
} from './series-query.ts';
import type { Summary, SummaryQuery } from './series-summaries.ts';

/** What was measured: samples in, charts out. */
export interface Metrics {
  /**
   * Keeps samples. Resolves when they are committed, or as soon as it is known that they have to wait, at the
   * latest after `patienceMs`. A sample that is refused does not keep back the others.
   *
   * @throws STORE_BATCH_TOO_LARGE above 50,000 samples, STORE_CLOSED.
   */
  write(samples: readonly Sample[]): Promise<WriteReceipt>;
  /**
   * What was measured of one metric over a window. Sees what is committed, at once.
   *
   * @throws STORE_QUERY_INVALID with every problem, STORE_QUERY_TOO_LARGE.
   */
  series(query: SeriesQuery): Promise<SeriesAnswer>;
  /**
   * The same of several metrics, read together in one snapshot: an answer for each figure, in their order.
   *
   * @throws as `series`; its limits are for what is read together.
   */
  chart(window: SeriesWindow, figures: readonly SeriesFigure[]): Promise<readonly SeriesAnswer[]>;
  /** The latest committed value of each series. @throws STORE_QUERY_TOO_LARGE above 20,000 series. */
  latest(query: LatestQuery): Promise<readonly Latest[]>;
  /**
   * What each series of some metrics was within a window; series without a value in it are left out.
   *
   * @throws STORE_QUERY_INVALID, STORE_QUERY_TOO_LARGE above 10,000 series or 50,000 rows.
   */
  summaries(query: SummaryQuery): Promise<readonly Summary[]>;
  /** Which metrics there are, by name. */
  names(query: NamesQuery): Promise<readonly MetricName[]>;
}
