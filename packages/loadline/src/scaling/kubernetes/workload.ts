import { parse } from '../../base/index.ts';
import { acceptAnswer, type Kubernetes } from '../../kubernetes/index.ts';

/** What is scaled, as a HorizontalPodAutoscaler names its target: anything that has a scale. */
export interface Workload {
  readonly name: string;
  /** Default `Deployment`. */
  readonly kind?: string;
  /** Default `apps/v1`. */
  readonly apiVersion?: string;
  /** Its kind as it stands in paths; only needed where it isn't the kind in small letters with an `s`. */
  readonly resource?: string;
  /** Default: that of the account. */
  readonly namespace?: string;
}

/** A workload with everything that was left out. */
export type WholeWorkload = Required<Workload>;

export function wholeWorkload(workload: Workload, namespace: string): WholeWorkload {
  const { name, kind = 'Deployment', apiVersion = 'apps/v1' } = workload;
  const resource = workload.resource ?? `${kind.toLowerCase()}s`;
  return { name, kind, apiVersion, resource, namespace: workload.namespace ?? namespace };
}

/** For people: `Deployment shop/api`. */
export function nameOf({ kind, namespace, name }: WholeWorkload): string {
  return `${kind} ${namespace}/${name}`;
}

/** The scale of a workload, as the API server keeps it. */
export interface Scale {
  readonly wanted: number;
  /** Of its pods, as `kubectl --selector` takes it. */
  readonly selector: string;
  /** As it was read, to be sent back. */
  readonly object: Readonly<Record<string, unknown>>;
}

export function pathOfWorkload({ apiVersion, namespace, resource, name }: WholeWorkload): string {
  const root = apiVersion.includes('/') ? '/apis' : '/api';
  const parts = ['namespaces', namespace, resource, name].map(encodeURIComponent);
  return `${root}/${apiVersion}/${parts.join('/')}`;
}

function pathOfScale(workload: WholeWorkload): string {
  return `${pathOfWorkload(workload)}/scale`;
}

/** @throws KUBERNETES_ANSWER_INVALID, and what the API server says. */
export async function readScale(
  kubernetes: Kubernetes,
  workload: WholeWorkload,
  signal: AbortSignal,
): Promise<Scale> {
  return scaleIn(await kubernetes.get(pathOfScale(workload), {}, signal));
}

/**
 * Sets how many are wanted, unless anything of the workload has changed since its scale was read.
 *
 * @throws KUBERNETES_CONFLICT, and what else the API server says.
 */
export async function writeScale(
  kubernetes: Kubernetes,
  { workload, scale, replicas }: { workload: WholeWorkload; scale: Scale; replicas: number },
  signal: AbortSignal,
): Promise<void> {
  const spec = { ...(scale.object.spec as object | undefined), replicas };
  const change = { method: 'PUT', path: pathOfScale(workload), body: { ...scale.object, spec } } as const;
  await kubernetes.send(change, signal);
}

function scaleIn(answer: unknown): Scale {
  return acceptAnswer(
    'a scale',
    parse(answer, (root): Scale => {
      const wanted = root.at('spec').at('replicas');
      // The version is what makes it safe to send it back.
      root.at('metadata').at('resourceVersion').string();
      return {
        // Zero is left out where the server writes only what is not.
        wanted: wanted.value === undefined ? 0 : wanted.number({ atLeast: 0, whole: true }),
        selector: root.at('status').at('selector').string(),
        object: answer as Readonly<Record<string, unknown>>,
      };
    }),
  );
}

/** An autoscaler of Kubernetes, of which only is known what it scales. */
interface Autoscaler {
  readonly name: string;
  readonly kind: string;
  readonly target: string;
  readonly apiVersion: string;
}

/** The one that scales the same workload, by its name; undefined where none does. Two that pull at one rope only wear it out. */
export async function rivalOf(
  kubernetes: Kubernetes,
  workload: WholeWorkload,
  signal: AbortSignal,
): Promise<string | undefined> {
  const path = `/apis/autoscaling/v2/namespaces/${encodeURIComponent(workload.namespace)}/horizontalpodautoscalers`;
  let next: string | undefined;
  do {
    const page = autoscalersIn(await kubernetes.get(path, { limit: 500, continue: next }, signal));
    const rival = page.items.find((each) => scalesSame(each, workload));
    if (rival !== undefined) return rival.name;
    next = page.next;
  } while (next !== undefined);
  return undefined;
}

function autoscalersIn(answer: unknown): {
  readonly items: readonly Autoscaler[];
  readonly next: string | undefined;
} {
  return acceptAnswer(
    'a list of autoscalers',
    parse(answer, (root) => {
      const items = root.at('items');
      const next = root.at('metadata').at('continue');
      return {
        items: (items.value ?? undefined) === undefined ? [] : items.array(readAutoscaler),
        next: next.value ? next.string() : undefined,
      };
    }),
  );
}

function readAutoscaler(field: Parameters<Parameters<typeof parse>[1]>[0]): Autoscaler {
  const target = field.at('spec').at('scaleTargetRef');
  const apiVersion = target.at('apiVersion');
  return {
    name: field.at('metadata').at('name').string(),
    kind: target.at('kind').string(),
    target: target.at('name').string(),
    apiVersion: apiVersion.value === undefined ? '' : apiVersion.string(),
  };
}

/** By group and kind: another version of it is the same object. */
function scalesSame({ kind, target, apiVersion }: Autoscaler, workload: WholeWorkload): boolean {
  const groupOf = (version: string): string =>
    version.includes('/') ? (version.split('/')[0] as string) : '';
  const isSameGroup = apiVersion === '' || groupOf(apiVersion) === groupOf(workload.apiVersion);
  return kind === workload.kind && target === workload.name && isSameGroup;
}
