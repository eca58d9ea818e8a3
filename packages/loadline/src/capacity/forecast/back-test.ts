import type { Candidate } from './candidates.ts';
import type { Predictor } from './predictor.ts';

/** How a candidate fared on the part of a history that was not yet history for it. */
export interface Trial {
  readonly candidate: Candidate;
  /** It has seen all of the history. */
  readonly predictor: Predictor;
  /** By horizon, the mean error as a share of what came, weighted by it; NaN where it never made a forecast. */
  readonly errors: readonly number[];
  /** What was lost at the farthest horizon by the quantile that is asked for; least where it is sharpest. */
  readonly loss: number;
  /** By horizon, the deviations of what came from what was expected, as logarithms, in order. */
  readonly residuals: readonly Float64Array[];
}

/** What every candidate is tried on. */
export interface TrialGround {
  /** The history as logarithms; NaN where nothing was measured. */
  readonly logs: Float64Array;
  /** The first origin, and how many steps lie from one to the next. */
  readonly from: number;
  readonly stride: number;
  /** In steps. */
  readonly horizons: readonly number[];
  /** Which part of what may come is asked for: 0.5 for the middle. */
  readonly quantile: number;
}

/**
 * Lets a candidate go through a history as it came, and from steps of its last part, the origins, forecast what
 * came then: with no more than it could know. (Rolling origin: L. J. Tashman, 2000.)
 */
export function backTest(candidate: Candidate, ground: TrialGround): Trial {
  const { logs, from, stride, horizons, quantile } = ground;
  const predictor = candidate.create();
  for (let at = 0; at < from; at++) predictor.observe(logs[at] as number);
  const gathered = horizons.map((steps) => ({
    steps,
    residuals: new Float64Array(Math.ceil(Math.max(0, logs.length - from - steps) / stride)),
    count: 0,
    error: 0,
    weight: 0,
  }));
  for (let at = from; at < logs.length; at++) {
    predictor.observe(logs[at] as number);
    if ((at - from) % stride !== 0) continue;
    for (const each of gathered) {
      if (at + each.steps >= logs.length) continue;
      const came = logs[at + each.steps] as number;
      const residual = came - predictor.predict(each.steps);
      if (Number.isNaN(residual)) continue;
      const weight = Math.exp(came);
      each.residuals[each.count++] = residual;
      each.error += weight * Math.abs(residual);
      each.weight += weight;
    }
  }
  const residuals = gathered.map((each) => each.residuals.subarray(0, each.count).sort());
  return {
    candidate,
    predictor,
    errors: gathered.map(({ error, weight }) => error / weight),
    loss: lossOf(residuals.at(-1) as Float64Array, quantile),
    residuals,
  };
}

/**
 * The mean loss of a quantile (R. Koenker, G. Bassett, 1978), which punishes both that too much is provided for and
 * that too little is, as its share says. The quantile lies so far above what is expected as it does above the median
 * of these deviations: whoever errs to one side pays for it.
 */
function lossOf(sorted: Float64Array, share: number): number {
  const quantileAt = (each: number): number => sorted[Math.floor(each * (sorted.length - 1))] as number;
  const at = quantileAt(share) - quantileAt(0.5);
  let sum = 0;
  for (const residual of sorted) sum += (residual > at ? share : share - 1) * (residual - at);
  return sum / sorted.length;
}
