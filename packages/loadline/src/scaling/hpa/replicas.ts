import { average, ceiling, endless, sum, sumOfSeries, wholePercent } from './arithmetic.ts';
import {
  type HpaObservation,
  type HpaPod,
  type HpaSamples,
  type HpaSettings,
  metricKey,
} from './observation.ts';
import { countReady, groupPods, type PodGroups } from './pod-groups.ts';
import type { HpaMetric } from './spec.ts';

/** How many one metric wants, or why that cannot be told. */
export type MetricReplicas =
  | {
      readonly replicas: number;
      /** What it is now, in the unit of its target: whole percent, or thousandths. */
      readonly current: number;
    }
  | { readonly because: string };

export interface Tolerances {
  readonly up: number;
  readonly down: number;
}

/** How many instances one metric of an autoscaler wants. Pure; the arithmetic, with its truncations, is the controller's. */
export function replicasFor(
  metric: HpaMetric,
  seen: HpaObservation,
  { tolerances, settings }: { readonly tolerances: Tolerances; readonly settings: HpaSettings },
): MetricReplicas {
  const samples = seen.metrics[metricKey(metric)] ?? { of: 'nobody', because: 'nothing was returned for it' };
  if (samples.of === 'nobody') return { because: `cannot be had: ${samples.because}` };
  if (metric.type === 'Object' || metric.type === 'External')
    return forTotal(metric, samples, seen, tolerances);
  return forPods(metric, samples, seen, { tolerances, settings });
}

type PodMetric = Extract<HpaMetric, { readonly type: 'Resource' | 'ContainerResource' | 'Pods' }>;

function forPods(
  metric: PodMetric,
  samples: HpaSamples,
  { pods, atMs, specReplicas }: HpaObservation,
  { tolerances, settings }: { readonly tolerances: Tolerances; readonly settings: HpaSettings },
): MetricReplicas {
  if (samples.of !== 'pods') return { because: 'is not measured for each pod' };
  if (pods.length === 0) return { because: 'has no pods to look at' };
  const { byPod } = samples;
  const resource = metric.type === 'Pods' ? undefined : metric.resource;
  const groups = groupPods(pods, { resource, byPod, atMs, settings });
  if (groups.ready.length + groups.strangers.length === 0)
    return { because: 'was returned for no pod that counts (they might be unready)' };
  const { target } = metric;
  if (target.type === 'AverageValue') {
    const usages = [...usagesOf(groups.ready, byPod), ...groups.strangers.map(({ milli }) => milli)];
    const ratioOf = (all: readonly number[]): number => average(all) / target.milli;
    const fallbacks = { missingWhenDown: () => target.milli };
    return rebalance({
      groups,
      usages,
      counted: usages.length,
      ratioOf,
      specReplicas,
      tolerances,
      fallbacks,
      current: average(usages),
    });
  }
  return forUtilization(metric, { groups, byPod, pods, specReplicas, tolerances, percent: target.percent });
}

type PodKind = Exclude<keyof PodGroups, 'strangers'>;

interface Utilization {
  readonly groups: PodGroups;
  readonly byPod: Extract<HpaSamples, { readonly of: 'pods' }>['byPod'];
  readonly pods: HpaObservation['pods'];
  readonly specReplicas: number;
  readonly tolerances: Tolerances;
  readonly percent: number;
}

function forUtilization(metric: PodMetric, { groups, byPod, pods, ...rest }: Utilization): MetricReplicas {
  const key = metricKey(metric).slice('resource '.length);
  // Also of those who do not count: an autoscaler whose pods do not all say what they request stands still.
  const silent = pods.find(({ requests }) => requests[key] === undefined);
  if (silent !== undefined) return { because: `misses a request for ${key} in the pod ${silent.name}` };
  const requestOf = new Map(pods.map(({ name, requests }) => [name, requests[key] as number]));
  const usages = usagesOf(groups.ready, byPod);
  const percentOf = (all: readonly number[], kinds: readonly PodKind[]): number =>
    wholePercent(all, requestsOf(kinds, groups, requestOf));
  if (sum(requestsOf(['ready'], groups, requestOf)) === 0)
    return { because: `has no pod that requests ${key}` };
  const { percent } = rest;
  return rebalance({
    ...rest,
    groups,
    usages,
    // A stranger's request is not known: it weighs nothing, and is counted all the same.
    counted: usages.length + groups.strangers.length,
    ratioOf: (all, kinds) => percentOf(all, kinds) / percent,
    fallbacks: {
      // All that it requests, or as much as the target where that is more.
      missingWhenDown: (name) => Math.trunc(((requestOf.get(name) as number) * Math.max(100, percent)) / 100),
    },
    current: percentOf(usages, ['ready']),
  });
}

function usagesOf(pods: readonly HpaPod[], byPod: Utilization['byPod']): number[] {
  return pods.map(({ name }) => byPod[name]?.milli as number);
}

function requestsOf(
  kinds: readonly PodKind[],
  groups: PodGroups,
  requestOf: ReadonlyMap<string, number>,
): number[] {
  return kinds.flatMap((kind) => groups[kind]).map(({ name }) => requestOf.get(name) as number);
}

interface Balance {
  readonly groups: PodGroups;
  readonly usages: readonly number[];
  /** How many were measured, as the number is worked out where some are missing or unready. */
  readonly counted: number;
  /** The usage over its target, of usages in the order of these groups. */
  readonly ratioOf: (usages: readonly number[], kinds: readonly PodKind[]) => number;
  readonly fallbacks: { readonly missingWhenDown: (name: string) => number };
  readonly specReplicas: number;
  readonly tolerances: Tolerances;
  readonly current: number;
}

/**
 * From a ratio to a number. Whoever is missing is taken for what speaks against the change: full on the way down,
 * idle on the way up; the unready are idle on the way up. Where that turns the direction, nothing is changed.
 */
function rebalance(balance: Balance): MetricReplicas {
  const { groups, usages, counted, ratioOf, fallbacks, specReplicas, tolerances, current } = balance;
  const ratio = ratioOf(usages, ['ready']);
  const upWithUnready = groups.unready.length > 0 && ratio > 1;
  if (!upWithUnready && groups.missing.length === 0) {
    const replicas = isWithin(ratio, tolerances) ? specReplicas : ceiling(ratio * groups.ready.length);
    return { replicas, current };
  }
  const missing =
    ratio < 1
      ? groups.missing.map(({ name }) => fallbacks.missingWhenDown(name))
      : groups.missing.map(() => 0);
  // Exactly at its target, the missing are not taken for anything.
  const assumed = ratio === 1 ? [] : missing;
  const unready = upWithUnready ? groups.unready.map(() => 0) : [];
  const all = [...usages, ...assumed, ...unready];
  const kinds = [
    'ready',
    ...(assumed.length > 0 ? (['missing'] as const) : []),
    ...(unready.length > 0 ? (['unready'] as const) : []),
  ] as const;
  const rebalanced = ratioOf(all, kinds);
  const turns = (ratio < 1 && rebalanced > 1) || (ratio > 1 && rebalanced < 1);
  if (isWithin(rebalanced, tolerances) || turns) return { replicas: specReplicas, current };
  const replicas = ceiling(rebalanced * (counted + assumed.length + unready.length));
  const contradicts =
    (rebalanced < 1 && replicas > specReplicas) || (rebalanced > 1 && replicas < specReplicas);
  return { replicas: contradicts ? specReplicas : replicas, current };
}

type TotalMetric = Extract<HpaMetric, { readonly type: 'Object' | 'External' }>;

/** A metric that is not the pods' own: over its target, or over what each pod is to carry of it. */
function forTotal(
  { type, target }: TotalMetric,
  samples: HpaSamples,
  { specReplicas, statusReplicas, pods }: HpaObservation,
  tolerances: Tolerances,
): MetricReplicas {
  if (samples.of !== 'object') return { because: 'is measured for each pod instead of for all' };
  if (target.type === 'AverageValue') {
    const usage = type === 'External' ? sumOfSeries(samples.milli) : sum(samples.milli);
    const ratio = usage / (target.milli * statusReplicas);
    const replicas = isWithin(ratio, tolerances) ? statusReplicas : ceiling(usage / target.milli);
    return { replicas, current: perPod(usage, statusReplicas) };
  }
  const usage = sum(samples.milli);
  const ratio = usage / target.milli;
  // From nothing there is no ratio to keep: one for each target that it exceeds.
  if (specReplicas === 0) return { replicas: ceiling(ratio), current: usage };
  if (isWithin(ratio, tolerances)) return { replicas: specReplicas, current: usage };
  if (pods.length === 0) return { because: 'has no pods to look at' };
  return { replicas: ceiling(ratio * countReady(pods)), current: usage };
}

/** Of no pod it is nothing; what has no room in the controller's numbers stays whole. */
function perPod(usage: number, pods: number): number {
  if (usage === endless) return usage;
  return pods === 0 ? 0 : Math.ceil(usage / pods);
}

function isWithin(ratio: number, { up, down }: Tolerances): boolean {
  return 1 - down <= ratio && ratio <= 1 + up;
}
