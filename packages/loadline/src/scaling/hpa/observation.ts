import type { HpaMetric, HpaMetricName } from './spec.ts';

/** What the controller would look at in one round. */
export interface HpaObservation {
  /** Milliseconds since the epoch. */
  readonly atMs: number;
  /** How many the workload is told to run, and how many its status says there are. */
  readonly specReplicas: number;
  readonly statusReplicas: number;
  /**
   * At 0: whether the autoscaler took it there, as the condition `ScaledToZero` says; a controller from 1.37 on wakes no
   * other. Undefined: as the steps say, and those before 1.37, which wake whatever has 0 as its minimum.
   */
  readonly isScaledToZero?: boolean;
  /** All that the workload's selector matches. */
  readonly pods: readonly HpaPod[];
  /** By `metricKey`; what is absent could not be had. */
  readonly metrics: Readonly<Record<string, HpaSamples>>;
}

/** A pod as the controller sees it. */
export interface HpaPod {
  readonly name: string;
  readonly phase: 'Pending' | 'Running' | 'Succeeded' | 'Failed' | 'Unknown';
  readonly isDeleted: boolean;
  /** Its condition `Ready`, and when that changed last. */
  readonly ready: { readonly status: 'True' | 'False' | 'Unknown'; readonly sinceMs: number } | undefined;
  /** When the kubelet took it over. */
  readonly startedMs: number | undefined;
  /** What it requests, in thousandths: of a resource by its name, of a container's by `container/resource`. */
  readonly requests: Readonly<Record<string, number>>;
}

/** What was measured for one metric. */
export type HpaSamples =
  | {
      readonly of: 'pods';
      /** By the pod's name; who is not here misses its metric. */
      readonly byPod: Readonly<Record<string, HpaPodSample>>;
    }
  | {
      /** Of an object one value, of an external metric one of each series. In thousandths. */
      readonly of: 'object';
      readonly milli: readonly number[];
    }
  | { readonly of: 'nobody'; readonly because: string };

/** What a pod had of a metric, in thousandths. */
export interface HpaPodSample {
  readonly milli: number;
  readonly atMs: number;
  /** Over how long it was measured. */
  readonly windowMs: number;
}

/** Under which name a metric's samples are in an observation. Pure. */
export function metricKey(metric: HpaMetric): string {
  switch (metric.type) {
    case 'Resource':
      return `resource ${metric.resource}`;
    case 'ContainerResource':
      return `resource ${metric.container}/${metric.resource}`;
    case 'Pods':
      return `pods ${nameOf(metric.metric)}`;
    case 'Object':
      return `object ${metric.object} ${nameOf(metric.metric)}`;
    case 'External':
      return `external ${nameOf(metric.metric)}`;
  }
}

function nameOf({ name, selector }: HpaMetricName): string {
  return selector === '' ? name : `${name}{${selector}}`;
}

/** What a cluster's administrator sets for all autoscalers; the defaults are the controller manager's own. */
export interface HpaSettings {
  /** By how much, as a share, a metric may be off its target before anything is changed. */
  readonly tolerance: number;
  /** Nothing is taken away that was wanted within this time; a `behavior` may say otherwise. */
  readonly downscaleStabilizationMs: number;
  /** So long after its start a pod's CPU counts only while it is ready, and only measured since it is. */
  readonly cpuInitializationMs: number;
  /** A pod that became unready within this time of its start was never ready. */
  readonly initialReadinessDelayMs: number;
}

/** The defaults of the controller manager: a tolerance of 0.1, five minutes, five minutes and 30 seconds. */
export const hpaSettings: HpaSettings = {
  tolerance: 0.1,
  downscaleStabilizationMs: 300_000,
  cpuInitializationMs: 300_000,
  initialReadinessDelayMs: 30_000,
};
