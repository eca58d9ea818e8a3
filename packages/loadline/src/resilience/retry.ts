import { isLoadlineError, type Random } from '../base/index.ts';

/** How often and how fast to repeat; complete. */
export interface RetryLimits {
  /** The first attempt counts. */
  readonly attemptsMax: number;
  /** The wait before the second attempt is drawn from 0 to this; each further one from twice as much, in milliseconds. */
  readonly delayMs: number;
  /** The wait is drawn from no more than this; what the other side asks for comes on top of it. */
  readonly delayMsMax: number;
  /** Whoever asks to be left alone for longer than this is not called again, in milliseconds: a call without a budget would wait for ever. */
  readonly retryAfterMsMax: number;
}

/**
 * How long to wait before the next attempt. All of it is drawn ("full jitter"), so that callers that failed together do not
 * come back together; but never sooner than whoever refused has asked for. Infinity where that is longer than the limits
 * let a call wait. Pure.
 *
 * @param attempts that were made already, from 1.
 */
export function retryDelayMs(attempts: number, limits: RetryLimits, random: Random, error: unknown): number {
  const askedMs = askedDelayMs(error);
  if (askedMs > limits.retryAfterMsMax) return Number.POSITIVE_INFINITY;
  const upTo = Math.min(limits.delayMsMax, limits.delayMs * 2 ** (attempts - 1));
  return askedMs + random() * upTo;
}

function askedDelayMs(error: unknown): number {
  const asked = isLoadlineError(error) ? error.facts.retryAfterMs : undefined;
  return typeof asked === 'number' && asked > 0 ? asked : 0;
}

/** How many repetitions there may be beside first attempts; complete. */
export interface BudgetLimits {
  /** Repetitions for each first attempt, on average: 0.1 is one in ten. */
  readonly ratio: number;
  /** Repetitions a second that are allowed besides, for a service that is hardly called. */
  readonly perSecond: number;
  /** Repetitions that quiet saves up by `perSecond`. There are as many at the beginning. */
  readonly quietMax: number;
  /** Repetitions that first attempts save up by `ratio`. */
  readonly savedMax: number;
}

/**
 * A budget of repetitions, a bucket: first attempts and quiet fill it, repetitions empty it. Where everything fails, repetitions
 * are most of the load that keeps it failing: with a budget of a tenth they are at most a tenth. One budget may be shared by all
 * calls to one server. `createRetryBudget` checks what it is given; this is for whoever has limits that are checked already.
 */
export class RetryBudget {
  readonly #limits: BudgetLimits;
  #left: number;
  #lastMs: number | undefined;

  constructor(limits: BudgetLimits) {
    this.#limits = limits;
    this.#left = limits.quietMax;
  }

  /** A first attempt was made. */
  deposit(): void {
    const { ratio, savedMax } = this.#limits;
    this.#left = Math.min(savedMax, this.#left + ratio);
  }

  /** Whether one repetition may be made; if so it is paid for. */
  tryWithdraw(nowMs: number): boolean {
    this.#drip(nowMs);
    if (this.#left < 1) return false;
    this.#left--;
    return true;
  }

  #drip(nowMs: number): void {
    const { perSecond, quietMax } = this.#limits;
    // Nothing drips before the first repetition: until then there is as much as quiet saves up.
    const passedMs = nowMs - (this.#lastMs ?? nowMs);
    this.#lastMs = nowMs;
    if (this.#left < quietMax) this.#left = Math.min(quietMax, this.#left + (passedMs * perSecond) / 1000);
  }
}
