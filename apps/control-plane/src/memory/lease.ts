import { type Clock, type Timer, withTimeLimit } from 'loadline/base';
import type { Leases } from 'loadline/store';

export interface LeaseOptions {
  readonly leases: Leases;
  readonly clock: Clock;
  /** What one alone may do. */
  readonly name: string;
  /** Unlike any other process; shown to people. */
  readonly holder: string;
}

/**
 * `held`: it is ours. `unreachable`: it was, and the database cannot be asked whether another has it by now. `lost`: another has
 * it, or may have it.
 */
export type LeaseStanding = 'held' | 'unreachable' | 'lost';

const forMs = 5000;
const renewEveryMs = 1500;
/** So that it is known before the end of a lease that it could not be renewed. */
const answerLimitMs = 2000;

/**
 * Something that one control plane of a database does, and another as soon as that one is gone: at once where it ends in order,
 * otherwise after five to seven seconds. It is renewed all the time; whoever cannot renew it, because the database is away or
 * the process was held up, has it no more by its own clock, before the database gives it to another.
 */
export class Lease {
  readonly #options: LeaseOptions;
  #heldUntilMs = Number.NEGATIVE_INFINITY;
  #holder: string | undefined;
  /** As the database said when it was asked for last. */
  #wasHeld = false;
  #hasFailed = false;
  #failures = 0;
  readonly #end = new AbortController();
  #timer: Timer = { cancel: () => undefined };
  #renewing: Promise<void> = Promise.resolve();

  private constructor(options: LeaseOptions) {
    this.#options = options;
  }

  /** Tries to take it, and goes on to. */
  static async open(options: LeaseOptions): Promise<Lease> {
    const lease = new Lease(options);
    await lease.#renew();
    return lease;
  }

  get standing(): LeaseStanding {
    if (this.#options.clock.monotonicMs() < this.#heldUntilMs) return 'held';
    // Whoever was only held up, and has not asked since, knows nothing.
    return this.#wasHeld && this.#hasFailed ? 'unreachable' : 'lost';
  }

  /** Who had it when it was asked for last. */
  get holder(): string | undefined {
    return this.#holder;
  }

  /** Times that it could not be asked for. */
  get failures(): number {
    return this.#failures;
  }

  /** Gives it up. */
  async close(): Promise<void> {
    this.#end.abort();
    this.#timer.cancel();
    await this.#renewing;
    this.#heldUntilMs = Number.NEGATIVE_INFINITY;
    this.#wasHeld = false;
    const { leases, name, holder } = this.#options;
    // Where it cannot be given up, its time will be over.
    await leases.release(name, holder).catch(() => this.#failures++);
  }

  async #renew(): Promise<void> {
    const { leases, clock, name, holder } = this.#options;
    const askedMs = clock.monotonicMs();
    const limit = { clock, limitMs: answerLimitMs, end: this.#end.signal };
    const asked = await withTimeLimit(limit, () => leases.take(name, { holder, forMs }));
    this.#hasFailed = asked.kind !== 'done';
    if (asked.kind === 'done') {
      this.#holder = asked.value.holder;
      this.#wasHeld = asked.value.isHeld;
      this.#heldUntilMs = this.#wasHeld ? askedMs + forMs : Number.NEGATIVE_INFINITY;
    } else this.#failures++;
    if (this.#end.signal.aborted) return;
    this.#timer = clock.setTimer(() => {
      this.#renewing = this.#renew();
    }, renewEveryMs);
  }
}
