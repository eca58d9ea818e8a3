import { type Clock, formatDuration } from '../base/index.ts';

/** An answer, or why there is none. */
export type Answer<Value> = { readonly value: Value } | { readonly because: string };

/**
 * Asks what may hang, throw, or answer when nobody waits any more: drivers and sources of metrics are not all
 * ours. Each question has a time limit; a late answer is dropped. Of somebody who leaves several questions open
 * nothing more is asked until he has answered one, so that open questions do not pile up.
 */
export class Asker {
  readonly #clock: Clock;
  readonly #timeoutMs: number;
  readonly #closed: AbortSignal;
  #open = 0;

  constructor(clock: Clock, timeoutMs: number, closed: AbortSignal) {
    this.#clock = clock;
    this.#timeoutMs = timeoutMs;
    this.#closed = closed;
  }

  /** @param whom for the reason, to begin a sentence with: `the driver`. */
  ask<Value>(whom: string, work: (signal: AbortSignal) => Promise<Value>): Promise<Answer<Value>> {
    if (this.#closed.aborted) return Promise.resolve({ because: closedReason });
    if (this.#open >= openMax) {
      return Promise.resolve({ because: `${whom} was not asked: ${this.#open} questions are still open` });
    }
    this.#open++;
    return new Promise((resolve) => {
      const giveUp = new AbortController();
      const end = (answer: Answer<Value>): void => {
        timer.cancel();
        this.#closed.removeEventListener('abort', onClosed);
        resolve(answer);
      };
      const stop = (because: string): void => {
        giveUp.abort();
        end({ because });
      };
      const onClosed = (): void => stop(closedReason);
      const overdue = `${whom} gave no answer within ${formatDuration(this.#timeoutMs)}`;
      const timer = this.#clock.setTimer(() => stop(overdue), this.#timeoutMs);
      this.#closed.addEventListener('abort', onClosed, { once: true });
      void settle(work, giveUp.signal).then((answer) => {
        this.#open--;
        end('because' in answer ? { because: `${whom} failed: ${answer.because}` } : answer);
      });
    });
  }
}

const openMax = 3;
const closedReason = 'the scaler was closed';

async function settle<Value>(
  work: (signal: AbortSignal) => Promise<Value>,
  signal: AbortSignal,
): Promise<Answer<Value>> {
  try {
    return { value: await work(signal) };
  } catch (error) {
    return { because: error instanceof Error ? error.message : String(error) };
  }
}
