import { formatPath } from 'loadline/base';
import {
  type HpaHistory,
  type HpaObservation,
  type HpaPod,
  type HpaPodSample,
  type HpaSamples,
  type HpaSpec,
  parseScalingPolicy,
} from 'loadline/scaling';

export const nowMs: number = Date.UTC(2026, 5, 6, 12);
export const minuteMs = 60_000;

/** An object as people write it, with these parts of its spec. */
export function hpaObject(spec: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return {
    apiVersion: 'autoscaling/v2',
    kind: 'HorizontalPodAutoscaler',
    metadata: { name: 'api', namespace: 'shop' },
    spec: {
      scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'api' },
      maxReplicas: 1000,
      ...spec,
    },
  };
}

export function hpa(spec: Readonly<Record<string, unknown>>): HpaSpec {
  const parsed = parseScalingPolicy(hpaObject(spec));
  if (!parsed.ok)
    throw new Error(parsed.problems.map(({ path, message }) => `${formatPath(path)} ${message}`).join('; '));
  return parsed.value.hpa as HpaSpec;
}

export function problemsOf(input: unknown): string {
  const parsed = parseScalingPolicy(input);
  return parsed.ok
    ? ''
    : parsed.problems.map(({ path, message }) => `${formatPath(path)} ${message}`).join('\n');
}

/** Of the CPU that the pods request, in percent. */
export function cpu(averageUtilization: number): Readonly<Record<string, unknown>> {
  return { type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization } } };
}

export function perPod(name: string, averageValue: string): Readonly<Record<string, unknown>> {
  return { type: 'Pods', pods: { metric: { name }, target: { type: 'AverageValue', averageValue } } };
}

export function external(
  name: string,
  target: Readonly<Record<string, unknown>>,
): Readonly<Record<string, unknown>> {
  return { type: 'External', external: { metric: { name }, target } };
}

/** A pod that has been ready for an hour, and requests one core and a gibibyte. */
export function pod(name: string, further: Partial<HpaPod> = {}): HpaPod {
  return {
    name,
    phase: 'Running',
    isDeleted: false,
    ready: { status: 'True', sinceMs: nowMs - 60 * minuteMs },
    startedMs: nowMs - 60 * minuteMs,
    requests: { cpu: 1000, memory: 2 ** 30 * 1000 },
    ...further,
  };
}

export function pods(count: number, further: Partial<HpaPod> = {}, from = 0): HpaPod[] {
  return Array.from({ length: count }, (_, index) => pod(`pod-${from + index}`, further));
}

/** A sample for each of the first pods, in thousandths. */
export function samples(
  values: readonly number[],
  further: Partial<HpaPodSample> = {},
  from = 0,
): HpaSamples {
  const byPod = values.map((milli, index) => [
    `pod-${from + index}`,
    { milli, atMs: nowMs, windowMs: 60_000, ...further },
  ]);
  return { of: 'pods', byPod: Object.fromEntries(byPod) };
}

export function total(...milli: number[]): HpaSamples {
  return { of: 'object', milli };
}

export function seen(
  all: readonly HpaPod[],
  metrics: Readonly<Record<string, HpaSamples>>,
  further: Partial<HpaObservation> = {},
): HpaObservation {
  return {
    atMs: nowMs,
    specReplicas: all.length,
    statusReplicas: all.length,
    pods: all,
    metrics,
    ...further,
  };
}

/** Nothing was wanted or done before. */
export const noHistory: HpaHistory = { recommendations: [], steps: [] };

/** So that a window upwards or downwards keeps nothing back. */
export const atOnce: { readonly behavior: { readonly scaleUp: object; readonly scaleDown: object } } = {
  behavior: {
    scaleUp: { policies: [{ type: 'Percent', value: 10_000, periodSeconds: 15 }] },
    scaleDown: { stabilizationWindowSeconds: 0 },
  },
};
