import { createReadStream } from 'node:fs';
import type { Readable } from 'node:stream';
import type { Clock, Timer } from 'loadline/base';
import { timeOf } from '../contract/index.ts';
import { Problem } from '../problems/index.ts';
import type { ProfileFiles } from './profile-files.ts';
import type { SessionBook } from './session-book.ts';
import type { SessionRecord } from './session-record.ts';

export interface SnapshotShelfOptions {
  readonly clock: Clock;
  readonly book: Pick<SessionBook, 'get' | 'put'>;
  readonly files: Pick<ProfileFiles, 'pathOf' | 'remove'>;
}

/** So long a heap snapshot waits for whoever wants it. */
const keptMs = 3_600_000;
const againMs = 60_000;

/** Heap snapshots that wait to be fetched. Each is given out once, and none stays for long: they hold secrets. */
export class SnapshotShelf {
  readonly #options: SnapshotShelfOptions;
  readonly #timers = new Map<string, Timer>();
  readonly #taken = new Set<string>();
  #failures = 0;

  constructor(options: SnapshotShelfOptions) {
    this.#options = options;
  }

  /** How often a file could not be removed; it is tried again. */
  get failures(): number {
    return this.#failures;
  }

  /** Removes it after an hour, counted from its end, unless it was fetched before. */
  keep({ id, endedAt = '' }: SessionRecord): void {
    const nowMs = this.#options.clock.now();
    const endedMs = Number.isNaN(Date.parse(endedAt)) ? nowMs : Date.parse(endedAt);
    this.#removeIn(id, Math.max(0, endedMs + keptMs - nowMs));
  }

  /** Gives it out; when all of it was read it is removed, and until then nobody else gets it. */
  take({ id, goneAt }: SessionRecord, fetchedBy: string): Readable {
    if (goneAt !== undefined)
      throw conflict(`The snapshot is gone since ${goneAt}: it is given out once, and kept for an hour.`);
    if (this.#taken.has(id)) throw conflict('The snapshot is being fetched, and is given out once.');
    this.#taken.add(id);
    const file = createReadStream(this.#options.files.pathOf(id, 'heapsnapshot'));
    let isWhole = false;
    file.once('end', () => {
      isWhole = true;
    });
    file.once('close', () => {
      this.#taken.delete(id);
      if (isWhole) void this.#remove(id, fetchedBy);
    });
    return file;
  }

  close(): void {
    for (const timer of this.#timers.values()) timer.cancel();
  }

  #removeIn(id: string, delayMs: number): void {
    this.#timers.get(id)?.cancel();
    // Who is still reading has the file open, and gets the rest of it.
    this.#timers.set(
      id,
      this.#options.clock.setTimer(() => void this.#remove(id), delayMs),
    );
  }

  /** Never rejects: a file that stays is tried again, and counted. */
  async #remove(id: string, fetchedBy?: string): Promise<void> {
    const { clock, book, files } = this.#options;
    try {
      await files.remove(id);
    } catch {
      this.#failures++;
      this.#removeIn(id, againMs);
      return;
    }
    this.#timers.get(id)?.cancel();
    this.#timers.delete(id);
    const record = book.get(id);
    if (record === undefined) return;
    const goneAt = timeOf(clock.now());
    await book.put({ ...record, goneAt, ...(fetchedBy === undefined ? {} : { fetchedBy }) });
  }
}

function conflict(detail: string): Problem {
  return new Problem('CONTROL_PLANE_STATE_CONFLICT', detail);
}
