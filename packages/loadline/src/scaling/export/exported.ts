import type { ScalingPolicy } from '../policy/policy.ts';

/** What an object of Kubernetes is made for. */
export interface ExportRequest {
  readonly policy: ScalingPolicy;
  /** Of the workload, and of the objects. */
  readonly name: string;
  /** Default `default`. */
  readonly namespace?: string;
  /** What is scaled. Default `Deployment` of `apps/v1`. */
  readonly kind?: string;
  readonly apiVersion?: string;
}

/** An object, and what of the policy it cannot say: nobody is to learn that from an outage. */
export interface Exported {
  readonly object: Readonly<Record<string, unknown>>;
  /** Sentences for people, to stand before it. */
  readonly notes: readonly string[];
}

/** What every object of ours says of itself. */
export function metadataOf({ name, namespace = 'default' }: Pick<ExportRequest, 'name' | 'namespace'>): {
  readonly name: string;
  readonly namespace: string;
  readonly labels: Readonly<Record<string, string>>;
} {
  return {
    name,
    namespace,
    labels: { 'app.kubernetes.io/name': name, 'app.kubernetes.io/managed-by': 'loadline' },
  };
}

export function targetOf({ name, kind = 'Deployment', apiVersion = 'apps/v1' }: ExportRequest): {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
} {
  return { apiVersion, kind, name };
}
