import { formatBytes } from '../base/index.ts';
import { type Expected, percent } from './recommendation.ts';

/** Above it, waiting grows faster than the load: at 70 % a single queue already doubles and more the time of service. */
const busyRatioTarget = 0.7;
/** Leaves room for the garbage that has not been collected yet. */
export const memoryRatioTarget = 0.8;

/**
 * How many instances carry the same load at the target utilization, by the utilization law (Denning and Buzen, 1978):
 * the work is the same, so that U × n stays the same.
 */
export function instancesFor(instances: number, busyRatio: number, target: number = busyRatioTarget): number {
  return Math.ceil((instances * busyRatio) / target - 1e-9);
}

/** What more instances bring. */
export function spreadOver(busyRatio: number, instances: number, instancesAfter: number): Expected {
  const after = (busyRatio * instances) / instancesAfter;
  return {
    kind: 'modelled',
    statement: `With ${instancesAfter} instead of ${instances} instances each would be busy for ${percent(after)} of the time instead of ${percent(busyRatio)}, for the same load spread evenly. Where requests already wait or are turned away, the load is higher than what was seen, and so is the result.`,
    formula: 'U after = U × n / n after',
    inputs: { U: busyRatio, n: instances, 'n after': instancesAfter },
    before: busyRatio,
    after,
    unit: 'ratio',
  };
}

/** What mending a part brings at most to the whole (Amdahl, 1967). @param of of what the share is: `CPU time`. */
export function mendPart(share: number, left: number, of: string): Expected {
  const after = 1 - share * (1 - left);
  return {
    kind: 'modelled',
    statement: `The ${of} would fall to ${percent(after)} of what it is, if this part took ${percent(left)} of its time and all else stayed.`,
    formula: 'after = 1 − share × (1 − left)',
    inputs: { share, left },
    before: 1,
    after,
    unit: 'ratio',
  };
}

/**
 * What is left of a statement that looks at many pages for few rows, when an index leads to them: the way down the
 * tree and a page a row. Time is taken to go with pages.
 */
export function leftWithIndex(rowsPerCall: number, blocksPerCall: number): number {
  return Math.min(1, (indexHeight + rowsPerCall) / blocksPerCall);
}

/** Of a tree over some hundred million rows. */
const indexHeight = 4;

/** How many connections are busy on average, by Little's law (1961), with room for uneven arrivals. */
export function connectionsFor(ratePerSecond: number, holdMs: number): number {
  return Math.max(1, Math.ceil((ratePerSecond * holdMs) / 1000 / busyRatioTarget - 1e-9));
}

/** What a higher hit ratio leaves to whatever stands behind the cache. */
export function fewerMisses(hitRatio: number, target: number, lookupsPerSecond: number): Expected {
  const before = lookupsPerSecond * (1 - hitRatio);
  const after = lookupsPerSecond * (1 - target);
  return {
    kind: 'modelled',
    statement: `At a hit ratio of ${percent(target)}, what stands behind the cache would be asked ${round(after)} times a second instead of ${round(before)}. Whether it reaches that depends on how the keys are used, which these numbers do not show.`,
    formula: 'misses a second = lookups a second × (1 − hit ratio)',
    inputs: { 'lookups a second': lookupsPerSecond, 'hit ratio': hitRatio, 'hit ratio after': target },
    before,
    after,
    unit: 'per second',
  };
}

/** What a higher limit brings to memory that does not grow. */
export function raiseLimit(usedBytes: number, limitBytes: number): Expected {
  const after = usedBytes / memoryRatioTarget;
  return {
    kind: 'modelled',
    statement: `With a limit of ${formatBytes(after)} instead of ${formatBytes(limitBytes)}, ${percent(memoryRatioTarget)} of it would be used instead of ${percent(usedBytes / limitBytes)}, as long as use does not grow.`,
    formula: 'limit after = used / 0.8',
    inputs: { used: usedBytes, limit: limitBytes },
    before: usedBytes / limitBytes,
    after: memoryRatioTarget,
    unit: 'ratio',
  };
}

/** For a sentence: three digits are all that anybody reads. */
export function round(value: number): string {
  return Number(value.toPrecision(3)).toLocaleString('en-US');
}
