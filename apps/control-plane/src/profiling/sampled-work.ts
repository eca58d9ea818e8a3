import { type Clock, isLoadlineError, sleep } from 'loadline/base';
import { type Profiler, type ProfileSession, profilingError } from 'loadline/profiling';
import { Problem } from '../problems/index.ts';
import type { ProfileFiles } from './profile-files.ts';
import { orRefusal } from './refusals.ts';
import { endOf } from './session-record.ts';
import type { Work } from './work.ts';

export interface SampledWorkOptions {
  /** Under which its profile is kept. */
  readonly id: string;
  /** What the instance calls the session. */
  readonly remoteId: string;
  /** Finds the instance, which may be somewhere else by now. */
  readonly find: () => Promise<Profiler>;
  readonly files: Pick<ProfileFiles, 'write'>;
  readonly clock: Clock;
  /** Gives up waiting. */
  readonly signal: AbortSignal;
}

const looksMax = 20;
const lookEveryMs = 500;

/** A profile that is being sampled on an instance, and is fetched when it has ended. */
export function sampledWork(options: SampledWorkOptions): Work {
  const { id, find, files, clock } = options;
  return {
    async stop() {
      const profiler = await find();
      await profiler.stop().catch((error: unknown) => {
        // Whether it was quicker than we are is all one: it is fetched.
        if (isLoadlineError(error, 'PROFILING_NOT_RUNNING')) return undefined;
        return orRefusal(Promise.reject(error));
      });
    },
    async fetch() {
      const { session, profiler } = await untilEnded(options);
      const end = endOf(session, clock.now());
      if (session.state !== 'finished') return end;
      const profile = await profiler.profile(session.id);
      return { ...end, profileBytes: await files.write(id, profile) };
    },
  };
}

interface Found {
  readonly session: ProfileSession;
  readonly profiler: Profiler;
}

/** It looks for a while, also where the instance gives no answer, which may be busy, or be just starting. */
async function untilEnded(options: SampledWorkOptions): Promise<Found> {
  for (let looks = 1; ; looks++) {
    const found = await look(options, looks === looksMax);
    if (found !== undefined && found.session.state !== 'running') return found;
    if (looks === looksMax) throw new Error('The session does not end.');
    await sleep(options.clock, lookEveryMs, options.signal);
  }
}

async function look({ remoteId, find }: SampledWorkOptions, isLast: boolean): Promise<Found | undefined> {
  try {
    const profiler = await find();
    const session = (await profiler.sessions()).find(({ id }) => id === remoteId);
    if (session !== undefined) return { session, profiler };
  } catch (error) {
    const isAway = error instanceof Problem || isLoadlineError(error, 'PROFILING_UNREACHABLE');
    if (isLast || !isAway) throw error;
    return undefined;
  }
  throw profilingError('PROFILING_SESSION_UNKNOWN', `Cannot find session ${remoteId} on its instance.`);
}
