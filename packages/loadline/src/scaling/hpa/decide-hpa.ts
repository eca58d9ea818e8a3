import { type HpaHistory, type HpaLimit, normalize } from './normalize.ts';
import { type HpaObservation, type HpaSettings, hpaSettings } from './observation.ts';
import { type MetricReplicas, replicasFor, type Tolerances } from './replicas.ts';
import type { HpaMetric, HpaSpec } from './spec.ts';

/** What Kubernetes' own controller would do in this round, in its own words. */
export interface HpaDecision {
  readonly replicas: number;
  /** What the metrics wanted; undefined where the controller would have remembered nothing. */
  readonly recommended: number | undefined;
  /** Whether a window kept it from what the metrics wanted, and which. */
  readonly isStabilized: 'up' | 'down' | undefined;
  /** What each metric wanted, in the order of the object. */
  readonly metrics: readonly { readonly metric: HpaMetric; readonly found: MetricReplicas }[];
  readonly conditions: {
    readonly ableToScale: HpaCondition<
      | 'SucceededGetScale'
      | 'SucceededRescale'
      | 'ReadyForNewScale'
      | 'ScaleUpStabilized'
      | 'ScaleDownStabilized'
    >;
    /** Undefined where it did not come to that. */
    readonly scalingActive: HpaCondition<string> | undefined;
    readonly scalingLimited: HpaCondition<HpaLimit> | undefined;
  };
  /** Why the number is changed; empty where it is not. */
  readonly reason: string;
}

/** A condition of the object as the controller sets it, without its message. */
export interface HpaCondition<Reason extends string> {
  readonly status: boolean;
  readonly reason: Reason;
}

/**
 * Decides as the horizontal pod autoscaler of Kubernetes does, from what it would see and remember. Pure.
 *
 * A group at 0 stays there, unless 0 is its minimum or the autoscaler took it there. Outside its limits it is brought
 * back, whatever the metrics say. Otherwise the metric that wants the most has it; where one cannot be had, nothing is
 * taken away.
 */
export function decideHpa(
  spec: HpaSpec,
  seen: HpaObservation,
  history: HpaHistory,
  settings: HpaSettings = hpaSettings,
): HpaDecision {
  const { minReplicas, maxReplicas } = spec;
  const { specReplicas } = seen;
  const mayWake = seen.isScaledToZero ?? (minReplicas === 0 || history.steps.at(-1)?.to === 0);
  if (specReplicas === 0 && !mayWake)
    return untouched(specReplicas, { status: false, reason: 'ScalingDisabled' });
  if (specReplicas > maxReplicas)
    return brought(maxReplicas, 'Current number of replicas above Spec.MaxReplicas');
  // From 0 the metrics are asked first.
  if (specReplicas < minReplicas && specReplicas > 0) return brought(minReplicas, belowMinimum);
  const tolerances = tolerancesOf(spec, settings);
  const metrics = spec.metrics.map((metric) => ({
    metric,
    found: replicasFor(metric, seen, { tolerances, settings }),
  }));
  const wanted = highest(metrics);
  const failed = metrics.find(({ found }) => 'because' in found);
  if (wanted === undefined || (failed !== undefined && wanted < specReplicas)) {
    const active = { status: false, reason: failedReasons[(failed as (typeof metrics)[number]).metric.type] };
    return { ...untouched(specReplicas, active), metrics };
  }
  // A metric below zero wants less than none.
  const recommended = Math.max(0, wanted);
  const wish = { atMs: seen.atMs, current: specReplicas, wanted: recommended };
  const normalized = normalize(spec, wish, history, settings);
  const { stabilized, isStabilized, limit } = normalized;
  // Only from 0 can it still be below.
  const replicas = Math.max(minReplicas, normalized.replicas);
  const isRescaled = replicas !== specReplicas;
  const steady = { up: 'ScaleUpStabilized', down: 'ScaleDownStabilized' } as const;
  return {
    replicas,
    recommended,
    isStabilized,
    metrics,
    conditions: {
      ableToScale: {
        status: true,
        reason: isRescaled
          ? 'SucceededRescale'
          : isStabilized === undefined
            ? 'ReadyForNewScale'
            : steady[isStabilized],
      },
      scalingActive: { status: true, reason: 'ValidMetricFound' },
      scalingLimited: { status: normalized.replicas !== stabilized, reason: limit },
    },
    reason: isRescaled ? reasonOf({ from: specReplicas, to: replicas, recommended }) : '',
  };
}

function reasonOf({
  from,
  to,
  recommended,
}: Readonly<Record<'from' | 'to' | 'recommended', number>>): string {
  if (to < from) return 'all metrics are below their targets';
  return recommended > from ? 'a metric is above its target' : belowMinimum;
}

const belowMinimum = 'Current number of replicas below Spec.MinReplicas';

/** The controller's reasons for a metric that could not be had. */
const failedReasons: Readonly<Record<HpaMetric['type'], string>> = {
  Resource: 'FailedGetResourceMetric',
  ContainerResource: 'FailedGetContainerResourceMetric',
  Pods: 'FailedGetPodsMetric',
  Object: 'FailedGetObjectMetric',
  External: 'FailedGetExternalMetric',
};

function highest(metrics: HpaDecision['metrics']): number | undefined {
  const wanted = metrics.flatMap(({ found }) => ('because' in found ? [] : [found.replicas]));
  return wanted.length === 0 ? undefined : Math.max(...wanted);
}

function tolerancesOf({ behavior }: HpaSpec, { tolerance }: HpaSettings): Tolerances {
  return { up: behavior?.scaleUp.tolerance ?? tolerance, down: behavior?.scaleDown.tolerance ?? tolerance };
}

function untouched(replicas: number, scalingActive: HpaCondition<string>): HpaDecision {
  return {
    replicas,
    recommended: undefined,
    isStabilized: undefined,
    metrics: [],
    conditions: {
      ableToScale: { status: true, reason: 'SucceededGetScale' },
      scalingActive,
      scalingLimited: undefined,
    },
    reason: '',
  };
}

function brought(replicas: number, reason: string): HpaDecision {
  return {
    replicas,
    recommended: undefined,
    isStabilized: undefined,
    metrics: [],
    conditions: {
      ableToScale: { status: true, reason: 'SucceededRescale' },
      scalingActive: undefined,
      scalingLimited: undefined,
    },
    reason,
  };
}
