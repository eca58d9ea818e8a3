import { createRandom, integerBetween, type Random } from '../base/index.ts';
import { criticalT, fitCurve, fitLinear } from '../statistics/index.ts';
import { ceilingOf, type Peak, peakOf, type ScalabilityLaw, throughputAt } from './scalability-law.ts';

/** What was measured at one level of load that held for a while. */
export type ScalabilityPoint = {
  /** Requests that were answered a second. */
  readonly ratePerSecond: number;
} & (
  | { /** How many were under way, on average. */ readonly concurrency: number }
  | { /** From which follows how many were under way. */ readonly latencyMsMean: number }
);

/** A curve, or why there is none. */
export type ScalabilityFit = FittedScalability | NoScalability;

/** A curve through the points, how sure it is, and what it cannot say. */
export interface FittedScalability {
  readonly kind: 'fitted';
  readonly points: number;
  readonly law: ScalabilityLaw;
  /** About nine times in ten, the true values lie within these. */
  readonly intervals: {
    readonly ratePerSecondAlone: Range;
    readonly contention: Range;
    readonly coherency: Range;
    /**
     * The highest throughput at any concurrency; `high` is undefined where the points set none, and `low` is what was
     * measured where they show no bend.
     */
    readonly ceilingPerSecond: { readonly low: number; readonly high: number | undefined };
  };
  /** Undefined where the points do not show one. */
  readonly peak: Peak | undefined;
  /** How far the points lie from the curve, relative: the root of the mean square. */
  readonly deviation: number;
  /** For people: what the fit shows, and what it cannot say. */
  readonly statements: readonly string[];
}

/** Too few points, or too close together. */
export interface NoScalability {
  readonly kind: 'none';
  readonly points: number;
  readonly statements: readonly string[];
}

/** Both ends belong to it. */
export interface Range {
  readonly low: number;
  readonly high: number;
}

/**
 * Fits the scalability law to measured points, by least squares of the relative deviation: noise of a machine is
 * a share of the rate. It starts from the law's linear form, N/X = (1 + σ(N − 1) + κN(N − 1)) / λ. Intervals come
 * from the bootstrap of the residuals (B. Efron, 1979), which needs no assumption where κ rests at 0.
 *
 * @param seed repeats the draws of the bootstrap.
 */
export function fitScalability(points: readonly ScalabilityPoint[], seed = 1): ScalabilityFit {
  const samples = points.map(asSample).filter(({ x, y }) => x > 0 && y > 0);
  const lacking = whatIsLacking(samples);
  if (lacking !== undefined) return { kind: 'none', points: samples.length, statements: [lacking] };
  const levels = samples.map(({ x }) => x);
  const measured = { fewest: Math.min(...levels), most: Math.max(...levels) };
  const rateMax = Math.max(...samples.map(({ y }) => y));
  const law = fitLaw(samples, startFrom(samples));
  const laws = resampledLaws(samples, law, createRandom(seed));
  const isStraight = isStraightUpTo(law, measured.most);
  // What it says of one alone is then a guess, and so is how much that would get done.
  const isFullBefore = isFull(law) && measured.fewest > 1;
  const intervals = {
    ratePerSecondAlone: rangeOf(laws.map((each) => each.ratePerSecondAlone)),
    contention: rangeOf(laws.map((each) => each.contention)),
    coherency: rangeOf(laws.map((each) => each.coherency)),
    ceilingPerSecond: isStraight || isFullBefore ? { low: rateMax, high: undefined } : ceilingRange(laws),
  };
  const fit = {
    kind: 'fitted' as const,
    points: samples.length,
    law,
    intervals,
    deviation: Math.sqrt(meanSquare(residualsOf(samples, law))),
  };
  const isSeen = fit.deviation <= poorDeviation && !isStraight && !isFullBefore;
  const peak = isSeen && intervals.coherency.low > 0 ? peakOf(law) : undefined;
  return { ...fit, peak, statements: describe({ ...fit, peak }, measured) };
}

/** x is the concurrency N, y the throughput X. */
interface Sample {
  readonly x: number;
  readonly y: number;
}

function asSample(point: ScalabilityPoint): Sample {
  const y = point.ratePerSecond;
  return { x: 'concurrency' in point ? point.concurrency : (y * point.latencyMsMean) / 1000, y };
}

const pointsMin = 5;
/** With less between the lowest and the highest, a line goes through everything. */
const spanMin = 2;

function whatIsLacking(samples: readonly Sample[]): string | undefined {
  if (samples.length < pointsMin) {
    return `No curve: its three parameters take at least ${pointsMin} points, and there are ${samples.length}.`;
  }
  const levels = samples.map(({ x }) => x);
  const span = Math.max(...levels) / Math.min(...levels);
  return span < spanMin
    ? `No curve: from the lowest to the highest, the points differ in concurrency by a factor of only ${span.toPrecision(2)}.`
    : undefined;
}

function startFrom(samples: readonly Sample[]): ScalabilityLaw {
  const linear = fitLinear(
    samples.map(({ x, y }) => ({ inputs: [1, x - 1, x * (x - 1)], output: x / y, weight: (y / x) ** 2 })),
  );
  const [alone = 0, contention = 0, coherency = 0] = linear?.coefficients ?? [];
  if (alone > 0) {
    return {
      ratePerSecondAlone: 1 / alone,
      contention: Math.max(0, contention / alone),
      coherency: Math.max(0, coherency / alone),
    };
  }
  const rates = samples.map(({ x, y }) => y / x);
  return { ratePerSecondAlone: Math.max(...rates), contention: 0.01, coherency: 0 };
}

function fitLaw(samples: readonly Sample[], start: ScalabilityLaw): ScalabilityLaw {
  const { parameters } = fitCurve({
    points: samples.map(({ x, y }) => ({ x, y: Math.log(y) })),
    model: (at, x) => Math.log(throughputAt(lawOf(at), x)),
    start: [Math.log(start.ratePerSecondAlone), start.contention, start.coherency],
    lowest: [Number.NEGATIVE_INFINITY, 0, 0],
    highest: [Number.POSITIVE_INFINITY, 1, Number.POSITIVE_INFINITY],
  });
  return lawOf(parameters);
}

/** λ by its logarithm: its scale is anybody's guess. */
function lawOf([logAlone = 0, contention = 0, coherency = 0]: readonly number[]): ScalabilityLaw {
  return { ratePerSecondAlone: Math.exp(logAlone), contention, coherency };
}

function residualsOf(samples: readonly Sample[], law: ScalabilityLaw): number[] {
  return samples.map(({ x, y }) => Math.log(y / throughputAt(law, x)));
}

/** Laws of as many samples, whose deviations from the curve are drawn anew from those that were seen. */
function resampledLaws(samples: readonly Sample[], law: ScalabilityLaw, random: Random): ScalabilityLaw[] {
  // Three parameters have taken their share of the deviations, and few points know it badly: Student's t for that.
  const degrees = samples.length - 3;
  const doubt = criticalT(confidence, degrees) / criticalT(confidence, Number.POSITIVE_INFINITY);
  const inflation = doubt * Math.sqrt(samples.length / degrees);
  const residuals = residualsOf(samples, law).map((residual) => residual * inflation);
  return Array.from({ length: resamples }, () => {
    const drawn = samples.map(({ x }) => {
      const residual = residuals[integerBetween(random, 0, residuals.length - 1)] as number;
      return { x, y: throughputAt(law, x) * Math.exp(residual) };
    });
    return fitLaw(drawn, law);
  });
}

const resamples = 200;
const confidence = 0.9;
const tail = (1 - confidence) / 2;

function rangeOf(values: readonly number[]): Range {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (share: number): number => sorted[Math.round(share * (sorted.length - 1))] as number;
  return { low: at(tail), high: at(1 - tail) };
}

function ceilingRange(laws: readonly ScalabilityLaw[]): { low: number; high: number | undefined } {
  const { low, high } = rangeOf(laws.map(ceilingOf));
  return { low, high: Number.isFinite(high) ? high : undefined };
}

function meanSquare(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value * value, 0) / values.length;
}

/** Where one more still brings this share of what the first one brought, nothing has bent. */
const straightShare = 0.9;

/** Of a straight line any bend is a guess: where it ends was not seen. */
function isStraightUpTo(law: ScalabilityLaw, concurrency: number): boolean {
  return throughputAt(law, concurrency) > straightShare * law.ratePerSecondAlone * concurrency;
}

/** Everything has to queue: more under way never get more done. The law ends there, and so does the fit. */
function isFull({ contention }: ScalabilityLaw): boolean {
  return contention >= 1;
}

const poorDeviation = 0.1;

function describe(
  fit: Omit<FittedScalability, 'statements'>,
  { fewest, most }: { readonly fewest: number; readonly most: number },
): string[] {
  const { law, peak, deviation } = fit;
  const measured = `${threeDigits(most)} under way at once, the most that was measured`;
  if (deviation > poorDeviation) {
    return [
      `The law does not describe these points: they lie ${Math.round(deviation * 100)} % from the curve.`,
    ];
  }
  if (isFull(law)) {
    const least = `${threeDigits(fewest)} under way at once on, the fewest that were measured`;
    const before = fewest > 1 ? ' What fewer would get done cannot be told.' : '';
    return [`From ${least}, more never got more done: contention is 1, the most that there is.${before}`];
  }
  if (isStraightUpTo(law, most)) {
    return [
      `No bend has been seen yet: up to ${measured}, throughput grows with concurrency. Where it ends cannot be told.`,
    ];
  }
  if (peak === undefined) {
    return [`It bends, but shows no peak up to ${measured}: whether it falls beyond cannot be told.`];
  }
  return peak.concurrency > most
    ? [`The peak at ${Math.round(peak.concurrency)} lies beyond ${measured}: it is an extrapolation.`]
    : [];
}

function threeDigits(value: number): number {
  return Number(value.toPrecision(3));
}
