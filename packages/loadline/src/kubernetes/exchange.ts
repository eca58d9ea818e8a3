import { readFile } from 'node:fs/promises';
import { type IncomingMessage, request as requestPlain } from 'node:http';
import { request as requestSecure } from 'node:https';
import { formatBytes, isLoadlineError, whyUnreached } from '../base/index.ts';
import type { KubernetesAccess } from './access.ts';
import { kubernetesError, type kubernetesErrorTable } from './errors.ts';

/** Etcd takes no object of more than 1.5 MiB. */
const lineCharactersMax = 4 * 2 ** 20;
const reasonBytesMax = 64 * 1024;
/** A connection that is gone without a word is noticed after less than a minute. */
const keepAliveMs = 30_000;

export interface Asked {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH';
  readonly path: string;
  readonly query: Readonly<Record<string, string | number | boolean | undefined>>;
  readonly body?: object;
}

/** Asks, and gives the answer as soon as it begins; throws what the server says against it. */
export async function ask(
  { url, tokenFile, caFile }: KubernetesAccess,
  { method, path, query, body }: Asked,
  signal: AbortSignal,
): Promise<IncomingMessage> {
  const [token, ca] = await Promise.all([fileOf(tokenFile), fileOf(caFile)]);
  const target = new URL(`${url.pathname.replace(/\/$/, '')}${path}`, url);
  for (const [name, value] of Object.entries(query))
    if (value !== undefined) target.searchParams.set(name, String(value));
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    const begin = url.protocol === 'https:' ? requestSecure : requestPlain;
    const type = method === 'PATCH' ? 'application/merge-patch+json' : 'application/json';
    const request = begin(target, {
      method,
      headers: {
        accept: 'application/json',
        ...(body === undefined ? {} : { 'content-type': type }),
        ...(token === undefined ? {} : { authorization: `Bearer ${token.trim()}` }),
      },
      ...(ca === undefined ? {} : { ca }),
      agent: false,
      signal,
    });
    request.once('socket', (socket) => socket.setKeepAlive(true, keepAliveMs));
    request.once('error', reject);
    request.once('response', resolve);
    request.end(body === undefined ? undefined : JSON.stringify(body));
  });
  const { statusCode = 0 } = response;
  if (statusCode >= 200 && statusCode < 300) return response;
  throw refusal(statusCode, await reasonOf(response));
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
    return onOneLine(wordsIn(await textOf(response, reasonBytesMax))) || noReason;
  } catch {
    // The status is known all the same.
    return noReason;
  }
}

const noReason = 'no reason given';

/** A proxy on the way, as `kubectl proxy` is one, answers in plain words where it reaches nobody itself; a page is none for a log. */
function wordsIn(text: string): string {
  try {
    const { message } = JSON.parse(text) as { readonly message?: unknown };
    return typeof message === 'string' ? message : '';
  } catch {
    return text.trimStart().startsWith('<') ? '' : text;
  }
}

const codes: Readonly<Record<number, keyof typeof kubernetesErrorTable>> = {
  401: 'KUBERNETES_REFUSED',
  403: 'KUBERNETES_REFUSED',
  404: 'KUBERNETES_NOT_FOUND',
  409: 'KUBERNETES_CONFLICT',
  410: 'KUBERNETES_EXPIRED',
};

function refusal(status: number, reason: string): Error {
  return kubernetesError(
    codes[status] ?? 'KUBERNETES_FAILED',
    `The API server answered ${status}: ${reason}.`,
    { facts: { status } },
  );
}

export async function textOf(response: IncomingMessage, bytesMax: number): Promise<string> {
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
export async function* linesOf(
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

export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw kubernetesError('KUBERNETES_ANSWER_INVALID', 'What the API server answered is no JSON.', { cause });
  }
}

/** Ours as they are, and everything of the network as what it means here. */
export function plainly(access: KubernetesAccess, error: unknown): unknown {
  if (isLoadlineError(error) || !(error instanceof Error)) return error;
  return unreachable(access, onOneLine(whyUnreached(error)), error);
}

export function unreachable({ url }: KubernetesAccess, because: string, cause?: unknown): Error {
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
