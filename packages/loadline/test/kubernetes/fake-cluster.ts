import { type Kubernetes, kubernetesError, type Query } from 'loadline/kubernetes';

/**
 * The pods of a cluster as an API server keeps them: each change has a version, a list comes in pages that all show one
 * moment, a watch tells what came after a version, and what is too long ago is forgotten. No Kubernetes runs where
 * these tests do; this stands in for one, by what its API's reference says of `GET /api/v1/namespaces/{namespace}/pods`.
 */
export class FakeCluster {
  readonly #pods = new Map<string, FakePod>();
  readonly #snapshots = new Map<number, readonly FakePod[]>();
  readonly #watchers = new Set<Watcher>();
  #history: Change[] = [];
  #version = 1000;
  #forgotten = 0;

  /** Those that follow at the moment. */
  get watchers(): number {
    return this.#watchers.size;
  }

  put(...given: readonly PodDescription[]): void {
    for (const description of given) {
      const pod = podOf(description, String(++this.#version));
      const before = this.#pods.get(pod.metadata.name);
      this.#pods.set(pod.metadata.name, pod);
      this.#tell({ version: this.#version, before, after: pod });
    }
  }

  remove(name: string): void {
    const before = this.#pods.get(name);
    if (before === undefined) throw new Error(`There is no pod ${name}.`);
    this.#pods.delete(name);
    this.#tell({ version: ++this.#version, before, after: undefined });
  }

  /** Tells those who allowed it how far time has come, though nothing has happened to their pods. */
  bookmark(): void {
    this.#version++;
    for (const { query, tell } of this.#watchers)
      if (query.allowWatchBookmarks === 'true')
        tell({
          type: 'BOOKMARK',
          object: { kind: 'Pod', apiVersion: 'v1', metadata: { resourceVersion: String(this.#version) } },
        });
  }

  /** Forgets what has happened, as etcd does after some minutes. */
  compact(): void {
    this.#history = [];
    this.#snapshots.clear();
    this.#forgotten = this.#version;
  }

  /** Ends every watch, as a server does after `timeoutSeconds`; or by an event that says why. */
  endWatches(failure?: ApiFailure): void {
    for (const watcher of [...this.#watchers]) {
      if (failure !== undefined) watcher.tell({ type: 'ERROR', object: failure.status });
      watcher.end();
    }
  }

  /** @throws ApiFailure */
  list(namespace: string, query: TextQuery): unknown {
    const { version, after } = this.#placeOf(query.continue);
    const all =
      this.#snapshots.get(version) ??
      [...this.#pods.values()].toSorted((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1));
    const fitting = all.filter(
      (pod) => fits(pod, namespace, query.labelSelector) && pod.metadata.name > after,
    );
    const limit = Number(query.limit ?? Number.POSITIVE_INFINITY);
    const items = fitting.slice(0, limit);
    const last = items.at(-1)?.metadata.name;
    const isMore = fitting.length > items.length && last !== undefined;
    if (isMore) this.#snapshots.set(version, all);
    return {
      kind: 'PodList',
      apiVersion: 'v1',
      metadata: {
        resourceVersion: String(version),
        ...(isMore
          ? { continue: tokenOf({ version, after: last }), remainingItemCount: fitting.length - limit }
          : {}),
      },
      items,
    };
  }

  /**
   * Tells what has happened since `resourceVersion`, and what happens from now on. What it has forgotten is no refusal, but
   * the only event of a watch that has begun: so an API server's watch cache answers.
   *
   * @returns stops it.
   */
  watch(
    namespace: string,
    query: TextQuery,
    { tell, end }: Omit<Watcher, 'query' | 'namespace'>,
  ): () => void {
    const since = Number(query.resourceVersion);
    if (!(since >= this.#forgotten)) {
      tell({ type: 'ERROR', object: gone(`too old resource version: ${since} (${this.#version})`).status });
      end();
      return () => undefined;
    }
    const watcher = { namespace, query, tell, end: () => this.#watchers.delete(watcher) && end() };
    for (const change of this.#history) if (change.version > since) tellOf(change, watcher);
    this.#watchers.add(watcher);
    return () => void this.#watchers.delete(watcher);
  }

  #placeOf(token: string | undefined): { readonly version: number; readonly after: string } {
    if (token === undefined) return { version: this.#version, after: '' };
    const place = JSON.parse(Buffer.from(token, 'base64').toString()) as { version: number; after: string };
    if (this.#snapshots.has(place.version)) return place;
    throw gone('The provided continue parameter is too old to display a consistent list result.');
  }

  #tell(change: Change): void {
    this.#history.push(change);
    for (const watcher of this.#watchers) tellOf(change, watcher);
  }
}

export interface PodDescription {
  readonly name: string;
  readonly namespace?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly ip?: string;
  readonly phase?: string;
  readonly isTerminating?: boolean;
  /** Absent: it says nothing of that. */
  readonly isReady?: boolean;
  readonly restarts?: number;
  /** Why a container of it does not run. */
  readonly waiting?: { readonly reason: string; readonly message?: string };
  /** Of the making, and of what happened last. */
  readonly atMs?: number;
  readonly ports?: readonly { readonly name?: string; readonly port: number; readonly protocol?: string }[];
}

/** Of a query everything is text. */
export type TextQuery = Readonly<Record<string, string | undefined>>;

/** A `Status`, as the API answers where it cannot. */
export class ApiFailure extends Error {
  readonly status: { readonly code: number; readonly reason: string; readonly message: string };

  constructor(code: number, reason: string, message: string) {
    super(message);
    this.status = {
      ...{ kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure' },
      ...{ code, reason, message },
    };
  }
}

export function gone(message: string): ApiFailure {
  return new ApiFailure(410, 'Expired', message);
}

/** Reaches the cluster without a network. `failure` may say what is wrong with the next request. */
export function reachInProcess(
  cluster: FakeCluster,
  failure: (isWatch: boolean) => Error | undefined = () => undefined,
): Kubernetes {
  const namespaceOf = (path: string): string => path.split('/')[4] as string;
  const answered = <Value>(isWatch: boolean, answer: () => Value): Value => {
    const wrong = failure(isWatch);
    if (wrong !== undefined) throw wrong;
    try {
      return answer();
    } catch (error) {
      const { code, message } = (error as ApiFailure).status;
      throw kubernetesError(code === 410 ? 'KUBERNETES_EXPIRED' : 'KUBERNETES_FAILED', message);
    }
  };
  return {
    namespace: 'default',
    send: () => Promise.reject(new Error('This stands in for a server that is only read.')),
    get: async (path, query) => answered(false, () => cluster.list(namespaceOf(path), textOf(query))),
    async follow(path, query, signal) {
      const lines: unknown[] = [];
      let wake = (): void => undefined;
      let isOver = false;
      const over = (): void => {
        isOver = true;
        wake();
      };
      const stop = answered(true, () =>
        cluster.watch(namespaceOf(path), textOf(query), {
          tell: (line) => {
            lines.push(line);
            wake();
          },
          end: over,
        }),
      );
      signal.addEventListener('abort', over);
      return (async function* () {
        try {
          for (;;) {
            yield* lines.splice(0);
            if (signal.aborted) throw signal.reason;
            if (isOver) return;
            await new Promise<void>((resolve) => {
              wake = resolve;
            });
          }
        } finally {
          stop();
        }
      })();
    },
  };
}

interface FakePod {
  readonly metadata: {
    readonly name: string;
    readonly namespace: string;
    readonly labels: Readonly<Record<string, string>>;
    readonly resourceVersion: string;
  };
}

interface Change {
  readonly version: number;
  readonly before: FakePod | undefined;
  readonly after: FakePod | undefined;
}

interface Watcher {
  readonly namespace: string;
  readonly query: TextQuery;
  readonly tell: (line: unknown) => void;
  readonly end: () => void;
}

function textOf(query: Query): TextQuery {
  const pairs = Object.entries(query).filter(([, value]) => value !== undefined);
  return Object.fromEntries(pairs.map(([name, value]) => [name, String(value)]));
}

function tokenOf(place: object): string {
  return Buffer.from(JSON.stringify(place)).toString('base64');
}

/** Whoever does not fit any more is gone for those who follow, with what it is now. */
function tellOf({ version, before, after }: Change, { namespace, query, tell }: Watcher): void {
  const did = before !== undefined && fits(before, namespace, query.labelSelector);
  const does = after !== undefined && fits(after, namespace, query.labelSelector);
  if (!did && !does) return;
  const pod = (after ?? before) as FakePod;
  const object = { ...pod, metadata: { ...pod.metadata, resourceVersion: String(version) } };
  tell({ type: !does ? 'DELETED' : did ? 'MODIFIED' : 'ADDED', object });
}

function podOf(given: PodDescription, resourceVersion: string): FakePod {
  const { name, namespace = 'default', labels = {}, annotations, phase = 'Running' } = given;
  const {
    ip,
    isTerminating,
    ports = [],
    isReady,
    restarts = 0,
    waiting,
    atMs = Date.UTC(2026, 0, 1),
  } = given;
  const at = new Date(atMs).toISOString().replace(/\.\d+/, '');
  const pod = {
    kind: 'Pod',
    apiVersion: 'v1',
    metadata: {
      ...{ name, namespace, labels, resourceVersion, uid: `uid-of-${name}` },
      ...(annotations === undefined ? {} : { annotations }),
      ...(isTerminating === true ? { deletionTimestamp: at } : {}),
      creationTimestamp: '2026-01-01T00:00:00Z',
    },
    spec: {
      nodeName: 'node-1',
      containers: [
        { name: 'side', image: 'side:1' },
        {
          name: 'main',
          image: 'main:1',
          ports: ports.map(({ port, protocol = 'TCP', ...named }) => ({
            ...named,
            containerPort: port,
            protocol,
          })),
        },
      ],
    },
    status: {
      phase,
      ...(ip === undefined ? {} : { podIP: ip, podIPs: [{ ip }] }),
      ...(isReady === undefined
        ? {}
        : {
            conditions: [
              { type: 'PodScheduled', status: 'True', lastTransitionTime: '2026-01-01T00:00:00Z' },
              { type: 'Ready', status: isReady ? 'True' : 'False', lastTransitionTime: at },
            ],
          }),
      containerStatuses: [
        { name: 'side', restartCount: 0, state: { running: {} } },
        {
          name: 'main',
          restartCount: restarts,
          state: waiting === undefined ? { running: {} } : { waiting },
        },
      ],
    },
  };
  return pod;
}

/** By the rules of the reference; written by itself, so that it does not err where what is tested does. */
function fits(pod: FakePod, namespace: string, selector = ''): boolean {
  const { labels } = pod.metadata;
  if (pod.metadata.namespace !== namespace) return false;
  if (selector === '') return true;
  return selector
    .split(/,(?![^(]*\))/)
    .map((part) => part.trim())
    .every((part) => {
      const set = /^(\S+) (in|notin) \((.*)\)$/.exec(part);
      if (set !== null) {
        const isIn = (set[3] as string).split(/\s*,\s*/).includes(labels[set[1] as string] ?? '\0');
        return (set[2] === 'in') === isIn;
      }
      const [, name = '', sign, value] = /^!?([^=!]+)(==?|!=)?(.*)$/.exec(part) ?? [];
      if (sign === undefined) return part.startsWith('!') !== name in labels;
      return (labels[name] === value) === (sign !== '!=');
    });
}
