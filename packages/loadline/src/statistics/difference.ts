import { criticalT } from './student.ts';

/** A mean, or what behaves like one, with what is known of its error. */
export interface Estimate {
  readonly value: number;
  /** Of the estimate itself: of a mean, the values' variance over their number. */
  readonly variance: number;
  /** How well the variance is known: of a sample, n − 1; Infinity where it is not estimated. */
  readonly degrees: number;
}

export interface Interval {
  readonly value: number;
  readonly low: number;
  readonly high: number;
}

/**
 * How far `to` lies above `from`, with its confidence interval by Welch's t: the two variances may differ, and
 * the degrees of freedom are Satterthwaite's, (u + v)² / (u² / m + v² / n) of variances u, v with degrees m, n.
 *
 * B. L. Welch, The generalization of "Student's" problem, Biometrika 34 (1947).
 *
 * @param confidence above 0 and below 1.
 */
export function differenceOf(from: Estimate, to: Estimate, confidence: number): Interval {
  const value = to.value - from.value;
  const variance = from.variance + to.variance;
  if (variance === 0) return { value, low: value, high: value };
  const reach = criticalT(confidence, degreesOf(from, to)) * Math.sqrt(variance);
  return { value, low: value - reach, high: value + reach };
}

/**
 * The confidence that each of `count` intervals needs so that all of them hold at once with `confidence`,
 * however they depend on each other (Bonferroni's inequality; O. J. Dunn, JASA 56, 1961).
 */
export function simultaneousConfidence(confidence: number, count: number): number {
  return 1 - (1 - confidence) / Math.max(1, count);
}

/** What a sample is planned for. */
export interface SampleAim {
  /** Variance of one value of either side. */
  readonly variances: readonly [number, number];
  /** How small the distance is that the interval must be able to tell from none. */
  readonly distance: number;
  /** Of the interval, above 0 and below 1. */
  readonly confidence: number;
  /** How probable it should be that the interval ends before that distance, from 0.5 and below 1. */
  readonly power: number;
  /** Looked no further; at least 2. */
  readonly sizeMax: number;
}

/**
 * How many values each side needs: the least n from 2 with (t of the confidence + t of the power) · standard
 * error ≤ distance, where both t have the degrees that n values give.
 *
 * @returns `sizeMax` where even that is too few.
 */
export function sampleSizeFor({ variances, distance, confidence, power, sizeMax }: SampleAim): number {
  const isEnough = (n: number): boolean => {
    const sides = variances.map((variance) => ({ value: 0, variance: variance / n, degrees: n - 1 }));
    const [from, to] = sides as [Estimate, Estimate];
    const variance = from.variance + to.variance;
    if (variance === 0) return true;
    const degrees = degreesOf(from, to);
    const chance = power > 0.5 ? criticalT(2 * power - 1, degrees) : 0;
    return (criticalT(confidence, degrees) + chance) * Math.sqrt(variance) <= distance;
  };
  let [low, high] = [1, sizeMax];
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (isEnough(middle)) high = middle;
    else low = middle;
  }
  return high;
}

function degreesOf(a: Estimate, b: Estimate): number {
  // By shares, because the square of a small variance may be too small for a number.
  const share = a.variance / (a.variance + b.variance);
  return 1 / (share ** 2 / a.degrees + (1 - share) ** 2 / b.degrees);
}
