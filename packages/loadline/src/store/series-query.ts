import type { Series } from './sample.ts';

/** A question about one metric over a window of time. */
export interface SeriesQuery extends SeriesWindow, SeriesFigure {}

/** Of what, from when to when, and how finely. */
export interface SeriesWindow {
  /** Only these; what is left out is merged. */
  readonly service?: string;
  readonly instance?: string;
  readonly endpoint?: string;
  /** The window, from its first moment to before its last, in milliseconds since the epoch. */
  readonly fromMs: number;
  readonly toMs: number;
  /** The length of time that one point tells of. Below a minute raw samples are read, below an hour minutes. */
  readonly stepMs: number;
  /** A line for each service, instance or endpoint, instead of one for all. */
  readonly by?: 'service' | 'instance' | 'endpoint';
}

/** What is asked about it. */
export interface SeriesFigure {
  readonly metric: string;
  /** Needed where series of different units have the name. */
  readonly unit?: string;
  /**
   * `merge`, the default, takes all values of a step together: of two instances with 10 and 30 the mean is 20. `sum` adds
   * up what each series was, its mean, minimum, maximum and latest value: 40. It is for what a service has the sum of
   * its instances of: requests a second, bytes. One that is not looked at as often as the others counts as it was last, for
   * up to five minutes. Its minimum and maximum are bounds; it has no quantiles.
   */
  readonly combine?: 'merge' | 'sum';
  /** From 0 to 1, at most 10. Without any, no histogram is read, which is quicker. */
  readonly quantiles?: readonly number[];
}

/** How finely it was remembered what an answer is made of. */
export type Level = 'raw' | 'minute' | 'hour';

/** The answer: what was measured, a point a step; steps without a sample have no point. */
export interface SeriesAnswer {
  readonly level: Level;
  /** What was asked for, or longer: a whole number of minutes or hours at those levels. */
  readonly stepMs: number;
  /** Of the series that were merged; undefined where there are none. */
  readonly unit: string | undefined;
  /** In the order of their names. */
  readonly lines: readonly Line[];
}

/** The points of one line of an answer, in the order of time. */
export interface Line {
  /** The service, instance or endpoint; empty where all are in one line, or the series has none. */
  readonly name: string;
  readonly points: readonly Point[];
}

/** What was measured within one step. */
export interface Point {
  /** The beginning of the step: a multiple of `stepMs` since the epoch. */
  readonly atMs: number;
  /** How many values; a histogram counts as many as it holds. */
  readonly count: number;
  readonly mean: number;
  readonly min: number;
  readonly max: number;
  /** The latest value; of a histogram its mean. */
  readonly last: number;
  /**
   * In the order in which they were asked for: at most 0.79 % or one grain of the unit's scale too high. NaN where a value was
   * below 0 or above 2^52 grains, of which histograms know nothing more.
   */
  readonly quantiles: readonly number[];
}

/** Which series to tell the latest value of; without a field, of all. */
export interface LatestQuery {
  readonly metric?: string;
  readonly service?: string;
  readonly instance?: string;
  readonly endpoint?: string;
  /** Older values count as none. */
  readonly sinceMs: number;
}

/** The last value of one series, in the series' unit. */
export interface Latest {
  readonly series: Series;
  readonly atMs: number;
  /** Of a histogram, its mean. */
  readonly value: number;
}
