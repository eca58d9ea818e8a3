import { formatDuration, parseDuration } from '../base/index.ts';

/** One condition that decides whether a run passes: `claim.latency: p99 < 500ms`. */
export interface Threshold {
  /** An endpoint's or a scenario's name; undefined is the whole run. */
  readonly scope: string | undefined;
  readonly metric: ThresholdMetric;
  readonly statistic: Statistic;
  readonly comparison: Comparison;
  /** Milliseconds, a ratio from 0 to 1, a count, or a rate a second, as the statistic says. */
  readonly limit: number;
  /** As it was written. */
  readonly text: string;
  /** A run that misses it ends at once, but not within its first `graceMs`; absent where it goes on. */
  readonly abort?: { readonly graceMs: number };
}

export type ThresholdMetric = (typeof thresholdMetrics)[number];
export const thresholdMetrics = ['latency', 'service', 'errors', 'checks', 'rate', 'dropped'] as const;
export type Comparison = '<' | '<=' | '>' | '>=';
export type Statistic =
  | { readonly kind: 'quantile'; readonly quantile: number }
  | { readonly kind: 'mean' | 'max' | 'min' | 'ratio' | 'count' | 'rate' };

/** What a threshold is held against. */
export interface Measured {
  readonly requests: number;
  readonly errors: number;
  readonly checksPassed: number;
  readonly checksFailed: number;
  /** Work that was due and never started; undefined where it is not known by scope. */
  readonly dropped: number | undefined;
  readonly durationMs: number;
  /** Whether any response came; where none did, the times are those of failures. */
  readonly isAnswered: boolean;
  /** In milliseconds; undefined when nothing was measured. */
  readonly latency: (statistic: Statistic) => number | undefined;
  readonly service: (statistic: Statistic) => number | undefined;
}

/** `no data`: nothing was measured that the threshold could be held against, which is not a pass. */
export interface ThresholdResult {
  readonly text: string;
  readonly verdict: 'passed' | 'failed' | 'no data';
  /** In the limit's unit. */
  readonly measured: number | undefined;
  /** For people: `183 ms`, `0.02 %`. */
  readonly shown: string;
}

/**
 * Reads `p95 < 200ms`, `mean <= 1s`, `ratio < 0.1%`, `count < 5`, `> 100/s` for a metric.
 *
 * @returns the threshold, or what is wrong.
 */
export function parseThreshold(
  metric: ThresholdMetric,
  scope: string | undefined,
  text: string,
): Threshold | { readonly problem: string } {
  const match = /^([a-z]\w*(?:\.\d+)?)?\s*(<=|>=|<|>)\s*(\S+)$/.exec(text.trim());
  if (match === null) return { problem: `must read like ${examples[metric]}, got ${JSON.stringify(text)}` };
  const statistic = parseStatistic(metric, match[1]);
  if (statistic === undefined) {
    return {
      problem: `knows no ${JSON.stringify(match[1] ?? '')} of ${metric}; write it like ${examples[metric]}`,
    };
  }
  const limit = parseLimit(statistic, metric, match[3] as string);
  if (limit === undefined) {
    return { problem: `has the limit ${JSON.stringify(match[3])}, which must read like ${examples[metric]}` };
  }
  const label = scope === undefined ? metric : `${scope}.${metric}`;
  return {
    scope,
    metric,
    statistic,
    comparison: match[2] as Comparison,
    limit,
    text: `${label}: ${text.trim()}`,
  };
}

/**
 * Holds a threshold against what was measured. Who was not answered in some time would have waited for longer, so the
 * times of failures alone can fail a threshold and not pass one: a target that refuses at once is no quick one. Pure.
 */
export function judgeThreshold(threshold: Threshold, measured: Measured): ThresholdResult {
  const value = measuredValue(threshold, measured);
  const isMet = value !== undefined && compare(value, threshold.comparison, threshold.limit);
  if (value === undefined || (isMet && isOfTimes(threshold) && !measured.isAnswered))
    return { text: threshold.text, verdict: 'no data', measured: undefined, shown: 'no data' };
  return {
    text: threshold.text,
    verdict: isMet ? 'passed' : 'failed',
    measured: value,
    shown: show(threshold, value),
  };
}

const examples: Readonly<Record<ThresholdMetric, string>> = {
  latency: '"p95 < 200ms" or "max < 1s"',
  service: '"p95 < 200ms" or "max < 1s"',
  errors: '"ratio < 0.1%" or "count < 5"',
  checks: '"ratio > 99%" or "count < 5" (of failed ones)',
  rate: '"> 100/s"',
  dropped: '"ratio < 1%" or "count < 5"',
};

function parseStatistic(metric: ThresholdMetric, word: string | undefined): Statistic | undefined {
  if (metric === 'rate') return word === undefined ? { kind: 'rate' } : undefined;
  if (metric === 'latency' || metric === 'service') {
    const quantile = /^p(\d{1,2}(?:\.\d+)?)$/.exec(word ?? '');
    if (quantile !== null) return { kind: 'quantile', quantile: Number(quantile[1]) / 100 };
    if (word === 'mean' || word === 'max' || word === 'min') return { kind: word };
    return undefined;
  }
  return word === 'ratio' || word === 'count' ? { kind: word } : undefined;
}

function parseLimit(statistic: Statistic, metric: ThresholdMetric, text: string): number | undefined {
  if (metric === 'latency' || metric === 'service') return parseDuration(text);
  const match = /^(\d+(?:\.\d+)?)(%|\/s)?$/.exec(text);
  if (match === null) return undefined;
  const value = Number(match[1]);
  if (statistic.kind === 'rate') return match[2] === '/s' ? value : undefined;
  if (statistic.kind === 'count') return match[2] === undefined ? value : undefined;
  if (match[2] === '/s') return undefined;
  // A ratio above 1 is a forgotten percent sign, and a threshold that nothing could ever miss.
  const ratio = match[2] === '%' ? value / 100 : value;
  return ratio <= 1 ? ratio : undefined;
}

function measuredValue({ metric, statistic }: Threshold, measured: Measured): number | undefined {
  switch (metric) {
    case 'latency':
      return measured.latency(statistic);
    case 'service':
      return measured.service(statistic);
    case 'errors':
      return share(statistic, measured.errors, measured.requests);
    case 'checks': {
      const { checksPassed, checksFailed } = measured;
      const checks = checksPassed + checksFailed;
      return share(statistic, statistic.kind === 'count' ? checksFailed : checksPassed, checks);
    }
    case 'rate':
      return measured.durationMs > 0 ? (measured.requests / measured.durationMs) * 1000 : undefined;
    case 'dropped': {
      if (measured.dropped === undefined) return undefined;
      return share(statistic, measured.dropped, measured.requests + measured.dropped);
    }
  }
}

/** A part of the whole, as a count or as a ratio; of nothing, no part can be told. */
function share(statistic: Statistic, part: number, whole: number): number | undefined {
  if (whole === 0) return undefined;
  return statistic.kind === 'count' ? part : part / whole;
}

function isOfTimes({ metric }: Threshold): boolean {
  return metric === 'latency' || metric === 'service';
}

function compare(value: number, comparison: Comparison, limit: number): boolean {
  switch (comparison) {
    case '<':
      return value < limit;
    case '<=':
      return value <= limit;
    case '>':
      return value > limit;
    case '>=':
      return value >= limit;
  }
}

function show(threshold: Threshold, value: number): string {
  const { statistic } = threshold;
  if (isOfTimes(threshold)) return formatDuration(value);
  if (statistic.kind === 'rate') return `${Number(value.toPrecision(3))}/s`;
  return statistic.kind === 'ratio' ? `${Number((value * 100).toPrecision(3))} %` : String(value);
}
