import { type KnownMetric, scalingMetrics } from './metric.ts';
import {
  directionDefaults,
  policyDefaults,
  type ScalingConfiguration,
  type ScalingPolicy,
} from './policy.ts';
import type { ThresholdRule } from './rule.ts';

/** A policy as it was kept before there was a second format. */
interface FirstPolicy {
  readonly replicas: ScalingPolicy['replicas'];
  readonly scaleOut: { readonly step: number };
  readonly scaleIn: { readonly step: number; readonly cooldownMs: number };
  readonly rules: readonly {
    readonly metric: KnownMetric;
    readonly scaleOutAbove: number;
    readonly scaleInBelow: number;
    readonly scaleOutCooldownMs: number;
    readonly scaleInCooldownMs: number;
  }[];
  readonly staleAfterMs: number;
}

/**
 * What a memory gives back, in the present format. One of a newer format is left out, which the caller has to
 * tell: it was written by a later version, and half of it would be another policy.
 *
 * @returns undefined where the format is not known.
 */
export function upgradeConfiguration(kept: ScalingConfiguration): ScalingConfiguration | undefined {
  const { format } = kept.policy as { readonly format?: number };
  if (format === policyDefaults.format) return kept;
  if (format !== undefined && format !== 1) return undefined;
  // The type is of the present format; the line above has made sure that this one is not.
  return { ...kept, policy: upgradePolicy(kept.policy as unknown as FirstPolicy) };
}

function upgradePolicy({ replicas, scaleOut, scaleIn, rules, staleAfterMs }: FirstPolicy): ScalingPolicy {
  return {
    ...policyDefaults,
    replicas,
    scaleOut: { ...directionDefaults, ...scaleOut },
    scaleIn: { ...directionDefaults, ...scaleIn },
    rules: rules.map((rule): ThresholdRule => {
      const { of, merge } = scalingMetrics[rule.metric];
      return { kind: 'threshold', ...rule, of, merge, whenMissing: 'hold' };
    }),
    staleAfterMs,
  };
}
