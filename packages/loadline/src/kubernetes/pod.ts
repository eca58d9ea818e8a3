import { isIP } from 'node:net';
import { type Field, parse, parseInstant } from '../base/index.ts';
import { acceptAnswer } from './answer.ts';
import { kubernetesError } from './errors.ts';

/** Of a pod what one needs to reach it, and to know how far it is. */
export interface Pod {
  readonly name: string;
  readonly namespace: string;
  /** `Pending`, `Running`, `Succeeded`, `Failed`, `Unknown`. */
  readonly phase: string;
  /** It was told to end. */
  readonly isTerminating: boolean;
  /** It says that it takes requests; one that ends may say so still. */
  readonly isReady: boolean;
  /** When it was made or was told to end, became ready or stopped being it, whichever was last; since the epoch. */
  readonly sinceMs: number;
  /** Of all its containers. */
  readonly restarts: number;
  /** What keeps it from being ready, in the words of Kubernetes: `CrashLoopBackOff: back-off 40s …`. */
  readonly remark?: string;
  /** Once it has one. */
  readonly ip?: string;
  /** Those that were asked for and that it has. */
  readonly annotations: Readonly<Record<string, string>>;
  /** What its containers declare, over TCP. */
  readonly ports: readonly PodPort[];
}

/** A TCP port of a container, 1 to 65,535, and its name where it has one. */
export interface PodPort {
  readonly name?: string;
  readonly port: number;
}

/** Some of a list; with the token that gives the next ones, where there are more. */
export interface PodPage {
  readonly pods: readonly Pod[];
  /** What happens after it can be followed from here. */
  readonly version: string;
  readonly next: string | undefined;
}

/** What has become of one pod, or that nothing has until `version`. */
export type PodEvent =
  | { readonly kind: 'there' | 'gone'; readonly pod: Pod; readonly version: string }
  | { readonly kind: 'bookmark'; readonly version: string };

/**
 * Reads an answer of `GET /api/v1/namespaces/…/pods`. Pure.
 *
 * @throws KUBERNETES_ANSWER_INVALID with everything that does not fit.
 */
export function readPodPage(answer: unknown, annotations: readonly string[]): PodPage {
  return acceptAnswer(
    'a list of pods',
    parse(answer, (root): PodPage => {
      const metadata = root.at('metadata');
      return {
        pods: isThere(root.at('items')) ? root.at('items').array((item) => readPod(item, annotations)) : [],
        version: metadata.at('resourceVersion').string(),
        next: metadata.at('continue').value ? metadata.at('continue').string() : undefined,
      };
    }),
  );
}

/**
 * Reads one line of a watch. Pure.
 *
 * @throws KUBERNETES_EXPIRED, KUBERNETES_FAILED where the line says that the watch has failed, KUBERNETES_ANSWER_INVALID
 */
export function readPodEvent(line: unknown, annotations: readonly string[]): PodEvent {
  const type = (line as { readonly type?: unknown } | null)?.type;
  if (type === 'ERROR') throw watchFailure((line as { readonly object?: unknown }).object);
  return acceptAnswer(
    'an event of a watch',
    parse(line, (root): PodEvent => {
      const kind = root.at('type').oneOf(['ADDED', 'MODIFIED', 'DELETED', 'BOOKMARK']);
      const object = root.at('object');
      const version = object.at('metadata').at('resourceVersion').string();
      if (kind === 'BOOKMARK') return { kind: 'bookmark', version };
      return { kind: kind === 'DELETED' ? 'gone' : 'there', pod: readPod(object, annotations), version };
    }),
  );
}

function watchFailure(status: unknown): Error {
  const { code, message } = (status ?? {}) as { readonly code?: unknown; readonly message?: unknown };
  const words = typeof message === 'string' ? message.slice(0, 200) : 'no reason given';
  return kubernetesError(
    code === 410 ? 'KUBERNETES_EXPIRED' : 'KUBERNETES_FAILED',
    `The watch of pods has ended: ${words}.`,
    { facts: { code } },
  );
}

function readPod(field: Field, wanted: readonly string[]): Pod {
  const metadata = field.at('metadata');
  const ip = field.at('status').at('podIP');
  if (isThere(ip) && isIP(ip.string()) === 0) ip.problem('must be an IP address');
  const annotations = wanted.flatMap((name): [string, string][] => {
    const annotation = metadata.at('annotations').at(name);
    return isThere(annotation) ? [[name, annotation.string({ nonEmpty: false })]] : [];
  });
  return {
    name: metadata.at('name').string(),
    namespace: metadata.at('namespace').string(),
    phase: field.at('status').at('phase').string(),
    isTerminating: isThere(metadata.at('deletionTimestamp')),
    ...readProgress(field),
    ...(isThere(ip) ? { ip: ip.string() } : {}),
    annotations: Object.fromEntries(annotations),
    ports: listOf(field.at('spec').at('containers'), (container) =>
      listOf(container.at('ports'), readPort).flat(),
    ).flat(),
  };
}

function readProgress(field: Field): Pick<Pod, 'isReady' | 'sinceMs' | 'restarts' | 'remark'> {
  const conditions = listOf(field.at('status').at('conditions'), readCondition);
  const ready = conditions.find(({ type }) => type === 'Ready');
  const isReady = ready?.status === 'True';
  const containers = listOf(field.at('status').at('containerStatuses'), readContainer);
  const unscheduled = conditions.find(({ type, status }) => type === 'PodScheduled' && status === 'False');
  const remark = isReady ? undefined : (containers.find(({ waits }) => waits)?.waits ?? unscheduled?.words);
  const times = ['creationTimestamp', 'deletionTimestamp'].map((key) => timeOf(field.at('metadata').at(key)));
  return {
    isReady,
    sinceMs: Math.max(0, ...times, ready?.sinceMs ?? 0),
    restarts: containers.reduce((sum, { restarts }) => sum + restarts, 0),
    ...(remark === undefined ? {} : { remark }),
  };
}

interface Condition {
  readonly type: string;
  readonly status: string;
  readonly sinceMs: number;
  readonly words: string;
}

function readCondition(field: Field): Condition {
  return {
    type: field.at('type').string(),
    status: field.at('status').string(),
    sinceMs: timeOf(field.at('lastTransitionTime')),
    words: wordsOf(field),
  };
}

function readContainer(field: Field): { readonly restarts: number; readonly waits: string | undefined } {
  const waiting = field.at('state').at('waiting');
  return {
    restarts: field.at('restartCount').number({ atLeast: 0, whole: true }),
    waits: isThere(waiting) ? wordsOf(waiting) : undefined,
  };
}

/** `reason: message`, as long as people may want to read. */
function wordsOf(field: Field): string {
  const words = ['reason', 'message']
    .map((key) => field.at(key).value)
    .filter((word) => typeof word === 'string');
  return words.join(': ').slice(0, 300);
}

/** 0 where there is none: nothing was earlier. */
function timeOf(field: Field): number {
  if (!isThere(field)) return 0;
  const timeMs = parseInstant(field.string());
  if (timeMs === undefined) field.problem('must be a time');
  return timeMs ?? 0;
}

function readPort(field: Field): readonly PodPort[] {
  const protocol = field.at('protocol');
  if (isThere(protocol) && protocol.value !== 'TCP') return [];
  const name = field.at('name');
  const port = field.at('containerPort').number({ atLeast: 1, atMost: 65_535, whole: true });
  return [{ ...(isThere(name) ? { name: name.string() } : {}), port }];
}

function listOf<Item>(field: Field, read: (item: Field) => Item): readonly Item[] {
  return isThere(field) ? field.array(read) : [];
}

/** Servers write null for a list with nothing in it. */
function isThere({ value }: Field): boolean {
  return value !== undefined && value !== null;
}
