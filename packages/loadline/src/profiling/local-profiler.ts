import { randomUUID } from 'node:crypto';
import { type Clock, isLoadlineError, systemClock, type Timer } from '../base/index.ts';
import type { Engine, Sampling } from './engine.ts';
import { profilingError } from './errors.ts';
import { type ProfileOptions, parseProfileOptions } from './options.ts';
import { estimateOverhead, type WorkMark } from './overhead.ts';
import type { FinishedProfile, Profiler, ProfileSession } from './profiler.ts';
import type { Profile } from './v8-profile.ts';
import type { WorkLog } from './work-log.ts';

/** By what the overhead of profiling is measured. */
export interface LocalProfilerOptions {
  /** Default: this machine's. */
  readonly clock?: Clock;
  /** What the process has done, second by second, for the overhead; without it only starting and stopping are told. */
  readonly workLog?: WorkLog;
  /** CPU time of the process since its start, in microseconds. */
  readonly readCpuUs?: () => number;
  /** Names the sessions. Default: random UUIDs. */
  readonly newId?: () => string;
}

/** Sessions that have ended and are remembered; of an old one the profile goes first. */
const keptMax = 5;

/** Profiles this process by some engine. Whoever made it closes it. */
export function createLocalProfiler(engine: Engine, options: LocalProfilerOptions = {}): Profiler {
  return new LocalProfiler(engine, options);
}

/** The running session. */
interface Running {
  readonly session: ProfileSession;
  readonly sampling: Sampling;
  readonly startMs: number;
  readonly startCpuMs: number;
  readonly before: readonly WorkMark[];
  readonly followed: { end(): readonly WorkMark[] } | undefined;
  timer: Timer;
  ending: Promise<ProfileSession> | undefined;
}

interface Ended {
  readonly session: ProfileSession;
  readonly profile: Profile | undefined;
}

class LocalProfiler implements Profiler {
  readonly #clock: Clock;
  readonly #workLog: WorkLog | undefined;
  readonly #readCpuUs: () => number;
  readonly #engine: Engine;
  readonly #newId: () => string;
  /** Newest first. */
  #ended: Ended[] = [];
  #running: Running | undefined;
  #isStarting = false;
  #isClosed = false;

  constructor(engine: Engine, options: LocalProfilerOptions) {
    this.#clock = options.clock ?? systemClock;
    this.#workLog = options.workLog;
    this.#readCpuUs = options.readCpuUs ?? cpuUsOfProcess;
    this.#engine = engine;
    this.#newId = options.newId ?? randomUUID;
  }

  async start(given: ProfileOptions, signal?: AbortSignal): Promise<ProfileSession> {
    const options = parseProfileOptions(given);
    if (this.#isClosed) throw profilingError('PROFILING_CLOSED', 'Cannot start a profile: it was closed.');
    if (this.#isStarting || this.#running !== undefined) throw busy(this.#running?.session);
    signal?.throwIfAborted();
    this.#isStarting = true;
    try {
      return await this.#begin(options, signal);
    } finally {
      this.#isStarting = false;
    }
  }

  async stop(): Promise<ProfileSession> {
    if (this.#running === undefined) {
      throw profilingError('PROFILING_NOT_RUNNING', 'Cannot stop a profile: no session runs.');
    }
    const session = await this.#end(this.#running, 'finished');
    if (session.state === 'finished') return session;
    throw profilingError(
      'PROFILING_FAILED',
      `Cannot hand over the profile of session ${session.id}: ${session.problem ?? 'it was aborted'}.`,
      { facts: { id: session.id } },
    );
  }

  async sessions(): Promise<readonly ProfileSession[]> {
    const ended = this.#ended.map(({ session }) => session);
    return this.#running === undefined ? ended : [this.#measured(this.#running), ...ended];
  }

  async profile(id: string): Promise<FinishedProfile> {
    const ended = this.#ended.find(({ session }) => session.id === id);
    if (ended?.profile !== undefined) return { session: ended.session, profile: ended.profile };
    const session = ended?.session ?? this.#running?.session;
    if (session?.id === id) {
      throw profilingError(
        'PROFILING_NO_PROFILE',
        `Cannot give the profile of session ${id}: it is ${session.state}.`,
        {
          facts: { id, state: session.state },
        },
      );
    }
    throw profilingError('PROFILING_SESSION_UNKNOWN', `Cannot find session ${JSON.stringify(id)}.`, {
      facts: { id },
    });
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    if (this.#running !== undefined) await this.#end(this.#running, 'aborted');
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #begin(options: Required<ProfileOptions>, signal: AbortSignal | undefined): Promise<ProfileSession> {
    const cpuUs = this.#readCpuUs();
    const before = this.#workLog?.recent() ?? [];
    const sampling = await this.#engine.start(options).catch((error: unknown) => {
      throw failed('start', error);
    });
    if (this.#isClosed || signal?.aborted) {
      await sampling.discard();
      signal?.throwIfAborted();
      throw profilingError('PROFILING_CLOSED', 'Cannot start a profile: it was closed meanwhile.');
    }
    const session: ProfileSession = {
      ...options,
      id: this.#newId(),
      state: 'running',
      startedAtMs: this.#clock.now(),
      measuredMs: 0,
    };
    const running: Running = {
      session,
      sampling,
      startMs: this.#clock.monotonicMs(),
      startCpuMs: (this.#readCpuUs() - cpuUs) / 1000,
      before,
      followed: this.#workLog?.follow(),
      // Nobody waits for these ends: what goes wrong there is the session's state.
      timer: this.#clock.setTimer(() => void this.#end(running, 'finished'), options.durationMs),
      ending: undefined,
    };
    this.#running = running;
    signal?.addEventListener('abort', () => void this.#end(running, 'aborted'), { once: true });
    return session;
  }

  /** Ends a session once, whoever asks first: never rejects. */
  #end(running: Running, how: 'finished' | 'aborted'): Promise<ProfileSession> {
    running.timer.cancel();
    running.ending ??= this.#finish(running, how).then((ended) => {
      this.#ended = [ended, ...this.#ended].slice(0, keptMax);
      this.#running = undefined;
      return ended.session;
    });
    return running.ending;
  }

  async #finish(running: Running, how: 'finished' | 'aborted'): Promise<Ended> {
    const measured = this.#measured(running);
    const during = running.followed?.end() ?? [];
    try {
      if (how === 'aborted') {
        await running.sampling.discard();
        return { session: { ...measured, state: 'aborted' }, profile: undefined };
      }
      const cpuUs = this.#readCpuUs();
      const profile = await running.sampling.stop();
      const startStopCpuMs = running.startCpuMs + (this.#readCpuUs() - cpuUs) / 1000;
      const overhead = estimateOverhead(startStopCpuMs, running.before, during);
      return { session: { ...measured, state: 'finished', overhead }, profile };
    } catch (error) {
      return {
        session: { ...measured, state: 'failed', problem: (error as Error).message },
        profile: undefined,
      };
    }
  }

  #measured({ session, startMs }: Running): ProfileSession {
    return { ...session, measuredMs: this.#clock.monotonicMs() - startMs };
  }
}

function cpuUsOfProcess(): number {
  const { user, system } = process.cpuUsage();
  return user + system;
}

function busy(running: ProfileSession | undefined): Error {
  const what = running === undefined ? 'another one is starting' : `session ${running.id} runs`;
  return profilingError('PROFILING_BUSY', `Cannot start a profile: ${what}, and there is one at a time.`, {
    facts: { id: running?.id },
  });
}

function failed(what: string, error: unknown): Error {
  if (isLoadlineError(error)) return error;
  return profilingError('PROFILING_FAILED', `Cannot ${what} a profile: ${(error as Error).message}.`, {
    cause: error,
  });
}
