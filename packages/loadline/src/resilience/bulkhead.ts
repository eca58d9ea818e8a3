import { resilienceError } from './errors.ts';
import type { Timed, TimerWheel } from './timer-wheel.ts';

/** How many calls may be under way and wait; complete. */
export interface BulkheadLimits {
  /** Under way at once; from 1. */
  readonly concurrencyMax: number;
  /** Further ones wait, at most so many; 0 for none. Beyond that a call is refused. */
  readonly queueMax: number;
  /** In milliseconds. */
  readonly queueTimeoutMs: number;
}

/** Until when somebody waits. */
export interface Patience {
  readonly nowMs: number;
  /** The longest wait, in milliseconds, whatever the bulkhead would allow. */
  readonly waitMsMax: number;
  readonly signal: AbortSignal | undefined;
}

/** Bounds how many calls are under way at once, and how many wait for their turn: first come, first served. */
export class Bulkhead {
  readonly #limits: BulkheadLimits;
  readonly #wheel: TimerWheel;
  readonly #queue = new Set<Waiter>();
  #inFlight = 0;

  constructor(limits: BulkheadLimits, wheel: TimerWheel) {
    this.#limits = limits;
    this.#wheel = wheel;
  }

  get inFlight(): number {
    return this.#inFlight;
  }

  get waiting(): number {
    return this.#queue.size;
  }

  /** Takes a place if one is free and nobody waits for it. */
  tryEnter(): boolean {
    if (this.#inFlight >= this.#limits.concurrencyMax || this.#queue.size > 0) return false;
    this.#inFlight++;
    return true;
  }

  /**
   * Waits for a place.
   *
   * @throws LoadlineError RESILIENCE_BULKHEAD_FULL, RESILIENCE_QUEUE_TIMEOUT; the signal's reason when it aborts.
   */
  enter({ nowMs, waitMsMax, signal }: Patience): Promise<void> {
    const { concurrencyMax, queueMax, queueTimeoutMs } = this.#limits;
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason);
      if (this.#queue.size >= queueMax) return reject(this.#fullError());
      const waitMs = Math.min(queueTimeoutMs, waitMsMax);
      const leaveQueue = (): void => {
        this.#queue.delete(waiter);
        this.#wheel.remove(waiter);
        signal?.removeEventListener('abort', onAbort);
      };
      const onAbort = (): void => {
        leaveQueue();
        reject(signal?.reason);
      };
      const waiter: Waiter = {
        nextTimed: undefined,
        previousTimed: undefined,
        dueTick: -1,
        onDue() {
          leaveQueue();
          const found = `all ${concurrencyMax} places were taken for ${Math.round(waitMs)} ms`;
          reject(resilienceError('RESILIENCE_QUEUE_TIMEOUT', `Cannot make the call: ${found}.`));
        },
        enter() {
          leaveQueue();
          resolve();
        },
      };
      this.#queue.add(waiter);
      this.#wheel.set(waiter, waitMs, nowMs);
      signal?.addEventListener('abort', onAbort, { once: true });
    });
  }

  /** Gives a place back, to whoever has waited longest. */
  leave(): void {
    for (const waiter of this.#queue) {
      waiter.enter();
      return;
    }
    this.#inFlight--;
  }

  #fullError(): Error {
    const { concurrencyMax, queueMax } = this.#limits;
    return resilienceError(
      'RESILIENCE_BULKHEAD_FULL',
      `Cannot make the call: ${concurrencyMax} are under way and ${queueMax} wait already.`,
      { facts: { concurrencyMax, queueMax } },
    );
  }
}

interface Waiter extends Timed {
  enter(): void;
}
