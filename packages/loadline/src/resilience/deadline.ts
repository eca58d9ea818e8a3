import { type Clock, systemClock, type Timer } from '../base/index.ts';
import { resilienceError } from './errors.ts';

/** The time that a piece of work has, to be handed down to whatever it calls. */
export interface Deadline {
  /** Aborts when the time is over or the caller has gone away. Made when it is asked for first. */
  readonly signal: AbortSignal;
  /** What is left, in milliseconds; 0 when it is over, Infinity where there is no limit. */
  remainingMs(): number;
}

/** A deadline that begins here, of a request that came in or of work that nobody called for. */
export interface OwnDeadline extends Deadline {
  /** The work has ended, and its time matters no more. With a reason: whoever wanted it has gone, and the signal aborts with that. */
  end(reason?: unknown): void;
}

/** Gives work so many milliseconds from now on; Infinity for no limit. To be ended, or its timer waits for its time. */
export function startDeadline(
  limitMs: number,
  { clock = systemClock }: { readonly clock?: Clock } = {},
): OwnDeadline {
  return new StartedDeadline(limitMs, clock);
}

/** Made for every request that has a limit: it costs a timer only where somebody wants the signal. */
class StartedDeadline implements OwnDeadline {
  readonly #clock: Clock;
  readonly #limitMs: number;
  readonly #endMs: number;
  #controller: AbortController | undefined;
  #timer: Timer | undefined;
  #isEnded = false;
  #goneBecause: unknown;

  constructor(limitMs: number, clock: Clock) {
    this.#clock = clock;
    this.#limitMs = limitMs;
    this.#endMs = clock.monotonicMs() + limitMs;
  }

  get signal(): AbortSignal {
    if (this.#controller !== undefined) return this.#controller.signal;
    const controller = new AbortController();
    this.#controller = controller;
    if (this.#goneBecause !== undefined) controller.abort(this.#goneBecause);
    else if (!this.#isEnded && this.#limitMs !== Number.POSITIVE_INFINITY) this.#wait(controller);
    return controller.signal;
  }

  remainingMs(): number {
    return this.#goneBecause === undefined ? Math.max(0, this.#endMs - this.#clock.monotonicMs()) : 0;
  }

  end(reason?: unknown): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#timer?.cancel();
    if (reason === undefined) return;
    this.#goneBecause = reason;
    this.#controller?.abort(reason);
  }

  /** A timer may come a little early: then the rest is waited for. */
  #wait(controller: AbortController): void {
    const leftMs = this.remainingMs();
    if (leftMs > 0) this.#timer = this.#clock.setTimer(() => this.#wait(controller), leftMs);
    else controller.abort(overError(this.#limitMs));
  }
}

function overError(limitMs: number): Error {
  return resilienceError('RESILIENCE_DEADLINE', 'Cannot go on: the time that was given is over.', {
    facts: { limitMs: Math.round(limitMs) },
  });
}
