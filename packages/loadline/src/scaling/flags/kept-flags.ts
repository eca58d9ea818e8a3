import type { Clock, Timer } from '../../base/index.ts';
import type { Flag, FlagSet } from './flag.ts';
import type { FlagChange, FlagSource, FlagSourceStatus } from './flag-source.ts';

/** What a look at the place gave. */
export type FlagLook =
  | { readonly kind: 'same' }
  /** `because` where some of them are those from before. */
  | { readonly kind: 'read'; readonly flags: FlagSet; readonly because?: string }
  | { readonly kind: 'unreadable'; readonly because: string };

export interface KeptFlagsOptions {
  readonly name: string;
  readonly clock: Clock;
  /** From the end of a look to the next. */
  readonly everyMs: number;
  /** Looks at the place; never throws. @param flags what is known. */
  readonly look: (flags: FlagSet) => Promise<FlagLook>;
}

/** Looks again and again, keeps what was good last, and tells of what changes. */
export class KeptFlags implements FlagSource {
  readonly name: string;
  flags: FlagSet = new Map();
  status: FlagSourceStatus = { kind: 'never read', because: 'it was not looked at yet' };
  readonly #options: KeptFlagsOptions;
  readonly #listeners = new Set<(change: FlagChange) => void>();
  #timer: Timer | undefined;
  #looking: Promise<void> = Promise.resolve();
  #isClosed = false;

  constructor(options: KeptFlagsOptions) {
    this.name = options.name;
    this.#options = options;
  }

  /** Looks now, or as soon as the look that is under way has ended. */
  look(): Promise<void> {
    this.#looking = this.#looking.then(async () => {
      if (this.#isClosed) return;
      this.#timer?.cancel();
      await this.#take();
      if (!this.#isClosed)
        this.#timer = this.#options.clock.setTimer(() => void this.look(), this.#options.everyMs);
    });
    return this.#looking;
  }

  onChange(listener: (change: FlagChange) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#timer?.cancel();
    this.#listeners.clear();
    await this.#looking;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #take(): Promise<void> {
    const found = await this.#options.look(this.flags);
    if (this.#isClosed) return;
    const because = found.kind === 'same' ? this.#staleness() : found.because;
    if (found.kind === 'unreadable' && this.status.kind === 'never read') {
      this.status = { kind: 'never read', because: found.because };
      return;
    }
    if (found.kind === 'read') this.#adopt(found.flags);
    this.#setStatus(because);
  }

  /** What was wrong with a place that has not changed is still wrong. */
  #staleness(): string | undefined {
    return this.status.kind === 'stale' ? this.status.because : undefined;
  }

  #adopt(flags: FlagSet): void {
    const names = [...new Set([...this.flags.keys(), ...flags.keys()])].filter(
      (name) => !isSame(this.flags.get(name), flags.get(name)),
    );
    this.flags = flags;
    if (names.length > 0) this.#tell({ kind: 'changed', names });
  }

  #setStatus(because: string | undefined): void {
    const before = this.status;
    const nowMs = this.#options.clock.now();
    if (because === undefined) {
      this.status = { kind: 'current', atMs: nowMs };
      if (before.kind !== 'current') this.#tell({ kind: 'current' });
      return;
    }
    const sinceMs = before.kind === 'stale' ? before.sinceMs : nowMs;
    this.status = { kind: 'stale', sinceMs, because };
    if (before.kind !== 'stale' || before.because !== because) this.#tell({ kind: 'stale', because });
  }

  #tell(change: FlagChange): void {
    for (const listener of this.#listeners) listener(change);
  }
}

function isSame(a: Flag | undefined, b: Flag | undefined): boolean {
  return fingerprintOf(a) === fingerprintOf(b);
}

function fingerprintOf(flag: Flag | undefined): string {
  return flag === undefined ? '' : JSON.stringify({ ...flag, variants: [...flag.variants] });
}
