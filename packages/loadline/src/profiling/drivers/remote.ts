import { LoadlineError } from '../../base/index.ts';
import { profilingError, profilingErrorTable } from '../errors.ts';
import type { FinishedProfile, Profiler } from '../profiler.ts';
import { parseProfile } from '../v8-profile.ts';
import { parseSession, parseSessions } from './remote-session.ts';

export interface RemoteProfilerOptions {
  /** The service: `http://10.0.0.5:8080`; the door's path is added. */
  readonly url: string;
  /** The control plane's key. */
  readonly key: string;
  /** For one answer; 10 s by default. A profile of many samples is some MB. */
  readonly timeoutMs?: number;
}

/** An answer larger than this is not read on. */
const bodyBytesMax = 256 * 2 ** 20;

/** Profiles another process through the door that `observe` opens there. Redirects are not followed: the key is for one host. */
export function createRemoteProfiler({ url, key, timeoutMs = 10_000 }: RemoteProfilerOptions): Profiler {
  const door = new URL('loadline/profiles', url.endsWith('/') ? url : `${url}/`);
  const ending = new AbortController();

  async function ask(method: string, path: string, body?: unknown): Promise<unknown> {
    if (ending.signal.aborted) throw profilingError('PROFILING_CLOSED', 'Cannot ask: it was closed.');
    const doing = `${method} ${door.href}${path}`;
    const signal = AbortSignal.any([ending.signal, AbortSignal.timeout(timeoutMs)]);
    const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json' };
    const init = body === undefined ? {} : { body: JSON.stringify(body) };
    let status = 0;
    try {
      const response = await fetch(`${door.href}${path}`, {
        method,
        headers,
        signal,
        redirect: 'manual',
        ...init,
      });
      status = response.status;
      const answer: unknown = JSON.parse(await textOf(response));
      if (response.ok) return answer;
      throw refusal(doing, status, answer);
    } catch (error) {
      if (error instanceof LoadlineError) throw error;
      throw status === 0 ? unreachable(doing, error) : refusal(doing, status, undefined);
    }
  }

  const profiler: Profiler = {
    async start(options, signal) {
      signal?.throwIfAborted();
      const session = parseSession(await ask('POST', '', options));
      // Nobody waits for this: a session that cannot be aborted ends by itself.
      const abort = (): void => void ask('DELETE', '/running').catch(() => undefined);
      if (signal?.aborted) abort();
      else signal?.addEventListener('abort', abort, { once: true });
      return session;
    },
    stop: async () => parseSession(await ask('POST', '/running/stop')),
    sessions: async () => parseSessions(await ask('GET', '')),
    async profile(id): Promise<FinishedProfile> {
      const path = `/${encodeURIComponent(id)}`;
      const session = parseSession(await ask('GET', path));
      return { session, profile: parseProfile(session.kind, await ask('GET', `${path}/profile?format=v8`)) };
    },
    async close() {
      ending.abort();
    },
    [Symbol.asyncDispose]: () => profiler.close(),
  };
  return profiler;
}

async function textOf(response: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response.body ?? []) {
    chunks.push(chunk);
    size += chunk.length;
    if (size > bodyBytesMax) throw new Error('the answer is too large');
  }
  return Buffer.concat(chunks).toString();
}

/** The same error as at the other side, where that said which one. */
function refusal(doing: string, status: number, answer: unknown): LoadlineError {
  const { code, detail } = (answer ?? {}) as { readonly code?: unknown; readonly detail?: unknown };
  if (typeof code === 'string' && Object.hasOwn(profilingErrorTable, code)) {
    return profilingError(code as keyof typeof profilingErrorTable, String(detail).slice(0, 1000), {
      facts: { status },
    });
  }
  return profilingError(
    'PROFILING_REFUSED',
    `Cannot ${doing}: the answer is ${status}, and none of a door for profiles.`,
    { facts: { status } },
  );
}

function unreachable(doing: string, error: unknown): LoadlineError {
  const { message, cause } = error as Error;
  const found = cause instanceof Error ? cause.message : message;
  return profilingError('PROFILING_UNREACHABLE', `Cannot ${doing}: ${found}.`, { cause: error });
}
