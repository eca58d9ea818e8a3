import type { Field, ObjectField } from '../../base/index.ts';
import { type ScalingMetric, showMetric } from './metric.ts';
import type { WrittenCalendar } from './parse-calendar.ts';
import { readForecast, readSizing } from './parse-foresight.ts';
import { limitsOf, readManners, readSource } from './parse-source.ts';
import { policyKeys } from './policy-keys.ts';
import type { ScalingRule, TargetRule, ThresholdRule } from './rule.ts';

/** What the rest of the policy says that a rule may leave out. */
export interface RuleSurroundings {
  readonly floors: WrittenCalendar['floors'];
  readonly scaleInShare: number;
  readonly scaleOutTolerance: number;
  readonly scaleInTolerance: number;
}

const rulesMax = 50;

/** Everything in a policy that asks for instances, in the order in which it is explained. */
export function readRules(
  written: ObjectField<'metrics' | 'sizing' | 'forecast'>,
  surroundings: RuleSurroundings,
): readonly ScalingRule[] {
  const metrics = written.optional('metrics');
  const sizing = written.optional('sizing');
  const forecast = written.optional('forecast');
  const sized = sizing === undefined ? undefined : readSizing(sizing, surroundings.scaleInTolerance);
  const kept: ScalingRule[] = [
    ...(metrics?.record((entry, key) => readMetricRule(entry, key, surroundings)).values() ?? []),
    ...(sized === undefined ? [] : [sized]),
  ];
  if (kept.length === 0 && (metrics === undefined || isEmptyMap(metrics.value)))
    written
      .required('metrics')
      .problem('must name at least one metric to scale by, or there must be sizing beside it');
  const foreseen: ScalingRule[] = [
    ...(forecast?.record((entry, key) => readForecast(entry, key, sized)).values() ?? []),
    ...(surroundings.floors.length === 0 ? [] : [{ kind: 'calendar' as const, floors: surroundings.floors }]),
  ];
  const rules = [...kept, ...foreseen];
  if (rules.length > rulesMax)
    written.field.problem(`must have at most ${rulesMax} rules, got ${rules.length}`);
  return rules;
}

function readMetricRule(
  entry: Field,
  key: string,
  surroundings: RuleSurroundings,
): ThresholdRule | TargetRule {
  return entry.at('target').value === undefined
    ? readThreshold(entry, key, surroundings)
    : readTarget(entry, key, surroundings);
}

function readThreshold(entry: Field, key: string, { scaleInShare }: RuleSurroundings): ThresholdRule {
  const source = readSource(entry, key);
  const rule = entry.object(policyKeys.threshold);
  const limits = limitsOf(source.metric, key);
  const scaleOutAbove = rule.required('scaleOutAbove').number(limits);
  const scaleInBelow = rule.optional('scaleInBelow')?.number(limits) ?? scaleOutAbove * scaleInShare;
  if (scaleInBelow >= scaleOutAbove) refuseFlapping(rule, source.metric, { scaleInBelow, scaleOutAbove });
  return {
    kind: 'threshold',
    ...source,
    scaleOutAbove,
    scaleInBelow,
    ...readManners(rule, scaleOutCooldownMs),
  };
}

function readTarget(entry: Field, key: string, surroundings: RuleSurroundings): TargetRule {
  const source = readSource(entry, key);
  const rule = entry.object(policyKeys.target);
  const per = rule.optional('per');
  const isPerReplica = per?.oneOf(['replica', 'group']) === 'replica';
  if (isPerReplica && source.of === 'per replica')
    per?.problem(`is not needed: ${source.metric} is one instance's already`);
  const tolerance = (name: 'scaleOutTolerance' | 'scaleInTolerance', atMost: number): number =>
    rule.optional(name)?.number({ atLeast: 0, atMost }) ?? surroundings[name];
  return {
    kind: 'target',
    ...source,
    target: rule.required('target').number(limitsOf(source.metric, key)),
    isPerReplica,
    scaleOutTolerance: tolerance('scaleOutTolerance', 10),
    scaleInTolerance: tolerance('scaleInTolerance', 0.99),
    ...readManners(rule, 0),
  };
}

/** Between two steps that a threshold asks for: it cannot tell how many are enough. A target can. */
const scaleOutCooldownMs = 180_000;

function refuseFlapping(
  rule: ObjectField<(typeof policyKeys.threshold)[number]>,
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

function isEmptyMap(value: unknown): boolean {
  return typeof value === 'object' && value !== null && Object.keys(value).length === 0;
}
