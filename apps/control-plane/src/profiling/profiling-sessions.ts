import type { Readable } from 'node:stream';
import type { Clock, Timer } from 'loadline/base';
import type { ProfileFormat, Profiler } from 'loadline/profiling';
import { type ProfilingSession, timeOf } from '../contract/index.ts';
import type { Documents, NextId } from '../memory/index.ts';
import { Problem, unknownThing } from '../problems/index.ts';
import {
  type Asker,
  assertAdmin,
  assertFits,
  given,
  type ProfilingOrder,
  type SamplingOptions,
} from './order.ts';
import { openProfileFiles, type ProfileFiles } from './profile-files.ts';
import type { Profilers } from './profilers.ts';
import { orRefusal, problemOf } from './refusals.ts';
import { sampledWork } from './sampled-work.ts';
import {
  type ProfileLimits,
  SessionBook,
  type SessionFilter,
  type SessionPage,
  type SessionPageRequest,
} from './session-book.ts';
import { EndCounter, type SessionCounts } from './session-counts.ts';
import { type SessionRecord, viewOf } from './session-record.ts';
import { SnapshotShelf } from './snapshot-shelf.ts';
import { snapshotWork } from './snapshot-work.ts';
import { ambiguous, findSubject, type Instances, isOwn, type Subject, type SubjectName } from './subjects.ts';
import type { Work } from './work.ts';

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

/** Which session: by its id, or the one that runs on an instance. */
export interface StopOrder extends Partial<SubjectName> {
  readonly sessionId?: string | undefined;
}

/** A session that runs, and how it is ended. */
interface Running {
  readonly record: SessionRecord;
  readonly work: Work;
  timer: Timer;
  ending: Promise<SessionRecord> | undefined;
}

const defaultLimits: ProfileLimits = { sessionsMax: 50, bytesMax: 512 * 2 ** 20 };
/** An instance needs a moment to make the profile of what it has sampled. */
const graceMs = 500;

/** Profiles and heap snapshots of instances, one at a time on each; when they have ended, they are fetched and kept. */
export class ProfilingSessions {
  readonly #options: ProfilingOptions;
  readonly #files: ProfileFiles;
  readonly #book: SessionBook;
  readonly #shelf: SnapshotShelf;
  /** By service and instance. */
  readonly #running = new Map<string, Running>();
  /** Instances that are being asked to start. */
  readonly #starting = new Set<string>();
  readonly #ended = new EndCounter();
  readonly #closing = new AbortController();

  private constructor(options: ProfilingOptions, files: ProfileFiles, book: SessionBook) {
    this.#options = options;
    this.#files = files;
    this.#book = book;
    this.#shelf = new SnapshotShelf({ clock: options.clock, book, files });
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
    for (const record of sessions.#book.all()) await sessions.#takeUp(record);
    return sessions;
  }

  get counts(): SessionCounts {
    return {
      running: this.#running.size,
      ended: this.#ended.counts,
      keptBytes: this.#book.bytes,
      unremembered: this.#book.failures,
      unremoved: this.#shelf.failures,
    };
  }

  /**
   * @throws CONTROL_PLANE_NOT_FOUND, CONTROL_PLANE_STATE_CONFLICT, CONTROL_PLANE_UNAVAILABLE, CONTROL_PLANE_REQUEST_INVALID,
   * CONTROL_PLANE_FORBIDDEN
   */
  async start(order: ProfilingOrder, asker: Asker): Promise<ProfilingSession> {
    assertFits(order, asker);
    const { instance, service, kind, confirm, ...sampling } = order;
    const subject = await findSubject({ instance, service }, this.#options);
    const key = keyOf({ instance, service: subject.service });
    if (this.#running.has(key) || this.#starting.has(key)) throw busy();
    this.#starting.add(key);
    try {
      const head = {
        id: this.#options.nextId(),
        instance,
        ...(subject.service === undefined ? {} : { service: subject.service }),
        state: 'running',
        startedBy: asker.keyId,
      } as const;
      const running = await (kind === 'heap-snapshot'
        ? this.#startSnapshot(head, subject, confirm ?? '')
        : this.#startSampling(head, subject, { ...sampling, kind }));
      await this.#book.put(running.record);
      // A snapshot comes by itself, and is read from now on: what it has come to is written after its start.
      if (kind === 'heap-snapshot') void this.#end(running);
      return viewOf(running.record);
    } finally {
      this.#starting.delete(key);
    }
  }

  /** Ends a session early, or gives it where it has ended by itself meanwhile. */
  async stop(order: StopOrder): Promise<ProfilingSession> {
    const running = this.#runningOf(order);
    if (running === undefined)
      throw new Problem('CONTROL_PLANE_STATE_CONFLICT', 'No such session runs; it may have ended by itself.');
    await running.work.stop();
    return viewOf(await this.#end(running));
  }

  get(id: string): ProfilingSession {
    return viewOf(this.#require(id));
  }

  /** The newest first. */
  list(filter: SessionFilter, page: SessionPageRequest): SessionPage<ProfilingSession> {
    const { items, nextCursor } = this.#book.page(filter, page);
    return { items: items.map(viewOf), nextCursor };
  }

  /** Where a profile is. */
  file(id: string, format: ProfileFormat): string {
    const { state, kind } = this.#require(id);
    if (kind === 'heap-snapshot')
      throw new Problem('CONTROL_PLANE_STATE_CONFLICT', `A heap snapshot cannot be had as ${format}.`);
    if (state === 'finished') return this.#files.pathOf(id, format);
    throw unfinished(state);
  }

  /** A heap snapshot, once. @throws CONTROL_PLANE_FORBIDDEN, CONTROL_PLANE_STATE_CONFLICT, CONTROL_PLANE_NOT_FOUND */
  takeSnapshot(id: string, asker: Asker): Readable {
    const record = this.#require(id);
    assertAdmin(asker);
    if (record.kind !== 'heap-snapshot')
      throw new Problem('CONTROL_PLANE_STATE_CONFLICT', `The session is of the kind ${record.kind}.`);
    if (record.state !== 'finished') throw unfinished(record.state);
    return this.#shelf.take(record, asker.keyId);
  }

  /** What runs on other instances goes on, and is fetched after the next start. */
  async close(): Promise<void> {
    this.#closing.abort();
    this.#shelf.close();
    for (const { timer } of this.#running.values()) timer.cancel();
    await Promise.all([...this.#running.values()].map(({ ending }) => ending?.catch(() => undefined)));
    await this.#options.profilers.own.profiler.close();
  }

  async #startSampling(
    head: RecordHead,
    { profiler }: Subject,
    options: SamplingOptions & { readonly kind: 'cpu' | 'heap' },
  ): Promise<Running> {
    const session = await orRefusal(profiler.start(given(options)));
    const { kind, durationMs, samplingIntervalUs, samplingBytes } = session;
    const startedAt = timeOf(session.startedAtMs);
    const record: SessionRecord = {
      ...head,
      kind,
      startedAt,
      durationMs,
      samplingIntervalUs,
      samplingBytes,
      remoteId: session.id,
    };
    return this.#endIn(
      durationMs + graceMs,
      record,
      this.#sampledWork(record, async () => profiler),
    );
  }

  async #startSnapshot(head: RecordHead, { snapshots }: Subject, wish: string): Promise<Running> {
    const { clock } = this.#options;
    const startedAt = timeOf(clock.now());
    const startMs = clock.monotonicMs();
    const { signal } = this.#closing;
    const snapshot = await orRefusal(snapshots.open(wish, signal));
    const record: SessionRecord = { ...head, kind: 'heap-snapshot', startedAt };
    const work = snapshotWork({ id: record.id, snapshot, startMs, files: this.#files, clock, signal });
    return this.#follow(record, work);
  }

  #sampledWork({ id, remoteId = '' }: SessionRecord, find: () => Promise<Profiler>): Work {
    const { clock } = this.#options;
    return sampledWork({ id, remoteId, find, files: this.#files, clock, signal: this.#closing.signal });
  }

  #follow(record: SessionRecord, work: Work): Running {
    const running: Running = { record, work, timer: { cancel: () => undefined }, ending: undefined };
    this.#running.set(keyOf(record), running);
    return running;
  }

  #endIn(delayMs: number, record: SessionRecord, work: Work): Running {
    const running = this.#follow(record, work);
    running.timer = this.#options.clock.setTimer(() => void this.#end(running), delayMs);
    return running;
  }

  /** After a start. Whoever is profiled is found anew: it may have moved, and its address may be named no more. */
  async #takeUp(record: SessionRecord): Promise<void> {
    const { kind, state, startedAt, durationMs = 0, goneAt } = record;
    if (kind === 'heap-snapshot' && state === 'finished' && goneAt === undefined) this.#shelf.keep(record);
    if (state !== 'running') return;
    if (isOwn(record) || kind === 'heap-snapshot') {
      // Half of a snapshot may lie there.
      await this.#files.remove(record.id);
      await this.#book.put({ ...record, state: 'interrupted', problem: 'The control plane was stopped.' });
      return;
    }
    const find = async (): Promise<Profiler> => (await findSubject(record, this.#options)).profiler;
    const leftMs = Math.max(0, Date.parse(startedAt) + durationMs - this.#options.clock.now());
    this.#endIn(leftMs + graceMs, record, this.#sampledWork(record, find));
  }

  /** Fetches a profile once, whoever asks first. Never rejects: what went wrong is the session's state. */
  #end(running: Running): Promise<SessionRecord> {
    running.timer.cancel();
    running.ending ??= this.#fetch(running).then(async (end) => {
      const record = { ...running.record, ...end };
      if (end.state !== undefined) {
        this.#ended.count(record);
        await this.#book.put(record);
        if (record.kind === 'heap-snapshot' && record.state === 'finished') this.#shelf.keep(record);
        this.#running.delete(keyOf(record));
      }
      return record;
    });
    return running.ending;
  }

  async #fetch({ work }: Running): Promise<Partial<SessionRecord>> {
    try {
      return await work.fetch();
    } catch (error) {
      // Whoever is stopped fetches it after the next start.
      if (this.#closing.signal.aborted) return {};
      const endedAt = timeOf(this.#options.clock.now());
      return { state: 'failed', endedAt, problem: problemOf(error) };
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

type RecordHead = Pick<SessionRecord, 'id' | 'instance' | 'service' | 'state' | 'startedBy'>;

function unfinished(state: string): Problem {
  return new Problem('CONTROL_PLANE_STATE_CONFLICT', `There is no profile: the session is ${state}.`);
}

function busy(): Problem {
  return new Problem(
    'CONTROL_PLANE_STATE_CONFLICT',
    'A profile of this instance runs already; there is one at a time.',
  );
}
