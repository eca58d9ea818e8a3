import { type Clock, withTimeLimit } from '../base/index.ts';
import type { KubernetesAccess } from './access.ts';
import { ask, linesOf, parseJson, plainly, textOf, unreachable } from './exchange.ts';

/** Reads from an API server, and changes what it keeps. */
export interface Kubernetes {
  /** The one that is meant where none is named. */
  readonly namespace: string;
  /**
   * One answer, as the JSON that it is.
   *
   * @throws KUBERNETES_UNREACHABLE, KUBERNETES_REFUSED, KUBERNETES_NOT_FOUND, KUBERNETES_EXPIRED, KUBERNETES_FAILED,
   * KUBERNETES_ANSWER_INVALID
   */
  get(path: string, query: Query, signal: AbortSignal): Promise<unknown>;
  /** An answer of many lines, each as the JSON that it is, as they come; resolves as soon as it has begun. Throws the same. */
  follow(path: string, query: Query, signal: AbortSignal): Promise<AsyncIterable<unknown>>;
  /**
   * Changes something, and gives what it is now. Where no answer came (KUBERNETES_UNREACHABLE) it may have been changed all the
   * same: read before it is tried again, or send the `resourceVersion` that was read, which lets a change happen once.
   *
   * @throws the same, and KUBERNETES_CONFLICT where somebody else was quicker.
   */
  send(change: Change, signal: AbortSignal): Promise<unknown>;
}

/** What is sent to be changed. */
export interface Change {
  /** `PATCH` sends a JSON merge patch. */
  readonly method: 'POST' | 'PUT' | 'PATCH';
  readonly path: string;
  readonly body: object;
}

/** The query of a request; what is undefined is left out. */
export type Query = Readonly<Record<string, string | number | boolean | undefined>>;

/** How long an answer may take, and how large it may be. */
export interface KubernetesOptions {
  readonly clock: Clock;
  /** How long an answer, or the beginning of one that goes on, may take. Default 10 s. */
  readonly answerLimitMs?: number;
  /** Of one answer. Default 32 MiB. */
  readonly answerBytesMax?: number;
}

/** Speaks to the API server that `access` names. It has nothing to close: each request has a connection of its own. */
export function createKubernetes(
  access: KubernetesAccess,
  { clock, answerLimitMs = 10_000, answerBytesMax = 32 * 2 ** 20 }: KubernetesOptions,
): Kubernetes {
  const within = async <Value>(
    end: AbortSignal,
    work: (signal: AbortSignal) => Promise<Value>,
  ): Promise<Value> => {
    const done = await withTimeLimit({ clock, limitMs: answerLimitMs, end }, work);
    if (done.kind === 'done') return done.value;
    if (done.kind === 'ended') throw end.reason;
    throw done.kind === 'late'
      ? unreachable(access, `it did not answer within ${answerLimitMs / 1000} s`)
      : plainly(access, done.error);
  };
  return {
    namespace: access.namespace,
    get: (path, query, signal) =>
      within(signal, async (limited) => {
        const response = await ask(access, { method: 'GET', path, query }, limited);
        return parseJson(await textOf(response, answerBytesMax));
      }),
    send: ({ method, path, body }, signal) =>
      within(signal, async (limited) => {
        const response = await ask(access, { method, path, query: {}, body }, limited);
        return parseJson(await textOf(response, answerBytesMax));
      }),
    async follow(path, query, signal) {
      // What has begun goes on beyond the limit of its beginning.
      const going = new AbortController();
      const stop = (): void => going.abort(signal.reason);
      signal.addEventListener('abort', stop, { once: true });
      try {
        const response = await within(signal, (limited) => {
          limited.addEventListener('abort', stop, { once: true });
          return ask(access, { method: 'GET', path, query }, going.signal);
        });
        return linesOf(response, access, () => signal.removeEventListener('abort', stop));
      } catch (error) {
        signal.removeEventListener('abort', stop);
        throw error;
      }
    },
  };
}
