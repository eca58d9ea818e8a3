import type { Clock } from 'loadline/base';
import { type Kubernetes, kubernetesError } from 'loadline/kubernetes';
import { ApiFailure, FakeCluster, reachInProcess } from './fake-cluster.ts';
import { FakeController } from './fake-controller.ts';
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
  /** Hears of every question before it is answered; may throw an ApiFailure. */
  beforeRead: (path: string) => void = () => undefined;
  readonly #controller: FakeController;
  /** What is wanted of each deployment, as the controller was told it. */
  readonly #specOf = new Map<string, string>();

  constructor(options: FakeApiOptions) {
    this.#controller = new FakeController(options, {
      pods: this.pods,
      read: (name) => this.objects.get(`${deployments}/${name}`),
    });
  }

  /** @param further of its spec. */
  deploy(name: string, replicas: number, further: object = {}): void {
    const template = { metadata: { labels: { app: name } }, spec: { containers: [{ name, image: '1' }] } };
    const spec = { replicas, selector: { matchLabels: { app: name } }, template, ...further };
    this.#keep({ metadata: { name }, kind: 'Deployment', spec } as never);
  }

  /** From now on no pod that is started becomes ready, until this is called again with false. */
  holdStarts(isHeld = true): void {
    this.#controller.holdStarts(isHeld);
  }

  /** What a deployment's controller says of it, as a condition of its status. */
  tellCondition(name: string, condition: object): void {
    this.#controller.tellCondition(name, condition);
  }

  /** Somebody else changes it, as `kubectl apply` does. */
  changeSpec(name: string, change: object): void {
    const before = this.objects.get(`${deployments}/${name}`);
    this.#keep({ ...before, spec: mergePatch(before.spec, change) } as never);
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
    this.changeSpec(name, { replicas });
  }

  /** Its status changes, as it does with each of its pods. */
  touch(name: string): void {
    this.objects.put(deployments, this.objects.get(`${deployments}/${name}`));
  }

  /** The container of the oldest pod ends by itself, and is started again. */
  crashOne(name: string): void {
    this.#controller.crashOne(name);
  }

  /** @throws ApiFailure */
  request(method: string, path: string, body?: unknown): unknown {
    this.asked.push(`${method} ${path}`);
    if (method === 'GET') this.beforeRead(path);
    else this.beforeChange(path);
    const [, workload] = /^(.+\/deployments\/[^/]+)\/scale$/.exec(path) ?? [];
    if (workload !== undefined) return this.#requestScale(method, workload, body as FakeObject);
    if (method === 'GET' && path === autoscalers)
      return { kind: 'HorizontalPodAutoscalerList', metadata: {}, items: this.objects.list(autoscalers) };
    if (path === leases || path.startsWith(`${leases}/`))
      return this.#requestLease(method, path, body as FakeObject);
    if (path.startsWith(`${deployments}/`)) return this.#requestWorkload(method, path, body as FakeObject);
    if (method === 'GET') return this.objects.get(path);
    if (method === 'PATCH')
      return this.objects.update(path, mergePatch(this.objects.get(path), body) as FakeObject);
    throw new ApiFailure(
      405,
      'MethodNotAllowed',
      'the server does not allow this method on the requested resource',
    );
  }

  /** The object itself: what a client says of its generation and its status is ignored. */
  #requestWorkload(method: string, path: string, body: FakeObject): unknown {
    const { name } = this.objects.get(path).metadata;
    if (method === 'PATCH') {
      const { metadata, spec } = mergePatch(this.objects.get(path), body) as FakeObject;
      const { generation } = this.objects.get(path).metadata;
      const wanted = { kind: 'Deployment', metadata: { ...metadata, generation }, spec } as FakeObject;
      this.#settle(this.objects.update(path, wanted), this.#specOf.get(name));
    } else if (method !== 'GET') {
      throw new ApiFailure(405, 'MethodNotAllowed', 'the server does not allow this method');
    }
    return { ...this.objects.get(path), status: this.#controller.statusOf(name) };
  }

  #keep(object: FakeObject): void {
    this.#settle(this.objects.put(deployments, object), this.#specOf.get(object.metadata.name));
  }

  /** A change of what is wanted is another generation, and one for the controller to see to. */
  #settle(object: FakeObject, before: string | undefined): void {
    const { name, generation = 0 } = object.metadata;
    const spec = JSON.stringify(object.spec);
    if (spec === before) return;
    this.#specOf.set(name, spec);
    const metadata = { ...object.metadata, generation: Number(generation) + 1 };
    this.objects.amend(`${deployments}/${name}`, { ...object, metadata });
    this.#controller.specChanged(name);
  }

  #requestScale(method: string, path: string, body: FakeObject): unknown {
    const workload = this.objects.get(path);
    const podsOf = ({ metadata }: FakeObject): number => this.#controller.podsOf(metadata.name);
    if (method === 'GET') return scaleOf(workload, podsOf(workload));
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
    this.#settle(changed, this.#specOf.get(workload.metadata.name));
    return scaleOf(changed, podsOf(workload));
  }

  #requestLease(method: string, path: string, body: FakeObject): unknown {
    if (method === 'GET') return this.objects.get(path);
    assertLease(body);
    return method === 'POST'
      ? this.objects.create(leases, body)
      : this.objects.update(path, body, { isMadeSo: true });
  }
}

function scaleOf({ metadata, spec }: FakeObject, pods: number): unknown {
  const { name, resourceVersion, uid } = metadata;
  return {
    kind: 'Scale',
    apiVersion: 'autoscaling/v1',
    metadata: { name, namespace: 'default', resourceVersion, uid },
    spec: { replicas: (spec as { replicas: number }).replicas },
    status: { replicas: pods, selector: `app=${name}` },
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
