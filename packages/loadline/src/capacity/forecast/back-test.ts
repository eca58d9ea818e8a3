import type { Candidate } from './candidates.ts';
import type { Predictor } from './predictor.ts';

/** How a candidate fared on the part of a history that was not yet history for it. */
export interface Trial {
  readonly candidate: Candidate;
  /** It has seen all of the history. */
  readonly predictor: Predictor;
  /** By horizon, the mean error as a share of what came, weighted by it; NaN where it never made a forecast. */
  readonly errors: readonly number[];
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
}

/**
 * Lets a candidate go through a history as it came, and from steps of its last part, the origins, forecast what
 * came then: with no more than it could know. (Rolling origin: L. J. Tashman, 2000.)
 */
export function backTest(candidate: Candidate, { logs, from, stride, horizons }: TrialGround): Trial {
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
  return {
    candidate,
    predictor,
    errors: gathered.map(({ error, weight }) => error / weight),
    residuals: gathered.map(({ residuals, count }) => residuals.subarray(0, count).sort()),
  };
}
