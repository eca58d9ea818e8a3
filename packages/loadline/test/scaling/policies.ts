import {
  type DirectionPolicy,
  directionDefaults,
  type KnownMetric,
  type ManualScaling,
  type Observation,
  policyDefaults,
  type Readings,
  type ScalingConfiguration,
  type ScalingMetric,
  type ScalingPolicy,
  type ScalingStep,
  scalingMetrics,
  type TargetRule,
  type ThresholdRule,
} from 'loadline/scaling';

/** Noon of some day. */
export const noonMs: number = Date.UTC(2026, 5, 6, 12);
export const minuteMs = 60_000;

export function rule(
  metric: KnownMetric,
  scaleOutAbove: number,
  further: Partial<ThresholdRule> = {},
): ThresholdRule {
  const { of, merge } = scalingMetrics[metric];
  return {
    kind: 'threshold',
    metric,
    of,
    merge,
    whenMissing: 'hold',
    scaleOutAbove,
    scaleInBelow: scaleOutAbove * 0.6,
    scaleOutCooldownMs: 5 * minuteMs,
    scaleInCooldownMs: 0,
    ...further,
  };
}

export function policy(further: Partial<ScalingPolicy> = {}): ScalingPolicy {
  return {
    ...policyDefaults,
    replicas: { min: 1, max: 10 },
    scaleOut: directionDefaults,
    scaleIn: direction({ cooldownMs: 10 * minuteMs }),
    rules: [rule('cpuRatio', 0.7), rule('memoryRatio', 0.8)],
    ...further,
  };
}

export function direction(further: Partial<DirectionPolicy>): DirectionPolicy {
  return { ...directionDefaults, ...further };
}

export function target(metric: KnownMetric, value: number, further: Partial<TargetRule> = {}): TargetRule {
  const { of, merge } = scalingMetrics[metric];
  return {
    kind: 'target',
    metric,
    of,
    merge,
    target: value,
    isPerReplica: false,
    scaleOutTolerance: 0.1,
    scaleInTolerance: 0.1,
    whenMissing: 'hold',
    scaleOutCooldownMs: 0,
    scaleInCooldownMs: 0,
    ...further,
  };
}

export function configuration(further: Partial<ScalingPolicy> = {}): ScalingConfiguration {
  return { group: 'api', version: 3, policy: policy(further), changedBy: 'ada', changedAtMs: 0 };
}

/** A group at noon, settled, whose metrics were read just now. */
export function seen(
  values: Partial<Record<ScalingMetric, number>>,
  further: Partial<Observation> = {},
): Observation {
  const atMs = further.atMs ?? noonMs;
  const readings = Object.fromEntries(
    Object.entries(values).map(([metric, value]) => [metric, { value, atMs }]),
  ) as Readings;
  const wanted = further.wanted ?? 4;
  return { atMs, wanted, ready: wanted, starting: 0, stopping: 0, readings, ...further };
}

export function step(further: Partial<ScalingStep>): ScalingStep {
  return { atMs: noonMs, from: 3, to: 4, askers: ['threshold cpuRatio'], ...further };
}

export function manual(further: Partial<ManualScaling> = {}): ManualScaling {
  return {
    group: 'api',
    replicas: 7,
    untilMs: noonMs + 30 * minuteMs,
    setBy: 'ada',
    setAtMs: noonMs,
    reason: 'a launch',
    ...further,
  };
}
