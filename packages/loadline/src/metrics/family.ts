import type { Exposure } from './exposure.ts';
import type { Histogram } from './histogram.ts';
import type { FamilyNames } from './names.ts';

/** A metric with all its series at this moment, as `families` gives it. */
export type Family = NumberFamily | HistogramFamily;

/** A counter or a gauge with all its series. */
export interface NumberFamily extends FamilyNames {
  readonly kind: 'counter' | 'gauge';
  series(): Iterable<NumberSeries>;
}

/** A histogram with all its series, and how it is exposed. */
export interface HistogramFamily extends FamilyNames, Exposure {
  readonly kind: 'histogram';
  /** The live histograms: `copy` what should not change. */
  series(): Iterable<HistogramSeries>;
}

/** A histogram with its label values, in the order of its family's label names. */
export interface HistogramSeries {
  readonly labels: readonly string[];
  readonly histogram: Histogram;
}

/** A number with its label values, in the order of its family's label names. */
export interface NumberSeries {
  readonly labels: readonly string[];
  readonly value: number;
}
