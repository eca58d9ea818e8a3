import { profilingError } from '../errors.ts';
import type { FinishedProfile, Profiler } from '../profiler.ts';
import { parseProfile } from '../v8-profile.ts';
import { askDoor, type RemoteDoor, readAnswer } from './ask-door.ts';
import { parseSession, parseSessions } from './remote-session.ts';

/** Where the door is, and how long one waits there. */
export interface RemoteProfilerOptions extends RemoteDoor {
  /** For one answer; 10 s by default. A profile of many samples is some MB. */
  readonly timeoutMs?: number;
}

/** An answer larger than this is not read on. */
const bodyBytesMax = 256 * 2 ** 20;

/** Profiles another process through the door that `observe` opens there. Redirects are not followed: the key is for one host. */
export function createRemoteProfiler({ timeoutMs = 10_000, ...door }: RemoteProfilerOptions): Profiler {
  const ending = new AbortController();

  async function ask(method: string, path: string, body?: unknown): Promise<unknown> {
    if (ending.signal.aborted) throw profilingError('PROFILING_CLOSED', 'Cannot ask: it was closed.');
    const signal = AbortSignal.any([ending.signal, AbortSignal.timeout(timeoutMs)]);
    return readAnswer(await askDoor(door, { method, path, body, signal }), bodyBytesMax);
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
