import type { Documents } from '../memory/index.ts';
import type { ProfileFiles } from './profile-files.ts';
import type { SessionRecord } from './session-record.ts';
import type { SubjectName } from './subjects.ts';

export interface SessionBookOptions {
  readonly documents: Documents;
  readonly files: ProfileFiles;
  readonly limits: ProfileLimits;
}

/** Of what is kept; the oldest that are over go first, with their profiles. */
export interface ProfileLimits {
  readonly sessionsMax: number;
  readonly bytesMax: number;
}

export interface SessionFilter extends Partial<SubjectName> {
  readonly kind?: string | undefined;
  readonly state?: string | undefined;
}

export interface SessionPageRequest {
  readonly limit: number;
  readonly cursor?: string | undefined;
}

export interface SessionPage<Item> {
  readonly items: readonly Item[];
  readonly nextCursor: string | undefined;
}

/**
 * Every session whose files are kept here, in the order of time, at hand and remembered. Another control plane of the same
 * database has files, and sessions, of its own.
 */
export class SessionBook {
  readonly #options: SessionBookOptions;
  readonly #records: Map<string, SessionRecord>;
  readonly #mark: string;
  #failures = 0;

  private constructor(options: SessionBookOptions, mark: string, records: readonly SessionRecord[]) {
    this.#options = options;
    this.#mark = mark;
    this.#records = new Map(records.map((record) => [record.id, record]));
  }

  static async open(options: SessionBookOptions): Promise<SessionBook> {
    const stored = await options.documents.list('profile');
    const mark = await options.files.mark();
    const records = stored.map(({ body }) => body as SessionRecord).filter((record) => record.mark === mark);
    return new SessionBook(
      options,
      mark,
      records.toSorted((a, b) => (a.id < b.id ? -1 : 1)),
    );
  }

  get(id: string): SessionRecord | undefined {
    return this.#records.get(id);
  }

  /** The oldest first. */
  all(): readonly SessionRecord[] {
    return [...this.#records.values()];
  }

  /** The newest first. */
  page(
    { instance, service, kind, state }: SessionFilter,
    { limit, cursor }: SessionPageRequest,
  ): SessionPage<SessionRecord> {
    const found = this.all()
      .filter(
        (record) =>
          (cursor === undefined || record.id < cursor) &&
          (instance === undefined || record.instance === instance) &&
          (service === undefined || record.service === service) &&
          (kind === undefined || record.kind === kind) &&
          (state === undefined || record.state === state),
      )
      .toReversed();
    const items = found.slice(0, limit);
    return { items, nextCursor: found.length > limit ? items.at(-1)?.id : undefined };
  }

  /** What all profiles take on the disk. */
  get bytes(): number {
    return this.all().reduce((sum, record) => sum + bytesOf(record), 0);
  }

  /** How many changes could not be remembered; they are still at hand. */
  get failures(): number {
    return this.#failures;
  }

  /** Takes a session up, at hand and remembered; one that runs already is not forgotten because a disk is full. */
  async put(given: SessionRecord): Promise<void> {
    const record = { ...given, mark: this.#mark };
    this.#records.set(record.id, record);
    try {
      await this.#options.documents.put('profile', record.id, record);
      await this.#forgetOldest();
    } catch {
      this.#failures++;
    }
  }

  async #forgetOldest(): Promise<void> {
    const { documents, files, limits } = this.#options;
    let { bytes } = this;
    for (const record of this.all()) {
      const { id, state } = record;
      if (this.#records.size <= limits.sessionsMax && bytes <= limits.bytesMax) return;
      if (state === 'running') continue;
      this.#records.delete(id);
      bytes -= bytesOf(record);
      await documents.remove('profile', id);
      await files.remove(id);
    }
  }
}

/** What it takes on the disk now. */
function bytesOf({ profileBytes = 0, goneAt }: SessionRecord): number {
  return goneAt === undefined ? profileBytes : 0;
}
