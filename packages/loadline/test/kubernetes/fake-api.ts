import type { Clock } from 'loadline/base';
import { type Kubernetes, kubernetesError } from 'loadline/kubernetes';
import { ApiFailure, FakeCluster, reachInProcess } from './fake-cluster.ts';
import { type FakeObject, FakeObjects, mergePatch } from './fake-objects.ts';

const deployments = '/apis/apps/v1/namespaces/default/deployments';
const autoscalers = '/apis/autoscaling/v2/namespaces/default/horizontalpodautoscalers';
const leases = '/apis/coordination.k8s.io/v1/namespaces/default/leases';

export interface FakeApiOptions {
  readonly clock: Clock;
  /** From the making of a pod until it is ready. Default 1,000. */
  readonly startMs?: number;
  /** From the wish that it ends until it is gone. Default 1,000. */
  readonly stopMs?: number;
}

/**
 * Deployments with their scale and their pods, autoscalers and leases, as an API server and the controllers behind it keep them. No
 * Kubernetes runs where these tests do; this stands in for one.
 */
export class FakeApi {
  readonly pods: FakeCluster = new FakeCluster();
  readonly objects: FakeObjects = new FakeObjects();
  /** `GET /apis/…`, in order. */
  readonly asked: string[] = [];
  /** Hears of every change before it is made; may make another one first, or throw an ApiFailure. */
  beforeChange: (path: string) => void = () => undefined;
  readonly #clock: Clock;
  readonly #startMs: number;
  readonly #stopMs: number;
  readonly #living = new Map<string, string[]>();
  #made = 0;

  constructor({ clock, startMs = 1000, stopMs = 1000 }: FakeApiOptions) {
    this.#clock = clock;
    this.#startMs = startMs;
    this.#stopMs = stopMs;
  }

  deploy(name: string, replicas: number): void {
    const spec = { replicas, selector: { matchLabels: { app: name } } };
    this.objects.put(deployments, { metadata: { name }, kind: 'Deployment', spec } as never);
    this.#reconcile(name);
  }

  autoscale(name: string, scaleTargetRef: object): void {
    this.objects.put(autoscalers, { metadata: { name }, spec: { scaleTargetRef, maxReplicas: 9 } } as never);
  }

  /** How many are wanted, as it stands in the object. */
  replicasOf(name: string): number {
    return (this.objects.get(`${deployments}/${name}`).spec as { replicas: number }).replicas;
  }

  /** Somebody else scales it, as `kubectl scale` does. */
  scale(name: string, replicas: number): void {
    const before = this.objects.get(`${deployments}/${name}`);
    this.objects.put(deployments, { ...before, spec: { ...(before.spec as object), replicas } } as never);
    this.#reconcile(name);
  }

  /** Its status changes, as it does with each of its pods. */
  touch(name: string): void {
    this.objects.put(deployments, this.objects.get(`${deployments}/${name}`));
  }

  /** The container of the oldest pod ends by itself, and is started again. */
  crashOne(name: string): void {
    const pod = this.#living.get(name)?.[0];
    if (pod === undefined) throw new Error(`There is no pod of ${name}.`);
    this.#show(pod, name, { isReady: false, restarts: 1 });
    this.#clock.setTimer(() => this.#show(pod, name, { isReady: true, restarts: 1 }), this.#startMs);
  }

  /** @throws ApiFailure */
  request(method: string, path: string, body?: unknown): unknown {
    this.asked.push(`${method} ${path}`);
    if (method !== 'GET') this.beforeChange(path);
    const [, workload] = /^(.+\/deployments\/[^/]+)\/scale$/.exec(path) ?? [];
    if (workload !== undefined) return this.#requestScale(method, workload, body as FakeObject);
    if (method === 'GET' && path === autoscalers)
      return { kind: 'HorizontalPodAutoscalerList', metadata: {}, items: this.objects.list(autoscalers) };
    if (path === leases || path.startsWith(`${leases}/`))
      return this.#requestLease(method, path, body as FakeObject);
    if (method === 'GET') return this.objects.get(path);
    if (method === 'PATCH')
      return this.objects.update(path, mergePatch(this.objects.get(path), body) as FakeObject);
    throw new ApiFailure(
      405,
      'MethodNotAllowed',
      'the server does not allow this method on the requested resource',
    );
  }

  #requestScale(method: string, path: string, body: FakeObject): unknown {
    const workload = this.objects.get(path);
    if (method === 'GET') return scaleOf(workload, this.#living);
    const { replicas } = body.spec as { replicas: number };
    if (!Number.isInteger(replicas) || replicas < 0)
      throw new ApiFailure(
        422,
        'Invalid',
        `spec.replicas: Invalid value: ${replicas}: must be greater than or equal to 0`,
      );
    const { resourceVersion } = body.metadata;
    const metadata = { ...workload.metadata, resourceVersion };
    const spec = { ...(workload.spec as object), replicas };
    const changed = this.objects.update(path, { ...workload, metadata, spec });
    this.#reconcile(workload.metadata.name);
    return scaleOf(changed, this.#living);
  }

  #requestLease(method: string, path: string, body: FakeObject): unknown {
    if (method === 'GET') return this.objects.get(path);
    assertLease(body);
    return method === 'POST'
      ? this.objects.create(leases, body)
      : this.objects.update(path, body, { isMadeSo: true });
  }

  /** What the controllers of a deployment do, without delay but for the pods' own. */
  #reconcile(name: string): void {
    const living = this.#living.get(name) ?? [];
    this.#living.set(name, living);
    while (living.length < this.replicasOf(name)) {
      const pod = `${name}-${++this.#made}`;
      living.push(pod);
      this.#show(pod, name, { isReady: false });
      this.#clock.setTimer(
        () => living.includes(pod) && this.#show(pod, name, { isReady: true }),
        this.#startMs,
      );
    }
    for (const pod of living.splice(this.replicasOf(name))) {
      this.#show(pod, name, { isReady: true, isTerminating: true });
      this.#clock.setTimer(() => this.pods.remove(pod), this.#stopMs);
    }
  }

  #show(
    name: string,
    app: string,
    state: { isReady: boolean; restarts?: number; isTerminating?: boolean },
  ): void {
    const ports = [{ port: 8080 }];
    this.pods.put({ name, labels: { app }, ip: '10.0.0.1', ports, atMs: this.#clock.now(), ...state });
  }
}

function scaleOf({ metadata, spec }: FakeObject, living: ReadonlyMap<string, readonly string[]>): unknown {
  const { name, resourceVersion, uid } = metadata;
  return {
    kind: 'Scale',
    apiVersion: 'autoscaling/v1',
    metadata: { name, namespace: 'default', resourceVersion, uid },
    spec: { replicas: (spec as { replicas: number }).replicas },
    status: { replicas: living.get(name)?.length ?? 0, selector: `app=${name}` },
  };
}

/** What the server refuses, by the reference of `coordination.k8s.io/v1`. */
function assertLease({ spec }: FakeObject): void {
  const { leaseDurationSeconds, holderIdentity, renewTime, leaseTransitions } = spec as Record<
    string,
    unknown
  >;
  const isTime = (value: unknown): boolean =>
    value === undefined || /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/.test(String(value));
  const isWhole = Number.isInteger(leaseDurationSeconds) && Number.isInteger(leaseTransitions);
  if (!isWhole || Number(leaseDurationSeconds) <= 0 || holderIdentity === '' || !isTime(renewTime))
    throw new ApiFailure(422, 'Invalid', 'Lease is invalid');
}

/** Reaches it without a network. `failure` may say what is wrong with the next request, and in what way it is late. */
export function reachApi(
  api: FakeApi,
  failure: (request: string) => Promise<void> | undefined = () => undefined,
): Kubernetes {
  const pods = reachInProcess(api.pods);
  const answered = async (method: string, path: string, body?: unknown): Promise<unknown> => {
    await failure(`${method} ${path}`);
    try {
      // As it crosses a network: nobody holds what the other changes.
      return structuredClone(api.request(method, path, structuredClone(body)));
    } catch (error) {
      if (!(error instanceof ApiFailure)) throw error;
      const { code, message } = error.status;
      throw kubernetesError(codes[code] ?? 'KUBERNETES_FAILED', message, { facts: { status: code } });
    }
  };
  return {
    namespace: 'default',
    get: async (path, query, signal) =>
      path.endsWith('/pods') ? pods.get(path, query, signal) : answered('GET', path),
    follow: pods.follow,
    send: ({ method, path, body }) => answered(method, path, body),
  };
}

const codes: Readonly<Record<number, Parameters<typeof kubernetesError>[0]>> = {
  403: 'KUBERNETES_REFUSED',
  404: 'KUBERNETES_NOT_FOUND',
  409: 'KUBERNETES_CONFLICT',
};
