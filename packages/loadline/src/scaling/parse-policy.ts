import { type Field, type ObjectField, type Parsed, parse } from '../base/index.ts';
import { type ScalingMetric, scalingMetricNames, scalingMetrics, showMetric } from './metric.ts';
import { replicasMaxOfAll, type ScalingPolicy, type ThresholdRule } from './policy.ts';

/**
 * Reads a policy as people write it, and tells everything that is wrong with it at once: also what could be
 * read but cannot work, such as a minimum above the maximum, or limits that would make it flap.
 *
 * @example
 * parseScalingPolicy({
 *   replicas: { min: 2, max: 20 },
 *   scaleOut: { step: 2 },
 *   scaleIn: { step: 1, cooldown: '10m' },
 *   metrics: { cpuRatio: { scaleOutAbove: 0.7, scaleOutCooldown: '5m' } },
 * });
 */
export function parseScalingPolicy(input: unknown): Parsed<ScalingPolicy> {
  return parse(input, readPolicy);
}

/** Of the limit up, where a metric's own is not written. */
const scaleInShare = 0.6;
const scaleOutCooldownMs = 180_000;
const scaleInCooldownMs = 300_000;
const staleAfterMs = 60_000;
const dayMs = 86_400_000;

function readPolicy(root: Field): ScalingPolicy {
  const policy = root.object(['replicas', 'scaleOut', 'scaleIn', 'metrics', 'staleAfter']);
  const replicas = readReplicas(policy.required('replicas'));
  const metrics = policy.required('metrics');
  const scaleIn = policy.optional('scaleIn')?.object(['step', 'cooldown', 'below']);
  const share = scaleIn?.optional('below')?.number({ above: 0, atMost: 1 }) ?? scaleInShare;
  const rules = [...metrics.record((entry, key) => readRule(entry, key, share)).values()];
  if (isEmptyMap(metrics.value)) metrics.problem('must name at least one metric to scale by');
  return {
    replicas,
    scaleOut: { step: readStep(policy.optional('scaleOut')?.object(['step']), replicas) },
    scaleIn: {
      step: readStep(scaleIn, replicas),
      cooldownMs: scaleIn?.optional('cooldown')?.duration({ atMost: dayMs }) ?? scaleInCooldownMs,
    },
    rules,
    staleAfterMs: policy.optional('staleAfter')?.duration({ above: 0, atMost: dayMs }) ?? staleAfterMs,
  };
}

function readReplicas(field: Field): ScalingPolicy['replicas'] {
  const replicas = field.object(['min', 'max']);
  const limits = { atLeast: 1, atMost: replicasMaxOfAll, whole: true };
  const min = replicas.required('min').number(limits);
  const max = replicas.required('max').number(limits);
  if (min > max) {
    replicas.required('min').problem(`must be at most max, got ${min} above ${max}`);
  }
  return { min, max };
}

/** A step beyond the whole span is a mistake in a digit: no decision could ever take it. */
function readStep(
  holder: ObjectField<'step'> | ObjectField<'step' | 'cooldown' | 'below'> | undefined,
  { min, max }: ScalingPolicy['replicas'],
): number {
  const field = (holder as ObjectField<'step'> | undefined)?.optional('step');
  if (field === undefined) return 1;
  const step = field.number({ atLeast: 1, whole: true });
  if (max > min && step > max - min)
    field.problem(`must be at most ${max - min}, all that lies between min and max, got ${step}`);
  return step;
}

const ruleKeys = ['scaleOutAbove', 'scaleInBelow', 'scaleOutCooldown', 'scaleInCooldown'] as const;

function readRule(entry: Field, key: string, share: number): ThresholdRule {
  const metric = entry.as(key).oneOf<ScalingMetric>(scalingMetricNames);
  const rule = entry.object(ruleKeys);
  // Of an unknown metric the unit is not known either.
  const isRatio = metric === key && scalingMetrics[metric].unit === 'ratio';
  const limits = isRatio ? { above: 0, atMost: 1 } : { above: 0 };
  const scaleOutAbove = rule.required('scaleOutAbove').number(limits);
  const scaleInBelow = rule.optional('scaleInBelow')?.number(limits) ?? scaleOutAbove * share;
  if (scaleInBelow >= scaleOutAbove) refuseFlapping(rule, metric, { scaleInBelow, scaleOutAbove });
  return {
    metric,
    scaleOutAbove,
    scaleInBelow,
    scaleOutCooldownMs: rule.optional('scaleOutCooldown')?.duration({ atMost: dayMs }) ?? scaleOutCooldownMs,
    scaleInCooldownMs: rule.optional('scaleInCooldown')?.duration({ atMost: dayMs }) ?? 0,
  };
}

function refuseFlapping(
  rule: ObjectField<(typeof ruleKeys)[number]>,
  metric: ScalingMetric,
  { scaleInBelow, scaleOutAbove }: Pick<ThresholdRule, 'scaleInBelow' | 'scaleOutAbove'>,
): void {
  // Where the limit up could not be read, its stand-in proves nothing.
  if (typeof rule.required('scaleOutAbove').value !== 'number') return;
  const low = showMetric(metric, scaleInBelow);
  const high = showMetric(metric, scaleOutAbove);
  const place = rule.optional('scaleInBelow') ?? rule.field;
  place.problem(
    `must be below scaleOutAbove, otherwise it would take away at once what it has added, got ${low} and ${high}`,
  );
}

/** The policy as people write it; reading it again gives the same policy. */
export function writeScalingPolicy(policy: ScalingPolicy): Readonly<Record<string, unknown>> {
  const metrics = policy.rules.map(({ metric, scaleOutAbove, scaleInBelow, ...cooldowns }) => [
    metric,
    {
      scaleOutAbove,
      scaleInBelow,
      scaleOutCooldown: inWords(cooldowns.scaleOutCooldownMs),
      scaleInCooldown: inWords(cooldowns.scaleInCooldownMs),
    },
  ]);
  return {
    replicas: policy.replicas,
    scaleOut: policy.scaleOut,
    scaleIn: { step: policy.scaleIn.step, cooldown: inWords(policy.scaleIn.cooldownMs) },
    metrics: Object.fromEntries(metrics),
    staleAfter: inWords(policy.staleAfterMs),
  };
}

function inWords(durationMs: number): string {
  return durationMs % 1000 === 0 ? `${durationMs / 1000}s` : `${durationMs}ms`;
}

function isEmptyMap(value: unknown): boolean {
  return typeof value === 'object' && value !== null && Object.keys(value).length === 0;
}
