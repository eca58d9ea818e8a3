import type { Random } from '../../base/index.ts';
import { criticalT, type Interval, meanOf, simultaneousDifferences } from '../../statistics/index.ts';
import type { Inference, Observed } from './effect.ts';

/** What the inference is drawn from. */
export interface Evidence {
  /** Metrics with a figure of every run, and at least one of them. */
  readonly observed: readonly Observed[];
  /** For each of them, how much a run's figure varies within the run. */
  readonly variancesWithin: readonly number[];
}

/**
 * How far B lies above A in every metric, all intervals holding at once. The run is what repeats: from three
 * runs on, runs tell for themselves how they vary, drawn towards what varies within them. One run on each side
 * tells nothing of that, and is taken to vary as its metric is assumed to.
 */
export function infer(
  { observed, variancesWithin }: Evidence,
  confidence: number,
  random: Random,
): Inference[] {
  const first = observed[0] as Observed;
  const ofEach = 1 - (1 - confidence) / observed.length;
  if (first.a.length + first.b.length === 2)
    return inferFromAssumptions({ observed, variancesWithin }, ofEach);
  const rowsOf = (side: 'a' | 'b'): number[][] =>
    first[side].map((_, run) => observed.map((each) => each[side][run] as number));
  const found = simultaneousDifferences(
    {
      from: rowsOf('a'),
      to: rowsOf('b'),
      expectedVariances: variancesWithin,
    },
    { confidence, random },
  );
  const priorDegrees = found.degrees - (first.a.length + first.b.length - 2);
  return found.intervals.map((interval, at) => ({
    interval,
    variance: found.variances[at] as number,
    priorDegrees,
    confidenceAlone: ofEach,
  }));
}

/** As if the variances were known; Bonferroni's inequality lets the intervals hold at once. */
function inferFromAssumptions({ observed, variancesWithin }: Evidence, ofEach: number): Inference[] {
  const critical = criticalT(ofEach, Number.POSITIVE_INFINITY);
  return observed.map(({ metric, a, b }, at) => {
    const typical = metric.by === 'ratio' ? 1 : meanOf([...a, ...b]);
    const variance = (metric.assumedDeviation * typical) ** 2 + (variancesWithin[at] as number);
    return {
      interval: intervalAround((b[0] as number) - (a[0] as number), critical * Math.sqrt(2 * variance)),
      variance,
      priorDegrees: Number.POSITIVE_INFINITY,
      confidenceAlone: ofEach,
    };
  });
}

function intervalAround(value: number, reach: number): Interval {
  return { value, low: value - reach, high: value + reach };
}
