import { createRandom, type Random } from '../../base/index.ts';
import { meanOf } from '../../statistics/index.ts';
import { type Difference, differencesOf, endpointsOfOne, warningsOf } from './differences.ts';
import {
  type Effect,
  type EffectVerdict,
  type Inference,
  judgeEffect,
  type Observed,
  seenEffect,
} from './effect.ts';
import { infer } from './infer.ts';
import { type MeasuredRow, type MeasuredRun, measureRun } from './measure-run.ts';
import { type ComparedMetric, comparedMetrics } from './metrics.ts';
import type { ReportedRun, RunStatus } from './reported-run.ts';

/** What two sets of runs tell about two builds. Plain data: it goes to a file as it is. */
export interface Comparison {
  readonly schema: 'loadline.comparison/1';
  /** The worst of the effects: worse, inconclusive, better, same; or `invalid` where they may not be compared. */
  readonly verdict: EffectVerdict | 'invalid';
  /** For people: why. */
  readonly reasons: readonly string[];
  readonly margin: number;
  readonly errorMargin: number;
  /** That every interval holds at once. */
  readonly confidence: number;
  readonly a: readonly ComparedRun[];
  readonly b: readonly ComparedRun[];
  /** In what else than the build the sides differ. */
  readonly differences: readonly Difference[];
  /** What weakens the comparison. */
  readonly warnings: readonly string[];
  /** Worse first, then inconclusive, better and same; the largest changes first. */
  readonly effects: readonly Effect[];
}

/** A run that was compared. */
export interface ComparedRun {
  readonly name: string;
  readonly startedAt: string;
  readonly status: RunStatus;
  readonly requests: number;
  readonly activeMs: number;
}

/** How changes are judged; what is left out has the default. */
export interface CompareOptions {
  /** Changes of times and rates within ± this are none; above 0, default 0.05 (5 %). */
  readonly margin?: number;
  /** Changes of the error ratio within ± this are none; above 0, default 0.001 (0.1 percentage points). */
  readonly errorMargin?: number;
  /** With which all intervals hold at once: above 0 and below 1, default 0.98. */
  readonly confidence?: number;
  /** For the resampling; default one of a fixed seed, so that the same runs give the same comparison. */
  readonly random?: Random;
}

/**
 * Compares runs of one build with runs of another, metric by metric, for each endpoint and the whole.
 *
 * The run is the unit: seconds of one run are alike for reasons that do not repeat. Of all runs' figures, times
 * and rates as logarithms, the differences are told with intervals that hold all at once. So at most one
 * comparison in fifty of a build with itself tells of any change, whatever the number of endpoints.
 *
 * @param a runs of the build that is the measure, at least one; five on each side are a good beginning.
 * @param b runs of the build that is judged.
 * @throws RangeError where a side has no run.
 */
export function compareRuns(
  a: readonly ReportedRun[],
  b: readonly ReportedRun[],
  options: CompareOptions = {},
): Comparison {
  if (a.length === 0 || b.length === 0) throw new RangeError('A comparison needs a run on each side.');
  const { margin = 0.05, errorMargin = 0.001, confidence = 0.98, random = createRandom('compare') } = options;
  const unfit = [...unfitRuns('A', a), ...unfitRuns('B', b)];
  const rule = { margin, errorMargin, confidence, random };
  const effects = unfit.length > 0 ? [] : compareMeasured(a.map(measureRun), b.map(measureRun), rule);
  return {
    schema: 'loadline.comparison/1',
    verdict: unfit.length > 0 ? 'invalid' : (effects[0]?.verdict ?? 'inconclusive'),
    reasons: unfit.length > 0 ? unfit : reasonsOf(effects),
    margin,
    errorMargin,
    confidence,
    a: a.map(comparedRun),
    b: b.map(comparedRun),
    differences: differencesOf(a, b),
    warnings: [...warningsOf(a, b), ...aboutUnjudged(effects)],
    effects,
  };
}

/** The same for runs that were measured before. Pure. */
export function compareMeasured(
  a: readonly MeasuredRun[],
  b: readonly MeasuredRun[],
  { margin, errorMargin, confidence, random }: Required<CompareOptions>,
): Effect[] {
  const marginOf = ({ by }: ComparedMetric): number => (by === 'ratio' ? Math.log1p(margin) : errorMargin);
  const seen = observationsOf(a, b);
  const judged = seen.filter(({ within }) => Number.isFinite(within));
  const evidence = {
    observed: judged.map(({ observed }) => observed),
    // Nobody needs to know a figure better than to a tenth of the margin; what hardly varies sets no standard.
    variancesWithin: judged.map(({ observed, within }) =>
      Math.max(within, (marginOf(observed.metric) / 10) ** 2),
    ),
  };
  const inferences = judged.length > 0 ? infer(evidence, confidence, random) : [];
  const effects = [
    ...judged.map(({ observed }, at) =>
      judgeEffect(observed, inferences[at] as Inference, marginOf(observed.metric)),
    ),
    ...seen.filter(({ within }) => !Number.isFinite(within)).map(({ observed }) => seenEffect(observed)),
  ];
  return effects.sort(
    (x, y) => order.indexOf(x.verdict) - order.indexOf(y.verdict) || Math.abs(y.change) - Math.abs(x.change),
  );
}

const order: readonly EffectVerdict[] = ['worse', 'inconclusive', 'better', 'same'];

/**
 * Every metric that all runs have, of each endpoint and of the whole, unless one endpoint is the whole, or the wholes
 * are made of other endpoints.
 */
function observationsOf(a: readonly MeasuredRun[], b: readonly MeasuredRun[]): Observation[] {
  const runs = [...a, ...b];
  const names = [...new Set(runs.flatMap((run) => [...run.endpoints.keys()]))];
  const namesOf = (side: readonly MeasuredRun[]): string[][] => side.map((run) => [...run.endpoints.keys()]);
  const isWholeAlike = endpointsOfOne(namesOf(a), namesOf(b)).length === 0;
  const endpoints = names.length === 1 || !isWholeAlike ? names : [...names, undefined];
  return endpoints.flatMap((endpoint) => {
    const rows = runs.flatMap((run) => rowOf(run, endpoint) ?? []);
    return comparedMetrics.flatMap((metric, at) => {
      const figures = rows.map((row) => row.figures[at] as number).filter(Number.isFinite);
      if (figures.length < runs.length) return [];
      const isNone = (side: readonly MeasuredRow[]): boolean =>
        metric.unit === '/s' && !side.some(hasGoodAnswer);
      const observed = {
        endpoint,
        metric,
        a: figures.slice(0, a.length),
        b: figures.slice(a.length),
        isNone: { a: isNone(rows.slice(0, a.length)), b: isNone(rows.slice(a.length)) },
      };
      // NaN where one is: what a run does not tell of itself, the others cannot tell of it.
      const within = meanOf(rows.map((row) => row.variances[at] as number));
      return [{ observed, within: metric.by === 'ratio' ? within : atLeastOfCounts(within, figures, rows) }];
    });
  });
}

function hasGoodAnswer({ requests, errors }: MeasuredRow): boolean {
  return requests > errors;
}

/** A metric, and how much it varies within a run on the average; NaN where a run is too short to tell. */
interface Observation {
  readonly observed: Observed;
  readonly within: number;
}

/**
 * A ratio of counts varies at least as chance alone makes it, even where there was no error yet: what all runs
 * together had counts, with one more of either outcome (Laplace's rule of succession).
 */
function atLeastOfCounts(within: number, ratios: readonly number[], rows: readonly MeasuredRow[]): number {
  const requests = rows.reduce((sum, row) => sum + row.requests, 0);
  const errors = rows.reduce((sum, row, run) => sum + row.requests * (ratios[run] as number), 0);
  const ratio = (errors + 1) / (requests + 2);
  const byChance = ratio * (1 - ratio) * meanOf(rows.map((row) => 1 / row.requests));
  return Number.isNaN(within) ? byChance : Math.max(within, byChance);
}

function rowOf(run: MeasuredRun, endpoint: string | undefined): MeasuredRow | undefined {
  return endpoint === undefined ? run.total : run.endpoints.get(endpoint);
}

/** Numbers of a run that was cut off, or that its generator held up, say nothing about the target. */
function unfitRuns(side: 'A' | 'B', runs: readonly ReportedRun[]): string[] {
  return runs.flatMap(({ name, startedAt, file, verdict: { status, reasons } }) => {
    if (status !== 'invalid' && status !== 'interrupted') return [];
    const which = file === undefined ? `of ${startedAt} in ${side}` : `in ${side}, ${file},`;
    return [`The run "${name}" ${which} is ${status}: ${reasons.join(' ')}`];
  });
}

function reasonsOf(effects: readonly Effect[]): string[] {
  if (effects.length === 0) return ['The two sides have no endpoint in common that answered.'];
  const counts = order.map((verdict) => [verdict, effects.filter((each) => each.verdict === verdict).length]);
  const found = counts.filter(([, count]) => (count as number) > 0);
  return [
    `Of ${effects.length} comparisons: ${found.map(([verdict, count]) => `${count} ${verdict}`).join(', ')}.`,
  ];
}

function aboutUnjudged(effects: readonly Effect[]): string[] {
  const unjudged = effects.filter(({ low }) => low === undefined).length;
  if (unjudged === 0) return [];
  return [
    `${unjudged} of ${effects.length} figures cannot be judged: each run needs four seconds, with answers in most.`,
  ];
}

function comparedRun({ name, startedAt, verdict, total, activeMs }: ReportedRun): ComparedRun {
  return { name, startedAt, status: verdict.status, requests: total.requests, activeMs };
}
