import type { ProfileOptions } from './options.ts';
import type { Overhead } from './overhead.ts';
import type { Profile } from './v8-profile.ts';

/**
 * Takes profiles of one process, one session at a time. The port: `drivers/inspector.ts` is this process,
 * `drivers/remote.ts` one behind the door of `observe`.
 */
export interface Profiler extends AsyncDisposable {
  /**
   * Starts a session, which ends by itself after its duration.
   *
   * @param signal aborts it: what was sampled until then is thrown away.
   * @throws LoadlineError PROFILING_OPTIONS_INVALID, PROFILING_BUSY where one runs, PROFILING_FAILED, PROFILING_CLOSED
   */
  start(options: ProfileOptions, signal?: AbortSignal): Promise<ProfileSession>;
  /**
   * Ends the running session early and keeps its profile.
   *
   * @throws LoadlineError PROFILING_NOT_RUNNING, PROFILING_FAILED
   */
  stop(): Promise<ProfileSession>;
  /** The running session and the last that have ended, newest first. */
  sessions(): Promise<readonly ProfileSession[]>;
  /**
   * The profile of a session that has finished; the last five are kept.
   *
   * @throws LoadlineError PROFILING_SESSION_UNKNOWN, PROFILING_NO_PROFILE
   */
  profile(id: string): Promise<FinishedProfile>;
  /** Aborts what runs. */
  close(): Promise<void>;
}

/** A session as it stands. */
export interface ProfileSession extends Required<ProfileOptions> {
  readonly id: string;
  readonly state: 'running' | 'finished' | 'aborted' | 'failed';
  /** Wall time, in milliseconds since the epoch. */
  readonly startedAtMs: number;
  /** How long it has sampled, or has been sampling. */
  readonly measuredMs: number;
  /** What it cost the process; undefined before it has finished. */
  readonly overhead?: Overhead;
  /** Why it has failed. */
  readonly problem?: string;
}

/** A profile with the session that it was taken in. */
export interface FinishedProfile {
  readonly session: ProfileSession;
  readonly profile: Profile;
}
