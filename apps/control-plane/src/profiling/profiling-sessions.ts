import { type Clock, isLoadlineError, sleep, type Timer } from 'loadline/base';
import {
  type FinishedProfile,
  type ProfileFormat,
  type Profiler,
  type ProfileSession,
  profilingError,
} from 'loadline/profiling';
import type { ProfilingSession } from '../contract/index.ts';
import type { Documents, NextId } from '../memory/index.ts';
import { Problem, unknownThing } from '../problems/index.ts';
import { openProfileFiles, type ProfileFiles } from './profile-files.ts';
import { ownInstance, type Profilable, type Profilers } from './profilers.ts';
import { orRefusal } from './refusals.ts';
import { type ProfileLimits, SessionBook } from './session-book.ts';
import { endOf, type SessionRecord, viewOf } from './session-record.ts';

export interface ProfilingOptions {
  readonly clock: Clock;
  readonly documents: Documents;
  readonly nextId: NextId;
  /** Has a folder for each profile. */
  readonly folder: string;
  readonly profilers: Profilers;
  /** Whoever can be profiled now, besides the control plane itself. */
  readonly instances: () => Promise<readonly Profilable[]>;
  readonly limits?: ProfileLimits;
}

export interface ProfilingOrder {
  readonly instance: string;
  readonly kind: 'cpu' | 'heap';
  readonly durationMs?: number | undefined;
  readonly samplingIntervalUs?: number | undefined;
  readonly samplingBytes?: number | undefined;
}

export interface SessionFilter {
  readonly instance?: string | undefined;
  readonly kind?: string | undefined;
  readonly state?: string | undefined;
}

/** A session that runs, and how it is ended. */
interface Running {
  readonly record: SessionRecord;
  readonly profiler: Profiler;
  timer: Timer;
  ending: Promise<SessionRecord> | undefined;
}

const defaultLimits: ProfileLimits = { sessionsMax: 50, bytesMax: 512 * 2 ** 20 };
/** An instance needs a moment to make the profile of what it has sampled. */
const graceMs = 500;
const looksMax = 20;
const lookEveryMs = 500;

/** Profiles are taken on instances, one at a time on each; when they have ended, they are fetched and kept. */
export class ProfilingSessions {
  readonly #options: ProfilingOptions;
  readonly #files: ProfileFiles;
  readonly #book: SessionBook;
  /** By the name of the instance. */
  readonly #running = new Map<string, Running>();
  /** Instances that are being asked to start. */
  readonly #starting = new Set<string>();
  readonly #closing = new AbortController();

  private constructor(options: ProfilingOptions, files: ProfileFiles, book: SessionBook) {
    this.#options = options;
    this.#files = files;
    this.#book = book;
  }

  /** Takes up what was left: sessions on other instances went on meanwhile, and are fetched. */
  static async open(options: ProfilingOptions): Promise<ProfilingSessions> {
    const files = openProfileFiles(options.folder);
    const { documents, limits = defaultLimits } = options;
    const sessions = new ProfilingSessions(
      options,
      files,
      await SessionBook.open({ documents, files, limits }),
    );
    for (const record of sessions.#book.all()) if (record.state === 'running') await sessions.#resume(record);
    return sessions;
  }

  get counts(): { readonly running: number; readonly unremembered: number } {
    return { running: this.#running.size, unremembered: this.#book.failures };
  }

  /** @throws CONTROL_PLANE_NOT_FOUND, CONTROL_PLANE_STATE_CONFLICT, CONTROL_PLANE_UNAVAILABLE, CONTROL_PLANE_REQUEST_INVALID */
  async start({ instance, ...options }: ProfilingOrder, startedBy: string): Promise<ProfilingSession> {
    const found = await this.#find(instance);
    if (this.#running.has(instance) || this.#starting.has(instance)) throw busy();
    this.#starting.add(instance);
    try {
      const profiler = this.#profilerAt(found.url);
      const session = await orRefusal(profiler.start(given(options)));
      const { nextId } = this.#options;
      const record: SessionRecord = {
        id: nextId(),
        instance,
        ...(found.service === undefined ? {} : { service: found.service }),
        kind: session.kind,
        state: 'running',
        durationMs: session.durationMs,
        samplingIntervalUs: session.samplingIntervalUs,
        samplingBytes: session.samplingBytes,
        startedAt: new Date(session.startedAtMs).toISOString(),
        startedBy,
        remoteId: session.id,
        url: found.url,
      };
      this.#follow(record, profiler, session.durationMs);
      await this.#book.put(record);
      return viewOf(record);
    } finally {
      this.#starting.delete(instance);
    }
  }

  /** Ends a session early, or gives it where it has ended by itself meanwhile. */
  async stop(which: { readonly sessionId?: string; readonly instance?: string }): Promise<ProfilingSession> {
    const record = which.sessionId === undefined ? undefined : this.#require(which.sessionId);
    const running = this.#running.get(record?.instance ?? which.instance ?? '');
    const isMeant =
      running !== undefined &&
      (record === undefined || record.id === running.record.id) &&
      (which.instance === undefined || which.instance === running.record.instance);
    if (!isMeant)
      throw new Problem('CONTROL_PLANE_STATE_CONFLICT', 'No such session runs; it may have ended by itself.');
    // Whether it was quicker than we are is all one: it is fetched.
    await running.profiler.stop().catch((error: unknown) => {
      if (!isLoadlineError(error, 'PROFILING_NOT_RUNNING')) return orRefusal(Promise.reject(error));
      return undefined;
    });
    return viewOf(await this.#end(running));
  }

  get(id: string): ProfilingSession {
    return viewOf(this.#require(id));
  }

  /** The newest first. */
  list(
    { instance, kind, state }: SessionFilter,
    { limit, cursor }: { readonly limit: number; readonly cursor?: string | undefined },
  ): { readonly items: readonly ProfilingSession[]; readonly nextCursor: string | undefined } {
    const found = this.#book
      .all()
      .filter(
        (record) =>
          (cursor === undefined || record.id < cursor) &&
          (instance === undefined || record.instance === instance) &&
          (kind === undefined || record.kind === kind) &&
          (state === undefined || record.state === state),
      )
      .toReversed();
    const items = found.slice(0, limit).map(viewOf);
    return { items, nextCursor: found.length > limit ? items.at(-1)?.id : undefined };
  }

  /** Where a profile is. */
  file(id: string, format: ProfileFormat): string {
    const { state } = this.#require(id);
    if (state === 'finished') return this.#files.pathOf(id, format);
    throw new Problem('CONTROL_PLANE_STATE_CONFLICT', `There is no profile: the session is ${state}.`);
  }

  /** What runs on other instances goes on, and is fetched after the next start. */
  async close(): Promise<void> {
    this.#closing.abort();
    for (const { timer } of this.#running.values()) timer.cancel();
    await Promise.all([...this.#running.values()].map(({ ending }) => ending?.catch(() => undefined)));
    await this.#options.profilers.own.close();
  }

  async #find(instance: string): Promise<{ service?: string; url: string | undefined }> {
    if (instance === ownInstance) return { url: undefined };
    const known = await this.#options.instances();
    const found = known.find((each) => each.instance === instance);
    if (found === undefined) throw unknownThing('instance');
    return found;
  }

  #profilerAt(url: string | undefined): Profiler {
    const { own, of } = this.#options.profilers;
    const profiler = url === undefined ? own : of(url);
    if (profiler !== undefined) return profiler;
    throw new Problem(
      'CONTROL_PLANE_STATE_CONFLICT',
      'The control plane has no key for the doors of instances: start it with LOADLINE_OBSERVE_KEY.',
    );
  }

  #follow(record: SessionRecord, profiler: Profiler, forMs: number): void {
    const running: Running = { record, profiler, timer: { cancel: () => undefined }, ending: undefined };
    running.timer = this.#options.clock.setTimer(() => void this.#end(running), forMs + graceMs);
    this.#running.set(record.instance, running);
  }

  async #resume(record: SessionRecord): Promise<void> {
    const { clock, profilers } = this.#options;
    const profiler = record.url === undefined ? undefined : profilers.of(record.url);
    if (profiler === undefined) {
      const problem = 'The control plane was stopped.';
      await this.#book.put({ ...record, state: 'interrupted', problem });
      return;
    }
    const leftMs = Date.parse(record.startedAt) + record.durationMs - clock.now();
    this.#follow(record, profiler, Math.max(0, leftMs));
  }

  /** Fetches a profile once, whoever asks first. Never rejects: what went wrong is the session's state. */
  #end(running: Running): Promise<SessionRecord> {
    running.timer.cancel();
    running.ending ??= this.#fetch(running).then(async (end) => {
      const record = { ...running.record, ...end };
      if (end.state !== undefined) {
        await this.#book.put(record);
        this.#running.delete(record.instance);
      }
      return record;
    });
    return running.ending;
  }

  async #fetch({ record, profiler }: Running): Promise<Partial<SessionRecord>> {
    const { clock } = this.#options;
    try {
      const session = await this.#untilEnded(profiler, record.remoteId);
      const end = endOf(session, clock.now());
      if (session.state !== 'finished') return end;
      const profile: FinishedProfile = await profiler.profile(record.remoteId);
      return { ...end, profileBytes: await this.#files.write(record.id, profile) };
    } catch (error) {
      // Whoever is stopped fetches it after the next start.
      if (this.#closing.signal.aborted) return {};
      const problem = isLoadlineError(error) ? problems[error.code] : undefined;
      const endedAt = new Date(clock.now()).toISOString();
      return { state: 'failed', endedAt, problem: problem ?? 'Its profile could not be fetched or kept.' };
    }
  }

  /** Looks for a while, also where the instance gives no answer, which may be busy. */
  async #untilEnded(profiler: Profiler, remoteId: string): Promise<ProfileSession> {
    for (let look = 1; ; look++) {
      const found = await this.#look(profiler, remoteId, look === looksMax);
      if (found !== undefined && found.state !== 'running') return found;
      if (look === looksMax) throw new Error('The session does not end.');
      await sleep(this.#options.clock, lookEveryMs, this.#closing.signal);
    }
  }

  async #look(profiler: Profiler, remoteId: string, isLast: boolean): Promise<ProfileSession | undefined> {
    try {
      return (await profiler.sessions()).find(({ id }) => id === remoteId) ?? forgotten(remoteId);
    } catch (error) {
      if (isLast || !isLoadlineError(error, 'PROFILING_UNREACHABLE')) throw error;
      return undefined;
    }
  }

  #require(id: string): SessionRecord {
    const record = this.#book.get(id);
    if (record === undefined) throw unknownThing('session');
    return record;
  }
}

const problems: Readonly<Record<string, string>> = {
  PROFILING_UNREACHABLE: 'The instance gave no answer any more.',
  PROFILING_REFUSED: 'The instance refused its profile.',
  PROFILING_SESSION_UNKNOWN:
    'The instance has forgotten the session; it was started anew, or profiled by others.',
};

function forgotten(id: string): never {
  throw profilingError('PROFILING_SESSION_UNKNOWN', `Cannot find session ${id} on its instance.`);
}

function busy(): Problem {
  return new Problem(
    'CONTROL_PLANE_STATE_CONFLICT',
    'A profile of this instance runs already; there is one at a time.',
  );
}

/** Without what was not said. */
function given<Options extends object>(
  options: Options,
): { [Key in keyof Options]: Exclude<Options[Key], undefined> } {
  const said = Object.entries(options).filter(([, value]) => value !== undefined);
  return Object.fromEntries(said) as { [Key in keyof Options]: Exclude<Options[Key], undefined> };
}
