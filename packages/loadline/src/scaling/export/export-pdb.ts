import { type Exported, type ExportRequest, metadataOf } from './exported.ts';

/** A PodDisruptionBudget that lets nodes be emptied without emptying the service. Pure. */
export function exportPdb(request: ExportRequest): Exported {
  const { name, policy } = request;
  const object = {
    apiVersion: 'policy/v1',
    kind: 'PodDisruptionBudget',
    metadata: metadataOf(request),
    spec: {
      // Rounded up: one of 2 to 10, two of 20; a number of those that have to stay would block all at the minimum.
      maxUnavailable: '10%',
      unhealthyPodEvictionPolicy: 'AlwaysAllow',
      selector: { matchLabels: { 'app.kubernetes.io/name': name } },
    },
  };
  const isAlone = policy.replicas.min < 2;
  return {
    object,
    notes: isAlone
      ? [
          `The minimum is ${policy.replicas.min}: while there is only one, emptying its node interrupts the service. Let it be 2.`,
        ]
      : [],
  };
}
