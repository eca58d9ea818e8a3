import { halfSampleVariances } from '../../statistics/index.ts';
import { comparedMetrics, mergeTallies, type Tally, tallyOf, toScale } from './metrics.ts';
import type { ReportedRow, ReportedRun } from './reported-run.ts';

/** A run as it is compared: its figures, and how far each is uncertain within the run. */
export interface MeasuredRun {
  readonly total: MeasuredRow;
  readonly endpoints: ReadonlyMap<string, MeasuredRow>;
}

/** In the order of `comparedMetrics`, on their scales. */
export interface MeasuredRow {
  readonly requests: number;
  readonly errors: number;
  /** NaN where nothing was measured. */
  readonly figures: readonly number[];
  /** Of the figures, as told from blocks of the run; NaN where it is too short. */
  readonly variances: readonly number[];
}

/** Reads a run's figures. Pure; a comparison of many sets measures each run once. */
export function measureRun(run: ReportedRun): MeasuredRun {
  return {
    total: measureRow(run.total, run.activeMs),
    endpoints: new Map(run.endpoints.map((row) => [row.name, measureRow(row, run.activeMs)])),
  };
}

function measureRow(row: ReportedRow, activeMs: number): MeasuredRow {
  const isAnswered = Object.keys(row.statuses).length > 0 || row.requests > row.errors;
  const whole = tallyOf(row, activeMs, isAnswered);
  const spans = row.timeline.map((span) => tallyOf(span, span.durationMs, isAnswered));
  const sampled = halfSampleVariances(blocksOf(spans), (half) => figuresOf(mergeTallies(half)));
  return {
    requests: row.requests,
    errors: row.errors,
    figures: figuresOf(whole),
    variances: comparedMetrics.map(
      ({ unit }, at) => (sampled[at] as number) + (unit === 'ms' ? bucketVariance : 0),
    ),
  };
}

function figuresOf(tally: Tally): number[] {
  return comparedMetrics.map((metric) => toScale(metric, metric.of(tally)));
}

/**
 * The run cut into at most 14 blocks of equal length: long ones, because one second is much like the next, and
 * between ten and thirty of them tell a variance best (B. Schmeiser, Operations Research 30, 1982). What is left
 * over at the end, and a last second that is no whole one, is left out.
 */
function blocksOf(spans: readonly Tally[]): Tally[] {
  const whole = spans.filter((span) => span.durationMs === spans[0]?.durationMs);
  const size = Math.ceil(whole.length / blocksMax);
  const blocks: Tally[] = [];
  for (let from = 0; from + size <= whole.length && size > 0; from += size) {
    blocks.push(mergeTallies(whole.slice(from, from + size)));
  }
  return blocks;
}

const blocksMax = 14;

/** Histograms know a time to one part in 128, so that runs may agree by their buckets alone: that of an even spread. */
const bucketVariance = 1 / 128 ** 2 / 12;
