import { Histogram } from 'loadline/metrics';
import {
  type AlertRule,
  type AlertStatistic,
  type AlertUnit,
  isMatched,
  type Labels,
  quantileOf,
  type Reading,
} from 'loadline/monitoring';
import { type Series, type Summary, scaleOf } from 'loadline/store';

/**
 * What a rule reads in what was measured of its metrics. A percentile, a rate and a ratio are of a service: of all its
 * instances and endpoints, or of each that `match` tells apart. A value, a mean, a lowest and a highest are of each series
 * by itself, since those of several would be of none. Pure.
 *
 * @param found by metric, within the rule's window.
 * @param merged what was merged for other rules of the same window: several percentiles are of the same histograms.
 */
export function readingsOf(
  rule: AlertRule,
  found: ReadonlyMap<string, readonly Summary[]>,
  merged: Map<string, readonly MergedGroup[]> = new Map(),
): readonly Reading[] {
  const quantile = quantileOf(rule.statistic);
  if (quantile !== undefined) return percentilesOf(rule, quantile, mergedFor(rule, found, merged));
  const own = matching(rule, found.get(rule.metric) ?? []);
  if (rule.statistic === 'ratio') return ratiosOf(rule, own, matching(rule, found.get(rule.of ?? '') ?? []));
  if (rule.statistic === 'rate') return ratesOf(rule, own);
  return own.map((summary) => ({
    rule: rule.name,
    labels: labelsOf(summary.series),
    value: ownValue(rule.statistic, summary) * factorTo(rule.unit, summary.series.unit),
    atMs: summary.lastAtMs,
  }));
}

function matching({ match }: AlertRule, summaries: readonly Summary[]): readonly Summary[] {
  return summaries.filter(({ series }) => isMatched(match, labelsOf(series)));
}

/** Its own fields go before labels of these names. */
function labelsOf({ service, instance, endpoint, labels }: Series): Labels {
  return {
    ...labels,
    service,
    ...(instance === undefined ? {} : { instance }),
    ...(endpoint === undefined ? {} : { endpoint }),
  };
}

interface Group {
  readonly labels: Labels;
  readonly members: readonly Summary[];
}

/** Series that agree in their service and in whatever the rule's match names. */
function groupsOf(
  { match }: AlertRule,
  summaries: readonly Summary[],
  keyOf: (labels: Labels, unit: string) => string,
): readonly Group[] {
  const names = ['service', ...Object.keys(match)].toSorted();
  const groups = new Map<string, { labels: Labels; members: Summary[] }>();
  for (const summary of summaries) {
    const all = labelsOf(summary.series);
    const labels = Object.fromEntries(
      names.flatMap((name) => (Object.hasOwn(all, name) ? [[name, all[name] as string]] : [])),
    );
    const key = keyOf(labels, summary.series.unit);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, { labels, members: [summary] });
    else group.members.push(summary);
  }
  return [...groups.values()];
}

/** Of series that agree, all values together. */
export interface MergedGroup {
  readonly labels: Labels;
  readonly unit: string;
  readonly histogram: Histogram;
  readonly min: number;
  readonly max: number;
  readonly atMs: number;
}

function mergedFor(
  rule: AlertRule,
  found: ReadonlyMap<string, readonly Summary[]>,
  merged: Map<string, readonly MergedGroup[]>,
): readonly MergedGroup[] {
  const key = JSON.stringify([rule.metric, rule.match]);
  const known = merged.get(key);
  if (known !== undefined) return known;
  const own = matching(rule, found.get(rule.metric) ?? []);
  const groups = groupsOf(rule, own, withUnit).map(mergeGroup);
  merged.set(key, groups);
  return groups;
}

function mergeGroup({ labels, members }: Group): MergedGroup {
  const histogram = new Histogram();
  for (const member of members) histogram.merge(member.histogram);
  return {
    labels,
    unit: (members[0] as Summary).series.unit,
    histogram,
    min: Math.min(...members.map(({ min }) => min)),
    max: Math.max(...members.map(({ max }) => max)),
    atMs: latestOf(members),
  };
}

function percentilesOf(rule: AlertRule, quantile: number, groups: readonly MergedGroup[]): Reading[] {
  return groups.map(({ labels, unit, histogram, min, max, atMs }) => {
    // A histogram rounds to its grain; what is known exactly is never exceeded.
    const value = Math.min(max, Math.max(min, histogram.quantile(quantile) * scaleOf(unit)));
    return { rule: rule.name, labels, value: value * factorTo(rule.unit, unit), atMs };
  });
}

function ratesOf(rule: AlertRule, own: readonly Summary[]): Reading[] {
  return groupsOf(rule, own, withUnit).map(({ labels, members }) => ({
    rule: rule.name,
    labels,
    value: sum(members.map((each) => rateOf(each, rule.windowMs))),
    atMs: latestOf(members),
  }));
}

/** What is measured in different units has nothing in common. */
function withUnit(labels: Labels, unit: string): string {
  return `${unit} ${JSON.stringify(labels)}`;
}

/** What is a rate already is as it is; of what was timed, how many there were; of anything else, how much came. */
function rateOf({ series, mean, count }: Summary, windowMs: number): number {
  if (isRate(series.unit)) return mean;
  const amount = series.unit === 'ms' || series.unit === 's' ? count : mean * count;
  return amount / (windowMs / 1000);
}

function ratiosOf(
  rule: AlertRule,
  parts: readonly Summary[],
  wholes: readonly Summary[],
): readonly Reading[] {
  const keyOf = (labels: Labels): string => JSON.stringify(labels);
  const partOf = new Map(groupsOf(rule, parts, keyOf).map((group) => [keyOf(group.labels), group.members]));
  return groupsOf(rule, wholes, keyOf).flatMap(({ labels, members }): Reading[] => {
    const part = partOf.get(keyOf(labels)) ?? [];
    // Of what is counted, none is a number too: whoever has had no error yet may not show any.
    const isKnown = part.length > 0 || members.every(({ series }) => isRate(series.unit));
    if (!isKnown) return [];
    const value = sum(part.map(({ mean }) => mean)) / sum(members.map(({ mean }) => mean));
    return [{ rule: rule.name, labels, value, atMs: latestOf(members) }];
  });
}

function ownValue(statistic: AlertStatistic, { last, mean, min, max }: Summary): number {
  switch (statistic) {
    case 'mean':
      return mean;
    case 'min':
      return min;
    case 'max':
      return max;
    default:
      return last;
  }
}

/** What one of a series' unit is in a rule's; a unit that says nothing of it is taken as it is. */
function factorTo(wanted: AlertUnit, unit: string): number {
  if (wanted === 'ms' && unit === 's') return 1000;
  return wanted === 'ratio' && unit === 'percent' ? 0.01 : 1;
}

function isRate(unit: string): boolean {
  return unit === 'rps' || unit === 'per second' || unit.endsWith('/s');
}

function latestOf(members: readonly Summary[]): number {
  return Math.max(...members.map(({ lastAtMs }) => lastAtMs));
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
