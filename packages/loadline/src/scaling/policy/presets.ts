import { type KnownMetric, scalingMetrics } from './metric.ts';
import { directionDefaults, policyDefaults, type ScalingPolicy } from './policy.ts';
import type { ThresholdRule } from './rule.ts';

const minuteMs = 60_000;

/** A food-sharing platform's five metrics; below six tenths of a threshold, each agrees to fewer. */
const foodshareRules: readonly ThresholdRule[] = [
  foodshareRule('cpuRatio', 0.7, 5),
  foodshareRule('memoryRatio', 0.8, 5),
  foodshareRule('latencyMsP95', 2000, 3),
  foodshareRule('connections', 1000, 4),
  foodshareRule('queueDepth', 100, 2),
];

/** Policies under a name; each is complete, to be used as it is or as the base of one's own. */
export const scalingPresets: {
  readonly foodshare: {
    readonly bot_instances: ScalingPolicy;
    readonly api_servers: ScalingPolicy;
    readonly database_read_replicas: ScalingPolicy;
  };
} = {
  foodshare: {
    bot_instances: foodshareGroup({ min: 2, max: 20, outStep: 2, inCooldownMinutes: 10 }),
    api_servers: foodshareGroup({ min: 1, max: 10, outStep: 1, inCooldownMinutes: 15 }),
    database_read_replicas: foodshareGroup({ min: 1, max: 5, outStep: 1, inCooldownMinutes: 30 }),
  },
};

function foodshareRule(metric: KnownMetric, scaleOutAbove: number, cooldownMinutes: number): ThresholdRule {
  const { of, merge } = scalingMetrics[metric];
  return {
    kind: 'threshold',
    metric,
    of,
    merge,
    whenMissing: 'hold',
    scaleOutAbove,
    scaleInBelow: scaleOutAbove * 0.6,
    scaleOutCooldownMs: cooldownMinutes * minuteMs,
    scaleInCooldownMs: 0,
  };
}

interface Group {
  readonly min: number;
  readonly max: number;
  readonly outStep: number;
  readonly inCooldownMinutes: number;
}

function foodshareGroup({ min, max, outStep, inCooldownMinutes }: Group): ScalingPolicy {
  return {
    ...policyDefaults,
    replicas: { min, max },
    scaleOut: { ...directionDefaults, step: outStep },
    scaleIn: { ...directionDefaults, cooldownMs: inCooldownMinutes * minuteMs },
    rules: foodshareRules,
  };
}
