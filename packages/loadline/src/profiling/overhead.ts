/** What a session cost the process that it looked into. */
export interface Overhead {
  /** CPU time that starting and stopping took, in which the process may have stood still. Measured. */
  readonly startStopCpuMs: number;
  /**
   * How much more CPU time a unit of work took during the session than in the half minute before it: 0.02 is 2 %.
   * An estimate: the work itself may have changed. Undefined where there was too little work to compare.
   */
  readonly cpuRatio?: number;
  /** Half of the middle half of the seconds before the session, as a share of their median: below it `cpuRatio` is noise. */
  readonly noiseRatio?: number;
  /** Where `cpuRatio` comes from, or why there is none. */
  readonly method: string;
}

/** What a process had done and used at one moment, both since its start. */
export interface WorkMark {
  /** In whatever unit: requests that were answered. */
  readonly units: number;
  readonly cpuUs: number;
}

/** Fewer units than these in a second say nothing about its CPU time a unit. */
const unitsMin = 10;
/** Fewer seconds than these on either side make no median. */
const secondsMin = 3;

/**
 * Compares the CPU time a unit of work before a session and during it, by the medians of their seconds: wall time would
 * say anything. Pure.
 *
 * @param before marks a second apart until the session began.
 * @param during marks a second apart from then to its end.
 */
export function estimateOverhead(
  startStopCpuMs: number,
  before: readonly WorkMark[],
  during: readonly WorkMark[],
): Overhead {
  const base = cpuUsByUnit(before);
  const session = cpuUsByUnit(during);
  if (base.length < secondsMin || session.length < secondsMin) {
    const method = `no comparison: it needs ${secondsMin} seconds with ${unitsMin} units of work before and during the session, found ${base.length} and ${session.length}`;
    return { startStopCpuMs, method };
  }
  const median = quantile(base, 0.5);
  return {
    startStopCpuMs,
    cpuRatio: quantile(session, 0.5) / median - 1,
    noiseRatio: (quantile(base, 0.75) - quantile(base, 0.25)) / 2 / median,
    method: `CPU time a unit of work: the median of ${session.length} seconds of the session against ${base.length} seconds before it`,
  };
}

/** Of each second with enough work, in rising order. */
function cpuUsByUnit(marks: readonly WorkMark[]): number[] {
  const costs: number[] = [];
  for (let at = 1; at < marks.length; at++) {
    const [from, to] = [marks[at - 1] as WorkMark, marks[at] as WorkMark];
    const units = to.units - from.units;
    if (units >= unitsMin) costs.push((to.cpuUs - from.cpuUs) / units);
  }
  return costs.sort((a, b) => a - b);
}

function quantile(sorted: readonly number[], q: number): number {
  return sorted[Math.round(q * (sorted.length - 1))] as number;
}
