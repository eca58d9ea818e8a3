import { type Exported, type ExportRequest, metadataOf } from './exported.ts';

/** Which image the Deployment runs, and what one instance of it has. */
export interface DeploymentExportRequest extends ExportRequest {
  /** With its tag or digest. */
  readonly image: string;
  /** Default 8080. */
  readonly port?: number;
  /** What one instance is to have, as Kubernetes writes it. Default `500m` and `512Mi`. */
  readonly cpu?: string;
  readonly memory?: string;
}

/** From SIGTERM until SIGKILL: for leaving the traffic and ending what there is. */
const graceSeconds = 60;

/**
 * A Deployment that can be scaled without anybody noticing: it is asked whether it is ready, drains when it goes, and has requests by
 * which its utilisation is counted. Pure.
 */
export function exportDeployment(request: DeploymentExportRequest): Exported {
  const { name, image, port = 8080, cpu = '500m', memory = '512Mi' } = request;
  const metadata = metadataOf(request);
  const object = {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata,
    spec: {
      strategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 0, maxSurge: '25%' } },
      selector: { matchLabels: { 'app.kubernetes.io/name': name } },
      template: {
        metadata: { labels: metadata.labels },
        spec: {
          enableServiceLinks: false,
          automountServiceAccountToken: false,
          terminationGracePeriodSeconds: graceSeconds,
          securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
          topologySpreadConstraints: [spreadOver('topology.kubernetes.io/zone', name)],
          containers: [
            {
              name,
              image,
              env: [{ name: 'PORT', value: String(port) }],
              ports: [{ name: 'http', containerPort: port }],
              ...probes,
              resources: { requests: { cpu, memory }, limits: { memory } },
              securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
            },
          ],
        },
      },
    },
  };
  return {
    object,
    notes: [
      'It says nothing of `replicas`: what scales it owns that number, and applying this again must not undo it.',
      'It has no limit of the CPU: one that is throttled looks like one that is slow. Its share is what it requests.',
    ],
  };
}

/** Ten seconds, of which an answer may take five; twice is well, three times is not. */
const rhythm = { periodSeconds: 10, timeoutSeconds: 5, failureThreshold: 3 } as const;

const probes = {
  startupProbe: { httpGet: { path: '/health/live', port: 'http' }, periodSeconds: 1, failureThreshold: 60 },
  livenessProbe: { httpGet: { path: '/health/live', port: 'http' }, ...rhythm },
  readinessProbe: { httpGet: { path: '/health/ready', port: 'http' }, ...rhythm, successThreshold: 2 },
  // Balancers learn of the end a moment later than the pod: until then it goes on taking requests.
  lifecycle: { preStop: { sleep: { seconds: 5 } } },
} as const;

function spreadOver(topologyKey: string, name: string): object {
  return {
    topologyKey,
    maxSkew: 1,
    whenUnsatisfiable: 'ScheduleAnyway',
    labelSelector: { matchLabels: { 'app.kubernetes.io/name': name } },
  };
}
