import { type Clock, isLoadlineError, type Timer } from 'loadline/base';
import type { ProfileFormat, Profiler } from 'loadline/profiling';
import type { ProfilingSession } from '../contract/index.ts';
import type { Documents, NextId } from '../memory/index.ts';
import { Problem, unknownThing } from '../problems/index.ts';
import { fetchProfile, problemOf } from './fetch-profile.ts';
import { openProfileFiles, type ProfileFiles } from './profile-files.ts';
import type { Profilers } from './profilers.ts';
import { orRefusal } from './refusals.ts';
import { type ProfileLimits, SessionBook } from './session-book.ts';
import { endOf, type SessionRecord, viewOf } from './session-record.ts';
import { ambiguous, findSubject, type Instances, isOwn, type SubjectName } from './subjects.ts';

export interface ProfilingOptions {
  readonly clock: Clock;
  readonly documents: Documents;
  readonly nextId: NextId;
  /** Has a folder for each profile. */
  readonly folder: string;
  readonly profilers: Profilers;
  /** Whoever is watched now; the control plane itself is none of them. */
  readonly instances: Instances;
  readonly limits?: ProfileLimits;
}

export interface ProfilingOrder extends SubjectName {
  readonly kind: 'cpu' | 'heap';
  readonly durationMs?: number | undefined;
  readonly samplingIntervalUs?: number | undefined;
  readonly samplingBytes?: number | undefined;
}

/** Which session: by its id, or the one that runs on an instance. */
export interface StopOrder extends Partial<SubjectName> {
  readonly sessionId?: string | undefined;
}

export interface SessionFilter extends Partial<SubjectName> {
  readonly kind?: string | undefined;
  readonly state?: string | undefined;
}

/** A session that runs, and how it is ended. */
interface Running {
  readonly record: SessionRecord;
  readonly find: () => Promise<Profiler>;
  timer: Timer;
  ending: Promise<SessionRecord> | undefined;
}

const defaultLimits: ProfileLimits = { sessionsMax: 50, bytesMax: 512 * 2 ** 20 };
/** An instance needs a moment to make the profile of what it has sampled. */
const graceMs = 500;

/** Profiles are taken on instances, one at a time on each; when they have ended, they are fetched and kept. */
export class ProfilingSessions {
  readonly #options: ProfilingOptions;
  readonly #files: ProfileFiles;
  readonly #book: SessionBook;
  /** By service and instance. */
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
  async start(
    { instance, service, ...options }: ProfilingOrder,
    startedBy: string,
  ): Promise<ProfilingSession> {
    const subject = await findSubject({ instance, service }, this.#options);
    const key = keyOf({ instance, service: subject.service });
    if (this.#running.has(key) || this.#starting.has(key)) throw busy();
    this.#starting.add(key);
    try {
      const { profiler } = subject;
      const session = await orRefusal(profiler.start(given(options)));
      const record: SessionRecord = {
        id: this.#options.nextId(),
        instance,
        ...(subject.service === undefined ? {} : { service: subject.service }),
        kind: session.kind,
        state: 'running',
        durationMs: session.durationMs,
        samplingIntervalUs: session.samplingIntervalUs,
        samplingBytes: session.samplingBytes,
        startedAt: new Date(session.startedAtMs).toISOString(),
        startedBy,
        remoteId: session.id,
      };
      this.#follow(record, async () => profiler, session.durationMs);
      await this.#book.put(record);
      return viewOf(record);
    } finally {
      this.#starting.delete(key);
    }
  }

  /** Ends a session early, or gives it where it has ended by itself meanwhile. */
  async stop(order: StopOrder): Promise<ProfilingSession> {
    const running = this.#runningOf(order);
    if (running === undefined)
      throw new Problem('CONTROL_PLANE_STATE_CONFLICT', 'No such session runs; it may have ended by itself.');
    const profiler = await running.find();
    // Whether it was quicker than we are is all one: it is fetched.
    await profiler.stop().catch((error: unknown) => {
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
    { instance, service, kind, state }: SessionFilter,
    { limit, cursor }: { readonly limit: number; readonly cursor?: string | undefined },
  ): { readonly items: readonly ProfilingSession[]; readonly nextCursor: string | undefined } {
    const found = this.#book
      .all()
      .filter(
        (record) =>
          (cursor === undefined || record.id < cursor) &&
          (instance === undefined || record.instance === instance) &&
          (service === undefined || record.service === service) &&
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

  #follow(record: SessionRecord, find: () => Promise<Profiler>, forMs: number): void {
    const running: Running = { record, find, timer: { cancel: () => undefined }, ending: undefined };
    running.timer = this.#options.clock.setTimer(() => void this.#end(running), forMs + graceMs);
    this.#running.set(keyOf(record), running);
  }

  /** Whoever is profiled is found anew: it may have moved, and its address may be named no more. */
  async #resume(record: SessionRecord): Promise<void> {
    if (isOwn(record)) {
      const problem = 'The control plane was stopped.';
      await this.#book.put({ ...record, state: 'interrupted', problem });
      return;
    }
    const find = async (): Promise<Profiler> => (await findSubject(record, this.#options)).profiler;
    const leftMs = Date.parse(record.startedAt) + record.durationMs - this.#options.clock.now();
    this.#follow(record, find, Math.max(0, leftMs));
  }

  /** Fetches a profile once, whoever asks first. Never rejects: what went wrong is the session's state. */
  #end(running: Running): Promise<SessionRecord> {
    running.timer.cancel();
    running.ending ??= this.#fetch(running).then(async (end) => {
      const record = { ...running.record, ...end };
      if (end.state !== undefined) {
        await this.#book.put(record);
        this.#running.delete(keyOf(record));
      }
      return record;
    });
    return running.ending;
  }

  async #fetch({ record, find }: Running): Promise<Partial<SessionRecord>> {
    const { clock } = this.#options;
    const { signal } = this.#closing;
    try {
      const { session, profile } = await fetchProfile({ id: record.remoteId, find, clock, signal });
      const end = endOf(session, clock.now());
      return profile === undefined
        ? end
        : { ...end, profileBytes: await this.#files.write(record.id, profile) };
    } catch (error) {
      // Whoever is stopped fetches it after the next start.
      if (signal.aborted) return {};
      return { state: 'failed', endedAt: new Date(clock.now()).toISOString(), problem: problemOf(error) };
    }
  }

  /** The running session that is meant by its id or by its instance. */
  #runningOf({ sessionId, instance, service }: StopOrder): Running | undefined {
    if (sessionId !== undefined) this.#require(sessionId);
    const found = [...this.#running.values()].filter(
      ({ record }) =>
        (sessionId === undefined || record.id === sessionId) &&
        (instance === undefined || record.instance === instance) &&
        (service === undefined || record.service === service),
    );
    if (found.length > 1) throw ambiguous(found.map(({ record }) => record));
    return found[0];
  }

  #require(id: string): SessionRecord {
    const record = this.#book.get(id);
    if (record === undefined) throw unknownThing('session');
    return record;
  }
}

function keyOf({ service, instance }: SubjectName): string {
  return JSON.stringify([service, instance]);
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
