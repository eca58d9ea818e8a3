import type { HpaMetric } from '../hpa/spec.ts';
import { showMetric } from '../policy/metric.ts';
import type { ScalingPolicy } from '../policy/policy.ts';
import { nameOf, type ScalingRule, type TargetRule, type ThresholdRule } from '../policy/rule.ts';

/** Metrics of an autoscaler, and what the rules say that those cannot. */
export interface HpaMetrics {
  readonly metrics: readonly HpaMetric[];
  readonly notes: readonly string[];
}

/** Metrics that the API server itself knows, by those that it calls so. */
const resources: Readonly<Partial<Record<string, string>>> = { cpuRatio: 'cpu', memoryRatio: 'memory' };

/** What of the rules an autoscaler of Kubernetes can go by. Pure. */
export function hpaMetricsOf({ rules }: Pick<ScalingPolicy, 'rules'>): HpaMetrics {
  const found = rules.map(metricOf);
  return {
    metrics: found.flatMap(({ metric }) => metric ?? []),
    notes: [...new Set(found.flatMap(({ notes }) => notes))],
  };
}

interface Found {
  readonly metric?: HpaMetric;
  readonly notes: readonly string[];
}

function metricOf(rule: ScalingRule): Found {
  if (rule.kind !== 'threshold' && rule.kind !== 'target')
    return {
      notes: [
        `${nameOf(rule)} by ${rule.kind}: an autoscaler of Kubernetes knows no such rule; it is left out.`,
      ],
    };
  const value = rule.kind === 'threshold' ? rule.scaleOutAbove : rule.target;
  return { metric: sourceOf(rule, value), notes: [...notesOn(rule), ...notesOnManners(rule)] };
}

function sourceOf(rule: ThresholdRule | TargetRule, value: number): HpaMetric {
  const resource = resources[rule.metric];
  if (resource !== undefined)
    return { type: 'Resource', resource, target: { type: 'Utilization', percent: atLeastOne(value * 100) } };
  const metric = { name: foreignName(rule.metric), selector: '' };
  const milli = atLeastOne(value * 1000);
  const average = { type: 'AverageValue', milli } as const;
  if (rule.of === 'per replica') return { type: 'Pods', metric, target: average };
  const isPerReplica = rule.kind === 'target' && rule.isPerReplica;
  return { type: 'External', metric, target: isPerReplica ? average : { type: 'Value', milli } };
}

/** A whole number, as Kubernetes counts; it refuses a target of none. */
function atLeastOne(value: number): number {
  return Math.max(1, Math.round(value));
}

/** As adapters of metrics name them: `latencyMsP95` is `loadline_latency_ms_p95`; a custom one keeps its name. */
function foreignName(metric: string): string {
  if (metric.startsWith('custom:')) return metric.slice('custom:'.length);
  return `loadline_${metric.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)}`;
}

function notesOn(rule: ThresholdRule | TargetRule): readonly string[] {
  const notes: string[] = [];
  const { metric } = rule;
  if (metric === 'memoryRatio')
    notes.push(
      'memoryRatio: here it is a share of the limit, there of what the pods request; let both be the same.',
    );
  if (resources[metric] === undefined)
    notes.push(
      `${metric}: it takes an adapter that serves ${foreignName(metric)}; without one, nothing is taken away.`,
    );
  if (rule.kind === 'threshold')
    notes.push(
      `${metric}: it is kept near ${showMetric(metric, rule.scaleOutAbove)}; that fewer are enough below ${showMetric(metric, rule.scaleInBelow)} cannot be said, a tenth below it is enough there.`,
    );
  return notes;
}

function notesOnManners({
  metric,
  whenMissing,
  scaleOutCooldownMs,
  scaleInCooldownMs,
}: ThresholdRule | TargetRule): readonly string[] {
  const notes: string[] = [];
  if (whenMissing !== 'hold')
    notes.push(
      `${metric}: missing values mean \`${whenMissing}\` here; there nothing is taken away while one is missing.`,
    );
  if (scaleOutCooldownMs > 0 || scaleInCooldownMs > 0)
    notes.push(
      `${metric}: a cooldown of its own cannot be said; those of all metrics have become one for each direction.`,
    );
  return notes;
}
