import { type Field, parse } from '../../base/index.ts';

/** Where a Prometheus is, or whatever speaks its HTTP API. */
export interface PrometheusAccess {
  /** `http://prometheus:9090`. */
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
 * Asks once.
 *
 * @throws Error where it cannot be reached, refuses the query, or answers with something else.
 */
export async function askPrometheus<Value>(
  { url, authorization }: PrometheusAccess,
  { path, words, read }: PrometheusQuestion<Value>,
  signal: AbortSignal,
): Promise<Value> {
  const response = await fetch(new URL(`${url.pathname.replace(/\/$/, '')}/api/v1/${path}`, url), {
    method: 'POST',
    body: new URLSearchParams(words),
    headers: authorization === undefined ? {} : { authorization },
    signal,
  });
  const answer: unknown = await response.json().catch(() => undefined);
  const { status, error } = (answer ?? {}) as { readonly status?: unknown; readonly error?: unknown };
  const { query } = words;
  if (status !== 'success')
    throw new Error(
      `Prometheus answered ${response.status} to ${query}: ${String(error ?? 'no reason given').slice(0, 300)}`,
    );
  const parsed = parse(answer, (root) => read(root.at('data')));
  if (parsed.ok) return parsed.value;
  throw new Error(
    `Prometheus answered to ${query} with something else than was asked for: ${parsed.problems[0]?.message}`,
  );
}
