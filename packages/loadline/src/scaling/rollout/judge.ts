import { type ComparedMetric, changeOf, type EffectVerdict, verdictOf } from '../../load/compare/index.ts';
import { alwaysValidInterval, type RunningMean } from '../../statistics/index.ts';
import { type EndpointEvidence, type Evidence, rolloutMetrics } from './evidence.ts';
import type { RolloutJudge } from './plan.ts';

/** What a step's evidence says of the candidate. */
export interface Judgement {
  /** `worse` where anything is; otherwise the first of inconclusive, better and same among what carries weight. */
  readonly verdict: EffectVerdict;
  /** Worse first, then inconclusive, better and same. */
  readonly effects: readonly RolloutEffect[];
}

/** One metric of one endpoint, from the baseline to the candidate. */
export interface RolloutEffect {
  /** Undefined is the whole. */
  readonly endpoint: string | undefined;
  readonly metric: string;
  /** Relative to the baseline: 0.1 is 10 % more. Of errors, the ratios' difference. */
  readonly change: number;
  /** It lies between these, and so does every other effect's in every look; infinite where nothing can be told yet. */
  readonly low: number;
  readonly high: number;
  readonly verdict: EffectVerdict;
  readonly blocks: number;
  /** Too rare to keep the step back; worse it may still be. */
  readonly isMinor: boolean;
}

/**
 * Judges a step by the metrics, the margins and the verdicts of `compare`. There the run is the unit and one looks
 * once; here it is a block of time, in which both builds had the same traffic on the same machines, and one looks
 * after every block: so blocks are paired, and the intervals hold however often one looks.
 *
 * The error probability is shared by Bonferroni's inequality among the steps of the plan and the metrics, and among
 * the endpoints by the order in which they came: 1/2 for the whole, then 1/6, 1/12, 1/20 and so on, which is 1 in all
 * for any number of them.
 */
export function judgeEvidence(evidence: Evidence, judge: RolloutJudge, steps: number): Judgement {
  const whole = evidence.find(({ endpoint }) => endpoint === undefined);
  const effects = evidence.flatMap((each, at) => {
    const isMinor = each.requests.candidate < (whole?.requests.candidate ?? 0) * minorShare;
    const errorProbability = (1 - judge.confidence) / (steps * rolloutMetrics.length * (at + 1) * (at + 2));
    return rolloutMetrics.map((metric, index) => ({
      ...judgeMetric({ each, metric, index, judge, errorProbability }),
      isMinor,
    }));
  });
  effects.sort((x, y) => order.indexOf(x.verdict) - order.indexOf(y.verdict));
  const isWorse = effects[0]?.verdict === 'worse';
  const telling = isWorse ? effects : effects.filter(({ isMinor }) => !isMinor);
  return { verdict: telling[0]?.verdict ?? 'inconclusive', effects };
}

const order: readonly EffectVerdict[] = ['worse', 'inconclusive', 'better', 'same'];
const minorShare = 0.05;

interface Question {
  readonly each: EndpointEvidence;
  readonly metric: ComparedMetric;
  readonly index: number;
  readonly judge: RolloutJudge;
  readonly errorProbability: number;
}

function judgeMetric({
  each,
  metric,
  index,
  judge,
  errorProbability,
}: Question): Omit<RolloutEffect, 'isMinor'> {
  const running = each.differences[index] as RunningMean;
  const margin = metric.by === 'ratio' ? Math.log1p(judge.margin) : judge.errorMargin;
  // Nobody needs to know a figure better than to a tenth of the margin; what hardly varies sets no standard.
  const byChance = metric.by === 'ratio' ? 0 : chanceVariance(each, running.count);
  const varianceMin = Math.max(byChance, (margin / 10) ** 2);
  const interval = alwaysValidInterval(running, { errorProbability, varianceMin });
  return {
    endpoint: each.endpoint,
    metric: metric.name,
    change: changeOf(metric, interval.value),
    low: changeOf(metric, interval.low),
    high: changeOf(metric, interval.high),
    verdict: verdictOf(metric, interval, margin),
    blocks: running.count,
  };
}

/** A difference of two ratios varies at least as chance makes it, also where there was no error yet (Laplace's rule). */
function chanceVariance({ requests, errors }: EndpointEvidence, blocks: number): number {
  const ratio = (errors.baseline + errors.candidate + 1) / (requests.baseline + requests.candidate + 2);
  return ratio * (1 - ratio) * (blocks / requests.baseline + blocks / requests.candidate);
}
