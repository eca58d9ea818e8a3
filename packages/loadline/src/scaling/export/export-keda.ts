import { type Exported, type ExportRequest, metadataOf, targetOf } from './exported.ts';

/** Where KEDA asks, and for which group. */
export interface KedaExportRequest extends ExportRequest {
  /** Where KEDA finds the scaler that decides: `loadline.loadline.svc:9090`. */
  readonly scalerAddress: string;
  /** As the scaler calls the group. Default: the name. */
  readonly group?: string;
}

/**
 * A ScaledObject of KEDA that asks Loadline's scaler how many there are to be. Pure. All of the policy holds, since it is decided
 * by it; the autoscaler that KEDA makes only has to do as it is told, and quickly.
 */
export function exportKeda(request: KedaExportRequest): Exported {
  const { policy, name, group = name, scalerAddress } = request;
  const { min, max } = policy.replicas;
  const object = {
    apiVersion: 'keda.sh/v1alpha1',
    kind: 'ScaledObject',
    metadata: metadataOf(request),
    spec: {
      scaleTargetRef: targetOf(request),
      pollingInterval: 15,
      minReplicaCount: min,
      maxReplicaCount: max,
      advanced: { horizontalPodAutoscalerConfig: { behavior: obedient(max) } },
      triggers: [{ type: 'external-push', metricType: 'AverageValue', metadata: { scalerAddress, group } }],
    },
  };
  const notes = [
    'The autoscaler that KEDA makes leaves a difference of up to a tenth alone: from 10 instances on, smaller steps come later.',
    'While the scaler cannot be asked, nothing is changed. A `fallback` would set a fixed number instead.',
    ...(policy.hpa === undefined
      ? []
      : ['The policy is an autoscaler itself: without Loadline, that object does the same.']),
  ];
  return { object, notes };
}

/** What was decided is not to be waited for again. */
function obedient(max: number): object {
  const all = [
    { type: 'Percent', value: 100, periodSeconds: 15 },
    { type: 'Pods', value: max, periodSeconds: 15 },
  ];
  const direction = { stabilizationWindowSeconds: 0, selectPolicy: 'Max', policies: all };
  return { scaleUp: direction, scaleDown: direction };
}
