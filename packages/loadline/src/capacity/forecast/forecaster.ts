import { backTest, type Trial } from './back-test.ts';
import { candidatesFor, dayMs } from './candidates.ts';
import { type LogScale, logScaleOf, type Series } from './series.ts';

/** What was learned from a history, and what it says of the time after it. */
export interface Forecaster {
  readonly verdict: ForecastVerdict;
  /** The value of the step after the last one; NaN where nothing was measured. The choice stays as it is. */
  observe(value: number): void;
  /**
   * What is expected so long after the end of the last step, at most the horizon that it was made for.
   *
   * @returns undefined where nothing can be said.
   */
  at(aheadMs: number): Foreseen | undefined;
  /** The same, had this been the value of the step that goes on now: so long after that step's end. */
  atAfter(value: number, aheadMs: number): Foreseen | undefined;
}

/** What may come. */
export interface Foreseen {
  /** As likely more as less. */
  readonly expected: number;
  /** What is not exceeded in this share of cases, as the back-test has seen them: 0.9 for nine in ten. */
  quantile(share: number): number;
}

/** Which way to forecast was chosen and how it did, or why there is none. */
export type ForecastVerdict =
  | {
      readonly kind: 'chosen';
      /** The way that erred least, at the horizon and the quantile. */
      readonly method: string;
      readonly season: 'day' | 'week' | undefined;
      /** Its mean error at the horizon, as a share of what came. */
      readonly errorRatio: number;
      /** That of the naive forecast: a season ago, or where there is none, the last value. */
      readonly naiveErrorRatio: number;
      /** From so many origins. */
      readonly origins: number;
      /** All that were tried, best first. */
      readonly tried: readonly { readonly method: string; readonly errorRatio: number }[];
    }
  | { readonly kind: 'none'; readonly because: string };

/** What it will be asked: the way to forecast is chosen for that. */
export interface ForecastOptions {
  /** How far ahead it will be asked, at most; what errs least so far ahead is chosen. Default an hour. */
  readonly horizonMs?: number;
  /** The quantile that it will be asked for; what errs least there is chosen. Default 0.5, the middle. */
  readonly quantile?: number;
}

/**
 * Chooses how to forecast by a back-test on the series' own last days, against the naive forecast; see `Candidate`.
 * Pure. Thirty days of minutes take some tens of milliseconds; no more than the last 35 days are looked at.
 */
export function createForecaster(history: Series, options: ForecastOptions = {}): Forecaster {
  const { stepMs } = history;
  const values = lastDays(history);
  const scale = logScaleOf(values);
  const logs = Float64Array.from({ length: values.length }, (_, at) => scale.toLog(values[at] as number));
  const horizons = horizonsFor(Math.max(1, Math.round((options.horizonMs ?? 3_600_000) / stepMs)));
  const from = firstOrigin(logs.length, stepMs);
  const farthest = horizons.length - 1;
  const originsMin = 30;
  const measured = logs.filter((log) => !Number.isNaN(log)).length;
  if (measured < 2 * originsMin || logs.length - from - (horizons[farthest] as number) < originsMin)
    return unable(`${measured} steps are too few to choose a forecast by`);
  const { quantile = 0.5 } = options;
  const ground = { logs, from, stride: strideFor(logs.length - from), horizons, quantile };
  const trials = candidatesFor(stepMs, logs.length, from)
    .map((candidate) => backTest(candidate, ground))
    .filter(({ residuals }) => (residuals[farthest] as Float64Array).length >= originsMin)
    .sort((a, b) => a.loss - b.loss);
  const best = trials[0];
  if (best === undefined) return unable('of its last days, too little was measured to choose a forecast by');
  return forecasterOf(best, { horizons, stepMs, scale, verdict: verdictOf(best, trials) });
}

const historyDaysMax = 35;

function lastDays({ values, stepMs }: Series): ArrayLike<number> {
  const most = Math.floor((historyDaysMax * dayMs) / stepMs);
  return values.length <= most ? values : Array.prototype.slice.call(values, values.length - most);
}

/** A few up to the farthest: how wrong one is between them is read between them. */
function horizonsFor(farthest: number): readonly number[] {
  const some = [1, farthest / 8, farthest / 3, farthest].map((steps) => Math.max(1, Math.round(steps)));
  return [...new Set(some)];
}

/** Judged is at most a week, and of a short history its last third. */
function firstOrigin(steps: number, stepMs: number): number {
  return steps - Math.min(Math.floor(steps / 3), Math.floor((7 * dayMs) / stepMs));
}

/** Odd, so that what comes every ten minutes is not met always, or never. */
function strideFor(steps: number): number {
  return Math.floor(steps / originsWanted) | 1;
}

/** More would cost more and tell little more: neighbours err alike. */
const originsWanted = 1500;

function unable(because: string): Forecaster {
  return {
    verdict: { kind: 'none', because },
    observe: () => undefined,
    at: () => undefined,
    atAfter: () => undefined,
  };
}

function verdictOf(best: Trial, trials: readonly Trial[]): ForecastVerdict {
  const errorOf = ({ errors }: Trial): number => errors.at(-1) as number;
  const naive = trials.find(({ candidate }) => candidate.isNaive);
  return {
    kind: 'chosen',
    method: best.candidate.name,
    season: best.candidate.season,
    errorRatio: errorOf(best),
    naiveErrorRatio: naive === undefined ? Number.NaN : errorOf(naive),
    origins: best.residuals.at(-1)?.length ?? 0,
    tried: trials.map((each) => ({ method: each.candidate.name, errorRatio: errorOf(each) })),
  };
}

function forecasterOf(
  { predictor, residuals }: Trial,
  {
    horizons,
    stepMs,
    scale,
    verdict,
  }: {
    readonly horizons: readonly number[];
    readonly stepMs: number;
    readonly scale: LogScale;
    readonly verdict: ForecastVerdict;
  },
): Forecaster {
  const farthest = horizons.at(-1) as number;
  return {
    verdict,
    observe: (value) => predictor.observe(scale.toLog(value)),
    at: (aheadMs) => foresee(aheadMs, (steps) => predictor.predict(steps)),
    atAfter(value, aheadMs) {
      const latest = scale.toLog(value);
      return foresee(aheadMs, (steps) => predictor.predictAfter(latest, steps));
    },
  };

  function foresee(aheadMs: number, predict: (steps: number) => number): Foreseen | undefined {
    const steps = Math.max(1, Math.round(aheadMs / stepMs));
    if (steps > farthest) return undefined;
    const log = predict(steps);
    if (Number.isNaN(log)) return undefined;
    return {
      expected: scale.fromLog(log),
      quantile: (share) => scale.fromLog(log + deviationAt(steps, share)),
    };
  }

  /** Between the horizons that were tried, on the line between them. */
  function deviationAt(steps: number, share: number): number {
    const above = horizons.findIndex((each) => each >= steps);
    const high = quantileOf(residuals[above] as Float64Array, share);
    if (above === 0) return high;
    const [from, to] = [horizons[above - 1] as number, horizons[above] as number];
    const low = quantileOf(residuals[above - 1] as Float64Array, share);
    return low + ((steps - from) / (to - from)) * (high - low);
  }
}

function quantileOf(sorted: Float64Array, share: number): number {
  const at = Math.min(1, Math.max(0, share)) * (sorted.length - 1);
  const low = sorted[Math.floor(at)] as number;
  return low + (at % 1) * ((sorted[Math.ceil(at)] as number) - low);
}
