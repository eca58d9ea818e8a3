import type { CircuitBreaker, Ticket } from './circuit-breaker.ts';
import type { Deadline } from './deadline.ts';
import { resilienceError } from './errors.ts';
import type { Timed, TimerWheel } from './timer-wheel.ts';

/** What an attempt runs with. */
export interface AttemptOptions {
  readonly wheel: TimerWheel;
  readonly breaker: CircuitBreaker | undefined;
  readonly slowMs: number | undefined;
  readonly monotonicMs: () => number;
}

/** What this attempt has. */
export interface AttemptTime {
  readonly startMs: number;
  /** When its time is over, on the monotonic clock; Infinity for never. */
  readonly endMs: number;
  /** Whether that is the end of the whole call, and not only of this attempt. */
  readonly isWholeEnd: boolean;
  readonly signal: AbortSignal | undefined;
}

/** One attempt under way, with its time limit. It is also what the work is given as its deadline. */
export class Attempt<Value> implements Deadline, Timed {
  nextTimed: Timed | undefined = undefined;
  previousTimed: Timed | undefined = undefined;
  dueTick = -1;
  readonly #options: AttemptOptions;
  readonly #time: AttemptTime;
  readonly #ticket: Ticket | undefined;
  #controller: AbortController | undefined;
  #reject: (error: unknown) => void = ignore;
  #isSlow = false;
  #isOver = false;
  #endReason: unknown;

  constructor(options: AttemptOptions, time: AttemptTime, ticket: Ticket | undefined) {
    this.#options = options;
    this.#time = time;
    this.#ticket = ticket;
  }

  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.#endReason !== undefined) this.#controller.abort(this.#endReason);
    }
    return this.#controller.signal;
  }

  remainingMs(): number {
    return this.#endReason === undefined ? Math.max(0, this.#time.endMs - this.#options.monotonicMs()) : 0;
  }

  /** @param onSettled called when the work has really ended, also if that is after its time limit. */
  run(work: (deadline: Deadline) => Promise<Value> | Value, onSettled: () => void): Promise<Value> {
    return new Promise((resolve, reject) => {
      this.#reject = reject;
      this.#begin();
      const end = (): void => {
        this.#finish();
        onSettled();
      };
      // Whoever called went away before the work began.
      if (this.#isOver) return end();
      try {
        const running = work(this);
        if (isThenable(running))
          Promise.resolve(running).then(
            (value) => {
              end();
              resolve(value);
            },
            (error: unknown) => {
              end();
              reject(error);
            },
          );
        else {
          end();
          resolve(running);
        }
      } catch (error) {
        end();
        reject(error);
      }
    });
  }

  onDue(): void {
    const nowMs = this.#options.monotonicMs();
    if (nowMs < this.#time.endMs) {
      this.#isSlow = true;
      if (this.#ticket !== undefined) this.#options.breaker?.slowed(this.#ticket, nowMs);
      this.#setNextLimit(nowMs);
    } else this.#abandon(this.#lateError());
  }

  #begin(): void {
    const { signal } = this.#time;
    if (signal !== undefined) {
      if (signal.aborted) this.#abandon(signal.reason);
      else signal.addEventListener('abort', this.#onAbort, { once: true });
    }
    this.#setNextLimit(this.#time.startMs);
  }

  #setNextLimit(nowMs: number): void {
    const { wheel, slowMs } = this.#options;
    const { startMs, endMs } = this.#time;
    const nextMs = this.#isSlow || slowMs === undefined ? endMs : Math.min(endMs, startMs + slowMs);
    if (nextMs !== Number.POSITIVE_INFINITY) wheel.set(this, nextMs - nowMs, nowMs);
  }

  readonly #onAbort = (): void => this.#abandon(this.#time.signal?.reason);

  /** The caller is told at once; the work is told by its signal, and may take its time to heed it. */
  #abandon(reason: unknown): void {
    if (this.#isOver) return;
    this.#finish();
    this.#endReason = reason;
    this.#controller?.abort(reason);
    this.#reject(reason);
  }

  #finish(): void {
    this.#isOver = true;
    this.#options.wheel.remove(this);
    this.#time.signal?.removeEventListener('abort', this.#onAbort);
  }

  #lateError(): Error {
    const { startMs, endMs, isWholeEnd } = this.#time;
    const limitMs = Math.round(endMs - startMs);
    if (isWholeEnd)
      return resilienceError(
        'RESILIENCE_DEADLINE',
        'Cannot wait for the call any longer: its time is over.',
        {
          facts: { limitMs },
        },
      );
    return resilienceError(
      'RESILIENCE_TIME_LIMIT',
      `Cannot wait for the call any longer: it took more than ${limitMs} ms.`,
      { facts: { limitMs } },
    );
  }
}

/** Also promises that are not of our kind, and builders of queries, which begin when somebody waits for them. */
function isThenable<Value>(value: Promise<Value> | Value): value is Promise<Value> {
  return typeof (value as Partial<Promise<Value>> | null | undefined)?.then === 'function';
}

function ignore(): void {}
