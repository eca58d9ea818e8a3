import { type Clock, pause, type Random, withTimeLimit } from '../../base/index.ts';
import type { Fence, Permit } from './fence.ts';
import { judgeLease, type KeptLease, type LeaseBook } from './lease.ts';

/** Which lease, who wants it, and by which times. */
export interface LeadershipOptions {
  readonly clock: Clock;
  /** Spreads attempts, so that not all come at once. */
  readonly random: Random;
  /** Where the lease is kept: the same for all who take part. */
  readonly book: LeaseBook;
  /** Of this process, and of no other, ever: the name of a pod and something that chance has made. */
  readonly identity: string;
  /** How long the others wait after the last renewal that they have seen. Default 15,000. */
  readonly leaseMs?: number;
  /** How long this process acts after it has begun a renewal that came through; less than `leaseMs`. Default 10,000. */
  readonly leadMs?: number;
  /** From one look at the lease to the next. Default 2,000. */
  readonly retryMs?: number;
}

/** Since the start. */
export interface LeadershipCounts {
  /** Times that this process became the one that acts. */
  taken: number;
  renewals: number;
  /** Times that it was the one, and its time was over before a renewal came through. */
  lost: number;
  /** Times that somebody else was quicker. */
  conflicts: number;
  /** Times that the lease could be neither read nor written. */
  failures: number;
}

/** Whether this process is the one of several that acts. */
export interface Leadership extends Fence, AsyncDisposable {
  /**
   * Whether it may act now, by the clock: a process that was held up for long finds that it may not, before it does
   * anything else.
   */
  check(): Permit;
  /** Resolves when the lease was looked at for the first time, also where it could not be read. */
  readonly begun: Promise<void>;
  readonly counts: Readonly<LeadershipCounts>;
  /** Gives the lease up, so that nobody has to wait for its end. Whoever acts by it has ended before. Idempotent. */
  close(): Promise<void>;
}

/**
 * Takes part in the choice of the one process that acts:
 *
 *     waits ──▸ the lease is free, or was not renewed for leaseMs ──▸ takes it ──▸ leads for leadMs
 *       ▴                                                                             │   ▴
 *       └── leadMs are over without a renewal ◂───────────────────────────────────────┘   └─ renews it
 *
 * It leads from the beginning of the request that renews, the others count from the end of one that reads: between the two,
 * `leaseMs - leadMs` are left for clocks that run at another speed, and for a change that is still under way.
 *
 * @throws RangeError where `leadMs` is not above 0 and below `leaseMs`.
 */
export function openLeadership(options: LeadershipOptions): Leadership {
  return new Electing(options);
}

const defaults = { leaseMs: 15_000, leadMs: 10_000, retryMs: 2000 };

class Electing implements Leadership {
  readonly counts: LeadershipCounts = { taken: 0, renewals: 0, lost: 0, conflicts: 0, failures: 0 };
  readonly #options: LeadershipOptions & typeof defaults;
  readonly #begun = Promise.withResolvers<void>();
  readonly #ending = new AbortController();
  readonly #running: Promise<void>;
  #lease: KeptLease | undefined;
  #unchangedSinceMs = 0;
  /** Until then it leads, by the monotonic clock; undefined: it does not. */
  #leadsUntilMs: number | undefined;
  #because = 'the lease was not looked at yet';

  constructor(options: LeadershipOptions) {
    this.#options = { ...defaults, ...options };
    const { leaseMs, leadMs } = this.#options;
    if (!(leadMs > 0 && leadMs < leaseMs)) throw new RangeError(`leadMs must be from 1 to below ${leaseMs}`);
    this.#running = this.#run();
  }

  get begun(): Promise<void> {
    return this.#begun.promise;
  }

  check(): Permit {
    const leftMs = (this.#leadsUntilMs ?? 0) - this.#options.clock.monotonicMs();
    if (this.#leadsUntilMs === undefined) return { mayAct: false, because: this.#because };
    if (leftMs > 0) return { mayAct: true, forMs: leftMs };
    this.#leadsUntilMs = undefined;
    this.counts.lost++;
    this.#because = 'the lease could not be renewed in time';
    return { mayAct: false, because: this.#because };
  }

  async close(): Promise<void> {
    if (this.#ending.signal.aborted) return this.#running;
    this.#ending.abort();
    await this.#running;
    const led = this.check().mayAct ? this.#lease : undefined;
    this.#leadsUntilMs = undefined;
    this.#because = 'this process does not take part any more';
    if (led === undefined) return;
    const { transitions } = led;
    // Where that fails the others wait until it is over, as if this process had died.
    const wish = { holder: undefined, durationMs: 1000, transitions, replaces: led };
    await this.#ask((signal) => this.#options.book.write(wish, signal), never);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #run(): Promise<void> {
    const { clock, random, retryMs } = this.#options;
    const { signal } = this.#ending;
    while (!signal.aborted) {
      await this.#look();
      this.#begun.resolve();
      this.check();
      await pause(clock, retryMs * (0.8 + 0.4 * random()), signal);
    }
  }

  async #look(): Promise<void> {
    const { clock, book, identity } = this.#options;
    const answer = await this.#ask((signal) => book.read(signal), this.#ending.signal);
    if (answer === undefined) return;
    this.#see(answer.value);
    const verdict = judgeLease({
      identity,
      lease: this.#lease,
      unchangedSinceMs: this.#unchangedSinceMs,
      nowMs: clock.monotonicMs(),
    });
    if (verdict.kind !== 'wait') return this.#write(verdict.kind);
    this.#leadsUntilMs = undefined;
    this.#because = `${verdict.holder} is the one that acts`;
  }

  async #write(kind: 'take' | 'renew'): Promise<void> {
    const { clock, book, identity, leaseMs, leadMs } = this.#options;
    const beganMs = clock.monotonicMs();
    const replaces = this.#lease;
    const transitions = (replaces?.transitions ?? 0) + (kind === 'take' ? 1 : 0);
    const wish = { holder: identity, durationMs: leaseMs, transitions, replaces };
    const answer = await this.#ask((signal) => book.write(wish, signal), this.#ending.signal);
    if (answer === undefined) return;
    if (answer.value === 'conflict') {
      this.counts.conflicts++;
      this.#because = 'another was quicker to take the lease';
      return;
    }
    this.#see(answer.value);
    const isNew = !this.check().mayAct;
    this.#leadsUntilMs = beganMs + leadMs;
    if (isNew) this.counts.taken++;
    else this.counts.renewals++;
  }

  #see(lease: KeptLease | undefined): void {
    // After the answer, not before the question: whoever is late to see a renewal is late to take the lease.
    if (lease === undefined || lease.version !== this.#lease?.version)
      this.#unchangedSinceMs = this.#options.clock.monotonicMs();
    this.#lease = lease;
  }

  /** Undefined where there was no answer, which is counted. */
  async #ask<Value>(
    work: (signal: AbortSignal) => Promise<Value>,
    end: AbortSignal,
  ): Promise<{ readonly value: Value } | undefined> {
    const { clock, leadMs } = this.#options;
    const answer = await withTimeLimit({ clock, limitMs: leadMs / 2, end }, work);
    if (answer.kind === 'done') return { value: answer.value };
    if (answer.kind === 'ended') return undefined;
    this.counts.failures++;
    const said =
      answer.kind === 'failed' ? String((answer.error as Error)?.message ?? answer.error) : 'no answer';
    if (this.#leadsUntilMs === undefined) this.#because = `the lease could not be read or written: ${said}`;
    return undefined;
  }
}

const never = new AbortController().signal;
