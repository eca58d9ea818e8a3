import { readFile } from 'node:fs/promises';
import { get as getPlain, type IncomingMessage } from 'node:http';
import { get as getSecure } from 'node:https';
import { type Clock, formatBytes, isLoadlineError, withTimeLimit } from '../base/index.ts';
import type { KubernetesAccess } from './access.ts';
import { kubernetesError } from './errors.ts';

/** Reads from an API server. */
export interface Kubernetes {
  /** The one that is meant where none is named. */
  readonly namespace: string;
  /**
   * One answer, as the JSON that it is.
   *
   * @throws KUBERNETES_UNREACHABLE, KUBERNETES_REFUSED, KUBERNETES_EXPIRED, KUBERNETES_FAILED, KUBERNETES_ANSWER_INVALID
   */
  get(path: string, query: Query, signal: AbortSignal): Promise<unknown>;
  /** An answer of many lines, each as the JSON that it is, as they come; resolves as soon as it has begun. Throws the same. */
  follow(path: string, query: Query, signal: AbortSignal): Promise<AsyncIterable<unknown>>;
}

export type Query = Readonly<Record<string, string | number | boolean | undefined>>;

export interface KubernetesOptions {
  readonly clock: Clock;
  /** How long an answer, or the beginning of one that goes on, may take. Default 10 s. */
  readonly answerLimitMs?: number;
  /** Of one answer. Default 32 MiB. */
  readonly answerBytesMax?: number;
}

/** Etcd takes no object of more than 1.5 MiB. */
const lineCharactersMax = 4 * 2 ** 20;
const reasonBytesMax = 64 * 1024;
/** A connection that is gone without a word is noticed after less than a minute. */
const keepAliveMs = 30_000;

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
        const response = await ask(access, { path, query }, limited);
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
          return ask(access, { path, query }, going.signal);
        });
        return linesOf(response, access, () => signal.removeEventListener('abort', stop));
      } catch (error) {
        signal.removeEventListener('abort', stop);
        throw error;
      }
    },
  };
}

interface Asked {
  readonly path: string;
  readonly query: Query;
}

async function ask(
  { url, tokenFile, caFile }: KubernetesAccess,
  { path, query }: Asked,
  signal: AbortSignal,
): Promise<IncomingMessage> {
  const [token, ca] = await Promise.all([fileOf(tokenFile), fileOf(caFile)]);
  const target = new URL(`${url.pathname.replace(/\/$/, '')}${path}`, url);
  for (const [name, value] of Object.entries(query))
    if (value !== undefined) target.searchParams.set(name, String(value));
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    const get = url.protocol === 'https:' ? getSecure : getPlain;
    const request = get(target, {
      headers: {
        accept: 'application/json',
        ...(token === undefined ? {} : { authorization: `Bearer ${token.trim()}` }),
      },
      ...(ca === undefined ? {} : { ca }),
      agent: false,
      signal,
    });
    request.once('socket', (socket) => socket.setKeepAlive(true, keepAliveMs));
    request.once('error', reject);
    request.once('response', resolve);
  });
  if (response.statusCode === 200) return response;
  throw refusal(response.statusCode ?? 0, await reasonOf(response));
}

async function fileOf(path: string | undefined): Promise<string | undefined> {
  if (path === undefined) return undefined;
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    throw kubernetesError(
      'KUBERNETES_REFUSED',
      `Cannot ask the API server: ${path} cannot be read (${(cause as NodeJS.ErrnoException).code}).`,
      { cause },
    );
  }
}

/** In the words of the server, which say what is missing: `pods is forbidden: User … cannot list resource …`. */
async function reasonOf(response: IncomingMessage): Promise<string> {
  try {
    const { message } = JSON.parse(await textOf(response, reasonBytesMax)) as { readonly message?: unknown };
    if (typeof message === 'string' && message !== '') return onOneLine(message);
  } catch {
    // Whatever stands there says less than the status does.
  }
  return 'no reason given';
}

function refusal(status: number, reason: string): Error {
  const code =
    status === 401 || status === 403
      ? 'KUBERNETES_REFUSED'
      : status === 410
        ? 'KUBERNETES_EXPIRED'
        : 'KUBERNETES_FAILED';
  return kubernetesError(code, `The API server answered ${status}: ${reason}.`, { facts: { status } });
}

async function textOf(response: IncomingMessage, bytesMax: number): Promise<string> {
  const pieces: Buffer[] = [];
  let bytes = 0;
  for await (const piece of response as AsyncIterable<Buffer>) {
    bytes += piece.length;
    if (bytes > bytesMax)
      throw kubernetesError(
        'KUBERNETES_ANSWER_INVALID',
        `The API server answered with more than ${formatBytes(bytesMax)}.`,
      );
    pieces.push(piece);
  }
  return Buffer.concat(pieces).toString();
}

/** Leaving the loop ends the connection. */
async function* linesOf(
  response: IncomingMessage,
  access: KubernetesAccess,
  onEnd: () => void,
): AsyncGenerator<unknown> {
  let rest = '';
  try {
    response.setEncoding('utf8');
    for await (const piece of response as AsyncIterable<string>) {
      const lines = (rest + piece).split('\n');
      rest = lines.pop() as string;
      if (rest.length > lineCharactersMax)
        throw kubernetesError('KUBERNETES_ANSWER_INVALID', 'The API server sends a line without an end.');
      for (const line of lines) if (line.trim() !== '') yield parseJson(line);
    }
  } catch (error) {
    throw plainly(access, error);
  } finally {
    onEnd();
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw kubernetesError('KUBERNETES_ANSWER_INVALID', 'What the API server answered is no JSON.', { cause });
  }
}

/** Ours as they are, and everything of the network as what it means here. */
function plainly(access: KubernetesAccess, error: unknown): unknown {
  if (isLoadlineError(error) || !(error instanceof Error)) return error;
  return unreachable(access, onOneLine(error.message || (error as NodeJS.ErrnoException).code || ''), error);
}

function unreachable({ url }: KubernetesAccess, because: string, cause?: unknown): Error {
  return kubernetesError(
    'KUBERNETES_UNREACHABLE',
    `Cannot reach the API server at ${url.host}: ${because}.`,
    cause === undefined ? {} : { cause },
  );
}

function onOneLine(text: string): string {
  return text
    .replace(/[\s\p{C}]+/gu, ' ')
    .slice(0, 300)
    .replace(/[.\s]+$/, '');
}
