/**
 * What is believed of a limit after runs that met their objectives or missed them: a weight for every pair of
 * a limit and a spread. Pure.
 *
 * A run at rate r meets them with a chance that falls from 1 to 0 around the limit, along a logistic curve
 * over ln r. Its spread is how much the machine's noise moves the outcome: with none, this is bisection; with
 * much, the same questions take more runs, and nobody has to say beforehand which it is. The idea is that of
 * adaptive threshold tests in psychophysics: A. B. Watson, D. G. Pelli, "QUEST", 1983; L. L. Kontsevich,
 * C. W. Tyler, "Bayesian adaptive estimation of psychometric slope and threshold", 1999.
 */
export interface Belief {
  /** ln of the rates that may be the limit, evenly spaced. */
  readonly logRates: Float64Array;
  /** One row of limits after the other, a row for each spread; they sum to 1. */
  readonly weights: Float64Array;
}

/**
 * Nothing is known yet. Every limit is as likely as any other, and a machine as quiet again is twice as likely,
 * so that it takes a few surprises before the search takes its time.
 *
 * @param grain the relative distance of two neighbouring rates.
 */
export function createBelief({ fromRate, toRate, grain }: BeliefRange): Belief {
  const first = Math.log(fromRate / margin);
  const count = Math.ceil((Math.log(toRate * margin) - first) / Math.log1p(grain)) + 1;
  const logRates = Float64Array.from({ length: count }, (_, index) => first + index * Math.log1p(grain));
  const total = spreads.reduce((sum, spread) => sum + 1 / spread, 0) * count;
  const weights = new Float64Array(count * spreads.length);
  for (const [row, spread] of spreads.entries()) {
    weights.fill(1 / spread / total, row * count, (row + 1) * count);
  }
  return { logRates, weights };
}

interface BeliefRange {
  readonly fromRate: number;
  readonly toRate: number;
  readonly grain: number;
}

/** The limit may lie outside of the rates that are tried, by this factor: that is found out too. */
const margin = 2;
/** Standard deviations of ln r: from a machine of one's own to a shared one that drifts by 15 % and more. */
const spreads = [0.01, 0.02, 0.04, 0.08, 0.16] as const;
/** A logistic curve of scale s has a standard deviation of π·s/√3. */
const scales = spreads.map((spread) => (spread * Math.sqrt(3)) / Math.PI);
/** Of a hundred runs, so many end otherwise than they should for a reason that has nothing to do with the rate. */
const lapse = 0.02;

/** Bayes' rule for one run. */
export function learn({ logRates, weights }: Belief, rate: number, isMet: boolean): Belief {
  const logRate = Math.log(rate);
  const learned = new Float64Array(weights.length);
  let total = 0;
  for (let row = 0, cell = 0; row < scales.length; row++) {
    const scale = scales[row] as number;
    for (let index = 0; index < logRates.length; index++, cell++) {
      const chance = chanceAt(logRate - (logRates[index] as number), scale);
      const weight = (weights[cell] as number) * (isMet ? chance : 1 - chance);
      learned[cell] = weight;
      total += weight;
    }
  }
  for (let cell = 0; cell < learned.length; cell++) learned[cell] = (learned[cell] as number) / total;
  return { logRates, weights: learned };
}

/** The rate below which the limit lies with this probability. */
export function quantileRate({ logRates, weights }: Belief, probability: number): number {
  let below = 0;
  for (let index = 0; index < logRates.length; index++) {
    for (let row = 0; row < scales.length; row++) below += weights[row * logRates.length + index] as number;
    if (below >= probability) return Math.exp(logRates[index] as number);
  }
  return Math.exp(logRates.at(-1) as number);
}

/** How likely a run at this rate is to meet the objectives, over all limits and spreads that are possible. */
function chanceToMeet({ logRates, weights }: Belief, rate: number): number {
  const logRate = Math.log(rate);
  let sum = 0;
  for (let row = 0, cell = 0; row < scales.length; row++) {
    const scale = scales[row] as number;
    for (let index = 0; index < logRates.length; index++, cell++) {
      const weight = weights[cell] as number;
      if (weight > negligible) sum += weight * chanceAt(logRate - (logRates[index] as number), scale);
    }
  }
  return sum;
}

/** The highest rate at which the chance to meet the objectives is at least this; the lowest of all where none is. */
export function rateOfChance(belief: Belief, chance: number): number {
  let low = 0;
  let high = belief.logRates.length - 1;
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (chanceToMeet(belief, Math.exp(belief.logRates[middle] as number)) >= chance) low = middle;
    else high = middle - 1;
  }
  return Math.exp(belief.logRates[low] as number);
}

const negligible = 1e-9;

function chanceAt(distance: number, scale: number): number {
  return lapse + (1 - 2 * lapse) / (1 + Math.exp(distance / scale));
}
