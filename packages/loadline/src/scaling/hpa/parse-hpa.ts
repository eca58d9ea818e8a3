import type { Field } from '../../base/index.ts';
import { readBehavior } from './parse-behavior.ts';
import { readMetric } from './parse-metric.ts';
import { readPathName } from './parse-name.ts';
import type { HpaMetric, HpaSpec } from './spec.ts';
import { written } from './written.ts';

/** Whether something is meant as a HorizontalPodAutoscaler. */
export function isHpaObject(value: unknown): boolean {
  return (
    typeof value === 'object' &&
    value !== null &&
    (value as { kind?: unknown }).kind === 'HorizontalPodAutoscaler'
  );
}

const int32Max = 2 ** 31 - 1;
const metricsMax = 50;

/**
 * Reads an `autoscaling/v2` HorizontalPodAutoscaler, with the defaults that the API server gives it, and refuses
 * what the API server would refuse. Its status is not looked at.
 */
export function readHpa(root: Field): HpaSpec {
  const hpa = root.object(['apiVersion', 'kind', 'metadata', 'spec', 'status']);
  hpa.required('apiVersion').oneOf(['autoscaling/v2']);
  const spec = hpa
    .required('spec')
    .object(['scaleTargetRef', 'minReplicas', 'maxReplicas', 'metrics', 'behavior']);
  const listed = written(spec, 'metrics');
  const metrics = listed?.array(readMetric) ?? [];
  if (metrics.length > metricsMax) listed?.problem(`must be at most ${metricsMax}, got ${metrics.length}`);
  return {
    ...readMetadata(hpa.required('metadata')),
    scaleTarget: readTarget(spec.required('scaleTargetRef')),
    ...readLimits(written(spec, 'minReplicas'), spec.required('maxReplicas'), metrics),
    metrics: metrics.length === 0 ? defaultMetrics : metrics,
    behavior: readBehavior(written(spec, 'behavior')),
  };
}

/** What the API server puts where no metric is written. */
const defaultMetrics: readonly HpaMetric[] = [
  { type: 'Resource', resource: 'cpu', target: { type: 'Utilization', percent: 80 } },
];

function readMetadata(field: Field): Pick<HpaSpec, 'name' | 'namespace'> {
  const namespace = field.at('namespace');
  return {
    name: field.at('name').string(),
    namespace: namespace.value === undefined || namespace.value === null ? 'default' : namespace.string(),
  };
}

function readTarget(field: Field): HpaSpec['scaleTarget'] {
  const target = field.object(['apiVersion', 'kind', 'name']);
  return {
    apiVersion: written(target, 'apiVersion')?.string({ nonEmpty: false }) ?? '',
    kind: readPathName(target.required('kind')),
    name: readPathName(target.required('name')),
  };
}

function readLimits(
  minField: Field | undefined,
  maxField: Field,
  metrics: readonly HpaMetric[],
): Pick<HpaSpec, 'minReplicas' | 'maxReplicas'> {
  const minReplicas = minField?.number({ atLeast: 0, atMost: int32Max, whole: true }) ?? 1;
  const maxReplicas = maxField.number({ atLeast: 1, atMost: int32Max, whole: true });
  if (minReplicas > maxReplicas)
    minField?.problem(`must be at most maxReplicas, got ${minReplicas} above ${maxReplicas}`);
  const canWake = metrics.some(({ type }) => type === 'Object' || type === 'External');
  if (minReplicas === 0 && !canWake)
    minField?.problem(
      'must be at least 1 without an Object or External metric: nothing else could bring it back from 0',
    );
  return { minReplicas, maxReplicas };
}
