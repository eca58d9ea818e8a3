import type {
  ManualScaling,
  Observation,
  Readings,
  ScalingConfiguration,
  ScalingMetric,
  ScalingPolicy,
  ScalingStep,
  ThresholdRule,
} from 'loadline/scaling';

/** Noon of some day. */
export const noonMs: number = Date.UTC(2026, 5, 6, 12);
export const minuteMs = 60_000;

export function rule(
  metric: ScalingMetric,
  scaleOutAbove: number,
  further: Partial<ThresholdRule> = {},
): ThresholdRule {
  return {
    metric,
    scaleOutAbove,
    scaleInBelow: scaleOutAbove * 0.6,
    scaleOutCooldownMs: 5 * minuteMs,
    scaleInCooldownMs: 0,
    ...further,
  };
}

export function policy(further: Partial<ScalingPolicy> = {}): ScalingPolicy {
  return {
    replicas: { min: 1, max: 10 },
    scaleOut: { step: 1 },
    scaleIn: { step: 1, cooldownMs: 10 * minuteMs },
    rules: [rule('cpuRatio', 0.7), rule('memoryRatio', 0.8)],
    staleAfterMs: minuteMs,
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
  return { atMs: noonMs, from: 3, to: 4, metrics: ['cpuRatio'], ...further };
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
