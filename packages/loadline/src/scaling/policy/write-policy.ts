import { writeHpa } from '../hpa/write-hpa.ts';
import type { DirectionPolicy, RateLimit, ScalingPolicy } from './policy.ts';
import type { ForecastRule, ScalingRule, SizingRule, TargetRule, ThresholdRule } from './rule.ts';
import { writePolicyCalendar } from './write-calendar.ts';

type Written = Readonly<Record<string, unknown>>;

/** The policy as people write it; reading it again gives the same policy. */
export function writeScalingPolicy(policy: ScalingPolicy): Written {
  if (policy.hpa !== undefined) return writeHpa(policy.hpa);
  const { format, mode, intervalMs, replicas, scaleOut, scaleIn, rules, staleAfterMs, freezes, cost } =
    policy;
  const metrics = rules.filter((rule) => rule.kind === 'threshold' || rule.kind === 'target');
  const sizing = rules.find((rule) => rule.kind === 'sizing');
  const forecasts = rules.filter((rule) => rule.kind === 'forecast');
  const floors = rules.flatMap((rule) => (rule.kind === 'calendar' ? rule.floors : []));
  const calendar = writePolicyCalendar(floors, freezes, inWords);
  return {
    format,
    ...(mode === 'active' ? {} : { mode }),
    ...(intervalMs === undefined ? {} : { interval: inWords(intervalMs) }),
    replicas,
    scaleOut: writeDirection(scaleOut),
    scaleIn: writeDirection(scaleIn),
    ...unlessEmpty(
      'metrics',
      Object.fromEntries(metrics.map((rule) => [rule.metric, writeMetricRule(rule)])),
    ),
    ...(sizing === undefined ? {} : { sizing: writeSizing(sizing) }),
    ...unlessEmpty(
      'forecast',
      Object.fromEntries(forecasts.map((rule) => [rule.metric, writeForecast(rule)])),
    ),
    ...(calendar === undefined ? {} : { calendar }),
    staleAfter: inWords(staleAfterMs),
    ...unlessEmpty(
      'cost',
      Object.fromEntries(Object.entries(cost).filter(([, value]) => value !== undefined)),
    ),
  };
}

function unlessEmpty(key: string, entries: Written): Written {
  return Object.keys(entries).length === 0 ? {} : { [key]: entries };
}

function writeDirection({ step, cooldownMs, stabilizationMs, limits, select }: DirectionPolicy): Written {
  return {
    step,
    cooldown: inWords(cooldownMs),
    ...(stabilizationMs === 0 ? {} : { stabilization: inWords(stabilizationMs) }),
    ...(limits.length === 0 ? {} : { limits: limits.map(writeLimit) }),
    ...(select === 'max' ? {} : { select }),
  };
}

function writeLimit({ kind, value, periodMs }: RateLimit): Written {
  return { [kind]: value, within: inWords(periodMs) };
}

function writeMetricRule(rule: ThresholdRule | TargetRule): Written {
  if (rule.kind === 'threshold') {
    const { scaleOutAbove, scaleInBelow } = rule;
    return { ...writeSource(rule), scaleOutAbove, scaleInBelow, ...writeManners(rule) };
  }
  const { target, isPerReplica, scaleOutTolerance, scaleInTolerance } = rule;
  return {
    ...writeSource(rule),
    target,
    ...(isPerReplica ? { per: 'replica' } : {}),
    scaleOutTolerance,
    scaleInTolerance,
    ...writeManners(rule),
  };
}

type MetricRule = Exclude<ScalingRule, { readonly kind: 'calendar' }>;

function writeSource({ metric, of, merge }: MetricRule): Written {
  return metric.startsWith('custom:') ? { of: of === 'per replica' ? 'replica' : 'group', merge } : {};
}

function writeManners({ whenMissing, scaleOutCooldownMs, scaleInCooldownMs }: MetricRule): Written {
  return {
    ...(whenMissing === 'hold' ? {} : { whenMissing }),
    scaleOutCooldown: inWords(scaleOutCooldownMs),
    scaleInCooldown: inWords(scaleInCooldownMs),
  };
}

function writeSizing(rule: SizingRule): Written {
  const { metric, latencyMs, quantile, concurrency, serviceMs } = rule;
  const { serviceVariability, arrivalVariability, headroom, scaleInTolerance } = rule;
  return {
    metric,
    latency: inWords(latencyMs),
    quantile,
    concurrency,
    ...(serviceMs === undefined ? {} : { service: inWords(serviceMs) }),
    serviceVariability,
    arrivalVariability,
    headroom,
    scaleInTolerance,
    ...writeManners(rule),
  };
}

function writeForecast(rule: ForecastRule): Written {
  const { target, quantile, leadMs, marginMs, whenMissing } = rule;
  return {
    ...writeSource(rule),
    target,
    quantile,
    ...(leadMs === undefined ? {} : { lead: inWords(leadMs) }),
    margin: inWords(marginMs),
    ...writeManners(rule),
    whenMissing,
  };
}

function inWords(durationMs: number): string {
  return durationMs % 1000 === 0 ? `${durationMs / 1000}s` : `${durationMs}ms`;
}
