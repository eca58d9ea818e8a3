/** What is measured, again and again, at one place. Two with the same fields are the same series. */
export interface Series {
  /** `response_time`, `cpu_usage`: the column `metric_type`. At most 200 characters. */
  readonly metric: string;
  /** Whose it is: the column `service_name`. At most 100 characters. */
  readonly service: string;
  /** At most 255 characters. */
  readonly endpoint?: string;
  /** Which process or server of the service. At most 100 characters. */
  readonly instance?: string;
  /** `ms`, `rps`, `percent`, `bytes` …: at most 20 characters. It decides the grain of quantiles, see `scaleOf`. */
  readonly unit: string;
  /** Whatever else tells series apart: at most 16 labels, 1,000 characters in all. */
  readonly labels?: Readonly<Record<string, string>>;
}

/** One value of one series at one time. */
export interface Sample {
  /** Found quickest where the same frozen object is given again and again. */
  readonly series: Series;
  /** Milliseconds since the epoch; fractions are cut off. */
  readonly atMs: number;
  /**
   * A number in the series' unit, of up to 1e290; or the bytes of a histogram (`Histogram.encode()`) of up to 100,000,000
   * whole numbers, each of which is `scaleOf(unit)` units.
   */
  readonly value: number | Uint8Array;
}

/** What became of a batch of samples. */
export interface WriteReceipt {
  /**
   * `committed`: they survive whatever happens to this process. `waiting`: they are in the memory of this process
   * until the database takes them. `dropped`: they gave way to newer ones while the database was away.
   */
  readonly state: 'committed' | 'waiting' | 'dropped';
  /** Samples that this is said of. */
  readonly accepted: number;
  /** Samples that were left out because something is wrong with them. */
  readonly refused: number;
  /** What is wrong with the first ten of those. */
  readonly problems: readonly SampleProblem[];
}

/** Why one sample of a batch was left out. */
export interface SampleProblem {
  /** Its place in the batch. */
  readonly index: number;
  readonly message: string;
}

/**
 * What one recorded whole number of a histogram is in a unit: a response time of 1.5 ms is recorded as 1,500. Never
 * changes for a unit, since what was kept could not be read any more.
 */
export function scaleOf(unit: string): number {
  return scales[unit] ?? 1e-3;
}

const scales: Readonly<Record<string, number>> = {
  ms: 1e-3,
  s: 1e-6,
  ratio: 1e-6,
  percent: 1e-4,
  bytes: 1,
  'bytes/s': 1,
};
