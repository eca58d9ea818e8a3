/**
 * What a HorizontalPodAutoscaler asks for, complete: the defaults of the API server are in it. Quantities are in
 * thousandths (`milli`), as the controller calculates, so that `500m` and `0.5` are the same number.
 */
export interface HpaSpec {
  readonly name: string;
  readonly namespace: string;
  readonly scaleTarget: { readonly apiVersion: string; readonly kind: string; readonly name: string };
  /** From 0, where an Object or External metric can bring it back. */
  readonly minReplicas: number;
  readonly maxReplicas: number;
  readonly metrics: readonly HpaMetric[];
  /** Undefined where the object says nothing of it: then the controller's older path decides, which differs a little. */
  readonly behavior: HpaBehavior | undefined;
}

/** What a metric is taken from, and what it is to be. */
export type HpaMetric =
  | { readonly type: 'Resource'; readonly resource: string; readonly target: HpaResourceTarget }
  | {
      readonly type: 'ContainerResource';
      readonly resource: string;
      readonly container: string;
      readonly target: HpaResourceTarget;
    }
  | { readonly type: 'Pods'; readonly metric: HpaMetricName; readonly target: HpaAverageTarget }
  | {
      readonly type: 'Object';
      readonly metric: HpaMetricName;
      /** `Ingress/main-route`. */
      readonly object: string;
      readonly target: HpaValueTarget | HpaAverageTarget;
    }
  | {
      readonly type: 'External';
      readonly metric: HpaMetricName;
      readonly target: HpaValueTarget | HpaAverageTarget;
    };

export type HpaResourceTarget =
  | {
      /** Of what the pods request, in whole percent. */
      readonly type: 'Utilization';
      readonly percent: number;
    }
  | HpaAverageTarget;

export interface HpaAverageTarget {
  readonly type: 'AverageValue';
  readonly milli: number;
}

export interface HpaValueTarget {
  readonly type: 'Value';
  readonly milli: number;
}

/** A metric's name, and its selector as one text, JSON with its parts in order; empty where there is none. */
export interface HpaMetricName {
  readonly name: string;
  readonly selector: string;
}

/** How quickly it may go, either way. */
export interface HpaBehavior {
  readonly scaleUp: HpaDirection;
  readonly scaleDown: HpaDirection;
}

/** How quickly it may go one way. */
export interface HpaDirection {
  /** Undefined: the controller's own, 300 downwards and 0 upwards unless it is told otherwise. */
  readonly stabilizationSeconds: number | undefined;
  readonly select: 'Max' | 'Min' | 'Disabled';
  readonly policies: readonly HpaRatePolicy[];
  /** Undefined: the controller's own, 0.1 unless it is told otherwise. */
  readonly tolerance: number | undefined;
}

/** At most so many pods, or percent of them, in this time. */
export interface HpaRatePolicy {
  readonly type: 'Pods' | 'Percent';
  /** Pods, or whole percent of those that there were when the period began. */
  readonly value: number;
  readonly periodSeconds: number;
}
