import type { Clock, Timer } from 'loadline/base';
import type { Leases } from 'loadline/store';

export interface LeaseOptions {
  readonly leases: Leases;
  readonly clock: Clock;
  /** What one alone may do. */
  readonly name: string;
  /** Unlike any other process; shown to people. */
  readonly holder: string;
}

const forMs = 5000;
const renewEveryMs = 1500;

/**
 * Something that one control plane of a database does, and another as soon as that one is gone: at once where it ends in order,
 * otherwise after five to seven seconds. It is renewed all the time; whoever cannot renew it, because the database is away or
 * the process was held up, has it no more by its own clock, before the database gives it to another.
 */
export class Lease {
  readonly #options: LeaseOptions;
  #heldUntilMs = Number.NEGATIVE_INFINITY;
  #holder: string | undefined;
  #failures = 0;
  #isClosed = false;
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

  get isHeld(): boolean {
    return this.#options.clock.monotonicMs() < this.#heldUntilMs;
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
    this.#isClosed = true;
    this.#timer.cancel();
    await this.#renewing;
    this.#heldUntilMs = Number.NEGATIVE_INFINITY;
    const { leases, name, holder } = this.#options;
    // Where it cannot be given up, its time will be over.
    await leases.release(name, holder).catch(() => this.#failures++);
  }

  async #renew(): Promise<void> {
    const { leases, clock, name, holder } = this.#options;
    const askedMs = clock.monotonicMs();
    try {
      const answer = await leases.take(name, { holder, forMs });
      this.#holder = answer.holder;
      this.#heldUntilMs = answer.isHeld ? askedMs + forMs : Number.NEGATIVE_INFINITY;
    } catch {
      this.#failures++;
    }
    if (this.#isClosed) return;
    this.#timer = clock.setTimer(() => {
      this.#renewing = this.#renew();
    }, renewEveryMs);
  }
}
