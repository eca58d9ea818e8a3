import type { Interval } from './simultaneous.ts';

/** Values that come one after another, as far as their mean and spread go (B. P. Welford, Technometrics 4, 1962). */
export interface RunningMean {
  readonly count: number;
  readonly mean: number;
  /** The sum of squared distances from the mean. */
  readonly squares: number;
}

/** The mean of nothing yet, to begin with. */
export const noValues: RunningMean = { count: 0, mean: 0, squares: 0 };

/** The same with one more value. */
export function withValue({ count, mean, squares }: RunningMean, value: number): RunningMean {
  const distance = value - mean;
  const next = mean + distance / (count + 1);
  return { count: count + 1, mean: next, squares: squares + distance * (value - next) };
}

/** How sure the intervals are. */
export interface AlwaysValidOptions {
  /** How probable it may be that the interval ever misses the true mean, however often one looks: above 0, below 1. */
  readonly errorProbability: number;
  /** The values are taken to vary at least so much. Default 0. */
  readonly varianceMin?: number;
}

/**
 * Where the mean of values lies that keep coming, so that one may look after each of them and stop whenever one
 * likes: with probability 1 − `errorProbability` not one of all these intervals misses it. A usual interval promises
 * that for one look, and looked at often enough tells of any difference some day.
 *
 * It holds those means against which the evidence has never been 1 / errorProbability to 1. The evidence is a Bayes
 * factor of Student's t with a standard normal prior on the mean in deviations, which is a martingale under the
 * hypothesis whatever the variance is (T. L. Lai, Annals of Statistics 4, 1976; A. Hendriksen, R. de Heide,
 * P. Grünwald, Bayesian Analysis 16, 2021), so that Ville's inequality bounds it. Exact for normal values.
 *
 * @returns an interval without ends where too few values are there; NaN is the value of none.
 */
export function alwaysValidInterval(
  { count, mean, squares }: RunningMean,
  { errorProbability, varianceMin = 0 }: AlwaysValidOptions,
): Interval {
  const value = count === 0 ? Number.NaN : mean;
  const shrink = 1 + count;
  const bound = (Math.sqrt(shrink) / errorProbability) ** (2 / count);
  if (count < 2 || bound >= shrink) {
    return { value, low: Number.NEGATIVE_INFINITY, high: Number.POSITIVE_INFINITY };
  }
  // t² / (n − 1), where the factor is as large as it may be.
  const ratio = (bound - 1) / (1 - bound / shrink);
  const reach = Math.sqrt((Math.max(squares, varianceMin * (count - 1)) * ratio) / count);
  return { value, low: mean - reach, high: mean + reach };
}
