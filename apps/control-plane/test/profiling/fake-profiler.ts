import type { Clock } from 'loadline/base';
import {
  type FinishedProfile,
  type Profile,
  type ProfileOptions,
  type Profiler,
  type ProfileSession,
  profilingError,
} from 'loadline/profiling';
import type { Snapshots } from '../../src/profiling/profilers.ts';

/** A profiler of another process, that samples nothing; what it does to whoever asks is set from outside. */
export class FakeProfiler implements Profiler {
  readonly #clock: Clock;
  readonly #sessions: ProfileSession[] = [];
  /** Gives no answer. */
  isAway = false;
  refusesWith: Error | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  async start({ kind, durationMs = 30_000, ...rest }: ProfileOptions): Promise<ProfileSession> {
    this.#answer();
    if (this.refusesWith !== undefined) throw this.refusesWith;
    if (this.#running() !== undefined) throw profilingError('PROFILING_BUSY', 'Cannot start: one runs.');
    const session: ProfileSession = {
      id: `remote-${this.#sessions.length}`,
      kind,
      durationMs,
      samplingIntervalUs: 1000,
      samplingBytes: 131_072,
      ...rest,
      state: 'running',
      startedAtMs: this.#clock.now(),
      measuredMs: 0,
    };
    this.#sessions.push(session);
    return session;
  }

  async stop(): Promise<ProfileSession> {
    this.#answer();
    const running = this.#running();
    if (running === undefined) throw profilingError('PROFILING_NOT_RUNNING', 'Cannot stop: none runs.');
    return this.#finish(running);
  }

  async sessions(): Promise<readonly ProfileSession[]> {
    this.#answer();
    const running = this.#running();
    if (running !== undefined && this.#clock.now() >= running.startedAtMs + running.durationMs)
      this.#finish(running);
    return this.#sessions;
  }

  async profile(id: string): Promise<FinishedProfile> {
    this.#answer();
    const session = this.#sessions.find((each) => each.id === id);
    if (session === undefined) throw profilingError('PROFILING_SESSION_UNKNOWN', 'Cannot find it.');
    return { session, profile: hotProfile };
  }

  /** As after a start anew of its process. */
  forget(): void {
    this.#sessions.length = 0;
  }

  async close(): Promise<void> {}

  async [Symbol.asyncDispose](): Promise<void> {}

  #running(): ProfileSession | undefined {
    return this.#sessions.find(({ state }) => state === 'running');
  }

  #finish(session: ProfileSession): ProfileSession {
    const ended: ProfileSession = {
      ...session,
      state: 'finished',
      measuredMs: this.#clock.now() - session.startedAtMs,
      overhead: { startStopCpuMs: 4, method: 'none' },
    };
    this.#sessions[this.#sessions.indexOf(session)] = ended;
    return ended;
  }

  #answer(): void {
    if (this.isAway)
      throw profilingError('PROFILING_UNREACHABLE', 'Cannot ask http://10.0.0.5:8080: ECONNREFUSED.');
  }
}

/** Of somebody whose heap nobody asks for. */
export const noSnapshots: Snapshots = { open: () => Promise.reject(new Error('nobody asks for it')) };

/** 400 samples a millisecond apart: three of four in `findFood`, the others in `render`; none idle. */
export const hotProfile: Profile = {
  kind: 'cpu',
  v8: {
    nodes: [
      { id: 1, callFrame: frame('(root)', ''), children: [2, 3] },
      { id: 2, callFrame: frame('findFood', 'file:///srv/shop/search.js') },
      { id: 3, callFrame: frame('render', 'file:///srv/shop/page.js') },
    ],
    startTime: 0,
    endTime: 400_000,
    samples: Array.from({ length: 400 }, (_, index) => (index % 4 === 3 ? 3 : 2)),
    timeDeltas: Array.from({ length: 400 }, () => 1000),
  },
};

function frame(functionName: string, url: string) {
  return { functionName, scriptId: '1', url, lineNumber: 9, columnNumber: 0 };
}
