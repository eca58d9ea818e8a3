import { normal, type Random } from '../base/index.ts';

/** Two groups of observations, each of which has the same figures in the same order. */
export interface TwoGroups {
  readonly from: readonly (readonly number[])[];
  readonly to: readonly (readonly number[])[];
  /**
   * What else tells how much each figure varies from observation to observation, right but for a factor that
   * the figures have in common.
   */
  readonly expectedVariances: readonly number[];
}

/** How sure the intervals are, all together. */
export interface SimultaneousOptions {
  /** With which all intervals hold at once: above 0 and below 1. */
  readonly confidence: number;
  readonly random: Random;
  /** How many rotations; default 4000, which tells the confidence 0.98 to ± 0.002. */
  readonly rotations?: number;
}

/** How far each figure of the second group lies above the first's. */
export interface SimultaneousDifferences {
  readonly intervals: readonly Interval[];
  /** Of one observation. */
  readonly variances: readonly number[];
  /** Of these variances. */
  readonly degrees: number;
}

/** An estimate, and the bounds between which the true value lies at the confidence that was asked for. */
export interface Interval {
  readonly value: number;
  readonly low: number;
  readonly high: number;
}

/**
 * Differences of many figures between two small groups, with intervals that hold all at once however the
 * figures depend on each other; three observations in all are the least.
 *
 * - Few observations tell a variance badly. Each is drawn towards what is expected of it, times the factor by
 *   which the figures typically exceed that, as if eight more observations had told so (G. K. Smyth's moderated t,
 *   Statistical Applications in Genetics 3, 2004; here with a fixed weight).
 * - All intervals reach as many standard errors as the largest figure of all does by chance (P. H. Westfall,
 *   S. S. Young, Resampling-Based Multiple Testing, 1993). Figures that say the same thing so count once.
 * - What chance does is seen by rotating the observations around their mean, which changes nothing of normal
 *   ones, of any variances and correlations (Ø. Langsrud, Rotation tests, Statistics and Computing 15, 2005). A
 *   rotation stands for every split of them, so that three are enough where permutations need eight.
 *
 * Exact for normal observations where the groups do not differ. Both groups are taken to vary alike, which
 * matters little where they are of one size.
 */
export function simultaneousDifferences(
  { from, to, expectedVariances }: TwoGroups,
  { confidence, random, rotations = 4000 }: SimultaneousOptions,
): SimultaneousDifferences {
  const all = [...from, ...to];
  const degrees = all.length - 2;
  const centered = columnsOf(all).map(center);
  const squares = centered.map((column) => dot(column, column));
  const priors = priorsOf(squares, expectedVariances, all.length - 1);
  /** The moderated variance of a figure of which the given part lies along one direction. */
  const varianceAt = (at: number, along: number): number => {
    const own = Math.max(0, (squares[at] as number) - along * along);
    return (own + priorDegrees * (priors[at] as number)) / (degrees + priorDegrees);
  };
  const direction = new Float64Array(all.length);
  const reachByChance = (): number => {
    drawDirection(direction, random);
    let largest = 0;
    for (let at = 0; at < centered.length; at++) {
      const along = dot(direction, centered[at] as Float64Array);
      if (along !== 0) largest = Math.max(largest, (along * along) / varianceAt(at, along));
    }
    return Math.sqrt(largest);
  };
  const reaches = Float64Array.from({ length: rotations }, reachByChance).sort();
  const critical = reaches[Math.min(rotations - 1, Math.floor(confidence * rotations))] as number;
  const scale = Math.sqrt(1 / from.length + 1 / to.length);
  const contrast = Float64Array.from(
    all,
    (_, index) => (index < from.length ? -1 / from.length : 1 / to.length) / scale,
  );
  const along = centered.map((column) => dot(contrast, column));
  const variances = along.map((length, at) => varianceAt(at, length));
  return {
    intervals: along.map((length, at) => {
      const value = length * scale;
      const reach = critical * scale * Math.sqrt(variances[at] as number);
      return { value, low: value - reach, high: value + reach };
    }),
    variances,
    degrees: degrees + priorDegrees,
  };
}

/** The weight of what is expected, in observations. */
const priorDegrees = 8;

/**
 * What is expected, times the factor that is typical of the figures: their median, and at least 1, because
 * observations that happen to agree prove nothing. It is told from the spread around the mean of all, which
 * rotations leave alone.
 */
function priorsOf(squares: readonly number[], expected: readonly number[], degrees: number): number[] {
  const factors = squares.flatMap((sum, at) => {
    const factor = sum / degrees / (expected[at] as number);
    return Number.isFinite(factor) ? [factor] : [];
  });
  const typical = Math.max(1, factors.sort((a, b) => a - b)[factors.length >> 1] ?? 1);
  return expected.map((variance) => variance * typical);
}

/** A direction that is as likely as any other of those in which the mean stays where it is. */
function drawDirection(direction: Float64Array, random: Random): void {
  for (let index = 0; index < direction.length; index++) direction[index] = normal(random, 0, 1);
  center(direction);
  const length = Math.sqrt(dot(direction, direction));
  for (let index = 0; index < direction.length; index++)
    direction[index] = (direction[index] as number) / length;
}

function columnsOf(rows: readonly (readonly number[])[]): Float64Array[] {
  return (rows[0] as readonly number[]).map((_, at) => Float64Array.from(rows, (row) => row[at] as number));
}

function center(values: Float64Array): Float64Array {
  let sum = 0;
  for (let index = 0; index < values.length; index++) sum += values[index] as number;
  const mean = sum / values.length;
  for (let index = 0; index < values.length; index++) values[index] = (values[index] as number) - mean;
  return values;
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let index = 0; index < a.length; index++) sum += (a[index] as number) * (b[index] as number);
  return sum;
}
