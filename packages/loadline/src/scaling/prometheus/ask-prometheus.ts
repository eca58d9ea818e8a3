import { type Field, formatBytes, parse, whyUnreached } from '../../base/index.ts';

/** Where a Prometheus is, or whatever speaks its HTTP API. */
export interface PrometheusAccess {
  /** `http://prometheus:9090`, with user and password where it wants those. */
  readonly url: URL;
  /** Sent as `Authorization`, where it wants one. */
  readonly authorization?: string;
}

/** One question: `query`, or `query_range` with its times. */
export interface PrometheusQuestion<Value> {
  readonly path: 'query' | 'query_range';
  /** What is asked for, in PromQL, and what goes with it. */
  readonly words: { readonly query: string; readonly [word: string]: string };
  /** Reads `data` of the answer. */
  readonly read: (data: Field) => Value;
}

/**
 * Asks once. Of an answer no more is read than 50 MB.
 *
 * @throws Error where it cannot be reached, refuses the query, or answers with something else.
 */
export async function askPrometheus<Value>(
  { url, authorization }: PrometheusAccess,
  { path, words, read }: PrometheusQuestion<Value>,
  signal: AbortSignal,
): Promise<Value> {
  const { query } = words;
  const { host } = url;
  const response = await fetch(new URL(`${url.pathname.replace(/\/$/, '')}/api/v1/${path}`, url.origin), {
    method: 'POST',
    body: new URLSearchParams(words),
    headers: headersOf(url, authorization),
    signal,
  }).catch((error: Error) => {
    if (signal.aborted) throw error;
    const why = whyUnreached(error, 'look whether it runs, and at which port');
    throw new Error(`Prometheus at ${host} cannot be reached: ${why}`, { cause: error });
  });
  const text = await textOf(response, query);
  const answer = jsonOf(text);
  const { status, error } = (answer ?? {}) as { readonly status?: unknown; readonly error?: unknown };
  if (status !== 'success' && status !== 'error')
    throw new Error(strangeAnswer(response, { url, path, query, isJson: answer !== undefined }));
  if (status === 'error')
    throw new Error(
      `Prometheus answered ${response.status} to ${query}: ${String(error ?? 'no reason given').slice(0, 300)}`,
    );
  const parsed = parse(answer, (root) => read(root.at('data')));
  if (parsed.ok) return parsed.value;
  throw new Error(
    `Prometheus answered to ${query} with something else than was asked for: ${parsed.problems[0]?.message}`,
  );
}

interface Strange {
  readonly url: URL;
  readonly path: string;
  readonly query: string;
  readonly isJson: boolean;
}

/** Another server has no such page, or has one for everything; what stands before a Prometheus fails with other words. */
function strangeAnswer({ ok, status, headers }: Response, { url, path, query, isJson }: Strange): string {
  const place = `${url.host}${url.pathname.replace(/\/$/, '')}`;
  const type = headers.get('content-type')?.split(';')[0]?.slice(0, 100) ?? 'something';
  const found = isJson ? 'JSON of another kind' : `${type} that is no JSON`;
  if (!ok && status !== 404 && status !== 405)
    return `Prometheus at ${place} answered ${status} to ${query}, with ${found}`;
  return `${place} does not answer like a Prometheus: to ${query} came ${status} with ${found}; its address is what stands before /api/v1/${path}`;
}

/** A user and a password in the address are not asked with, and would be told with it: they go as everybody sends them. */
function headersOf({ username, password }: URL, authorization: string | undefined): Record<string, string> {
  if (authorization !== undefined) return { authorization };
  if (username === '' && password === '') return {};
  const words = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  return { authorization: `Basic ${Buffer.from(words).toString('base64')}` };
}

const bytesMax = 50_000_000;

async function textOf({ body }: Response, query: string): Promise<string> {
  const pieces: Uint8Array[] = [];
  let bytes = 0;
  // Leaving the loop, by an error too, ends the connection.
  for await (const piece of body ?? []) {
    bytes += piece.length;
    if (bytes > bytesMax)
      throw new Error(`Prometheus answered to ${query} with more than ${formatBytes(bytesMax)}`);
    pieces.push(piece);
  }
  return Buffer.concat(pieces).toString('utf8');
}

/** Undefined where it is none: whoever stands before it answers with a page of its own. */
function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
