import { type Clock, isLoadlineError, sleep } from 'loadline/base';
import { type FinishedProfile, type Profiler, type ProfileSession, profilingError } from 'loadline/profiling';
import { Problem } from '../problems/index.ts';

export interface FetchOptions {
  /** What the instance calls the session. */
  readonly id: string;
  /** Finds the instance, which may be somewhere else by now. */
  readonly find: () => Promise<Profiler>;
  readonly clock: Clock;
  /** Gives up waiting. */
  readonly signal: AbortSignal;
}

const looksMax = 20;
const lookEveryMs = 500;

/**
 * Waits for the end of a session, and gives it with its profile. It looks for a while, also where the instance gives no
 * answer, which may be busy, or be just starting.
 */
export async function fetchProfile(
  options: FetchOptions,
): Promise<{ readonly session: ProfileSession; readonly profile?: FinishedProfile }> {
  for (let looks = 1; ; looks++) {
    const found = await look(options, looks === looksMax);
    if (found !== undefined && found.session.state !== 'running') {
      const { session, profiler } = found;
      return session.state === 'finished'
        ? { session, profile: await profiler.profile(options.id) }
        : { session };
    }
    if (looks === looksMax) throw new Error('The session does not end.');
    await sleep(options.clock, lookEveryMs, options.signal);
  }
}

/** Why there is no profile, for whoever reads the session. Pure. */
export function problemOf(error: unknown): string {
  if (error instanceof Problem) return error.message;
  const known = isLoadlineError(error) ? problems[error.code] : undefined;
  return known ?? 'Its profile could not be fetched or kept.';
}

const problems: Readonly<Record<string, string>> = {
  PROFILING_UNREACHABLE: 'The instance gave no answer any more.',
  PROFILING_REFUSED: 'The instance refused its profile.',
  PROFILING_SESSION_UNKNOWN:
    'The instance has forgotten the session; it was started anew, or profiled by others.',
};

async function look(
  { id, find }: FetchOptions,
  isLast: boolean,
): Promise<{ readonly session: ProfileSession; readonly profiler: Profiler } | undefined> {
  try {
    const profiler = await find();
    const session = (await profiler.sessions()).find((each) => each.id === id);
    if (session !== undefined) return { session, profiler };
  } catch (error) {
    const isAway = error instanceof Problem || isLoadlineError(error, 'PROFILING_UNREACHABLE');
    if (isLast || !isAway) throw error;
    return undefined;
  }
  throw profilingError('PROFILING_SESSION_UNKNOWN', `Cannot find session ${id} on its instance.`);
}
