import { criticalT } from './student.ts';

/** What a comparison of two groups is planned for. */
export interface SampleAim {
  /** Of one observation, of either group. */
  readonly variance: number;
  /** How many observations the variance is worth beside those of the groups; default 0. */
  readonly priorDegrees?: number;
  /** How far the interval must not reach: what is to be told from none. */
  readonly distance: number;
  /** Of the interval, above 0 and below 1. */
  readonly confidence: number;
  /** How probable it should be that the interval ends before that, above 0.5 and below 1. */
  readonly power: number;
  /** Looked no further; at least 2. */
  readonly sizeMax: number;
}

/**
 * How many observations each group needs: the least n from 2 with (t of the confidence + t of the power) ·
 * √(2 variance / n) ≤ distance, both t with the degrees of freedom that n observations a group give.
 *
 * @returns `sizeMax` where even that is too few.
 */
export function sampleSizeFor(aim: SampleAim): number {
  const { variance, priorDegrees = 0, distance, confidence, power, sizeMax } = aim;
  const isEnough = (n: number): boolean => {
    const degrees = 2 * (n - 1) + priorDegrees;
    const reach = criticalT(confidence, degrees) + criticalT(2 * power - 1, degrees);
    return reach * Math.sqrt((2 * variance) / n) <= distance;
  };
  let [low, high] = [1, sizeMax];
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (isEnough(middle)) high = middle;
    else low = middle;
  }
  return high;
}
