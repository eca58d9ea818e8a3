/** Values at even distances, oldest first; NaN where nothing was measured. */
export interface Series {
  /** When the first step begins, in milliseconds since the epoch. */
  readonly startMs: number;
  readonly stepMs: number;
  readonly values: ArrayLike<number>;
}

/**
 * Demand varies by shares, not by amounts: twice the traffic has twice the noise. So predictors work with
 * logarithms, which a hundredth of the mean, added before, keeps from falling without end where nothing comes.
 */
export interface LogScale {
  toLog(value: number): number;
  fromLog(log: number): number;
}

export function logScaleOf(values: ArrayLike<number>): LogScale {
  let [sum, count] = [0, 0];
  for (let at = 0; at < values.length; at++) {
    const value = values[at] as number;
    if (isDemand(value)) {
      sum += value;
      count++;
    }
  }
  const added = sum > 0 ? (0.01 * sum) / count : 1;
  return {
    toLog: (value) => (isDemand(value) ? Math.log(value + added) : Number.NaN),
    fromLog: (log) => Math.min(demandMax, Math.max(0, Math.exp(log) - added)),
  };
}

/** Nothing that is measured comes near it; beyond it sums would overflow. */
const demandMax = 1e100;

function isDemand(value: number): boolean {
  return value >= 0 && value <= demandMax;
}
