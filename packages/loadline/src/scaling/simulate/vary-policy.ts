import type { HpaMetric } from '../hpa/spec.ts';
import type { ScalingPolicy } from '../policy/policy.ts';
import type { ScalingRule } from '../policy/rule.ts';

/**
 * A policy that wants this many times the instances, for what is seen; 1 is the policy itself. What is sized has its
 * headroom varied, which ends at none: `leastGenerosity`. Pure.
 */
export function varyPolicy(policy: ScalingPolicy, generosity: number): ScalingPolicy {
  const rules = policy.rules.map((rule) => varyRule(rule, generosity));
  const { hpa } = policy;
  if (hpa === undefined) return { ...policy, rules };
  return {
    ...policy,
    rules,
    hpa: { ...hpa, metrics: hpa.metrics.map((metric) => varyMetric(metric, generosity)) },
  };
}

/** Below this a policy would be sized for less than comes; 0 where nothing is sized. Pure. */
export function leastGenerosity({ rules }: ScalingPolicy): number {
  return Math.max(0, ...rules.flatMap(headroomsOf).map((headroom) => 1 / (1 + headroom)));
}

function headroomsOf(rule: ScalingRule): number[] {
  if (rule.kind === 'sizing') return [rule.headroom];
  return rule.kind === 'forecast' && rule.sizing !== undefined ? [rule.sizing.headroom] : [];
}

function varyRule(rule: ScalingRule, generosity: number): ScalingRule {
  switch (rule.kind) {
    case 'threshold':
      return {
        ...rule,
        scaleOutAbove: rule.scaleOutAbove / generosity,
        scaleInBelow: rule.scaleInBelow / generosity,
      };
    case 'target':
      return { ...rule, target: rule.target / generosity };
    case 'sizing':
      return { ...rule, headroom: moreHeadroom(rule.headroom, generosity) };
    case 'forecast': {
      const { target, sizing } = rule;
      return {
        ...rule,
        target: target === undefined ? undefined : target / generosity,
        sizing:
          sizing === undefined
            ? undefined
            : { ...sizing, headroom: moreHeadroom(sizing.headroom, generosity) },
      };
    }
    case 'calendar':
      return rule;
  }
}

function moreHeadroom(headroom: number, generosity: number): number {
  return Math.max(0, headroom * generosity + (generosity - 1));
}

function varyMetric(metric: HpaMetric, generosity: number): HpaMetric {
  const { target } = metric;
  const varied =
    target.type === 'Utilization'
      ? { ...target, percent: Math.max(1, Math.round(target.percent / generosity)) }
      : { ...target, milli: Math.max(1, Math.round(target.milli / generosity)) };
  return { ...metric, target: varied } as HpaMetric;
}
