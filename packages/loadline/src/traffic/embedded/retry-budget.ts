import type { RetryPolicy } from './options.ts';

/**
 * Bounds what is sent again, as a share of what was sent at all: when an upstream fails everything, repeating
 * everything would double the load that made it fail. A bucket: requests fill it, repetitions empty it.
 */
export class RetryBudget {
  readonly #policy: RetryPolicy;
  #tokens: number;
  #filledMs: number;

  constructor(policy: RetryPolicy, nowMs: number) {
    this.#policy = policy;
    this.#tokens = policy.budgetPerSecondMin;
    this.#filledMs = nowMs;
  }

  /** A request was sent for the first time. */
  deposit(): void {
    this.#tokens = Math.min(tokensMax, this.#tokens + this.#policy.budgetRatio);
  }

  /** Whether one may be sent again; then it is paid for. */
  withdraw(nowMs: number): boolean {
    this.#drip(nowMs);
    if (this.#tokens < 1) return false;
    this.#tokens--;
    return true;
  }

  /** The least that is allowed, however few requests there are; it fills the bucket to a second's worth only. */
  #drip(nowMs: number): void {
    const { budgetPerSecondMin } = this.#policy;
    const dripped = ((nowMs - this.#filledMs) / 1000) * budgetPerSecondMin;
    this.#filledMs = nowMs;
    if (this.#tokens < budgetPerSecondMin)
      this.#tokens = Math.min(budgetPerSecondMin, this.#tokens + dripped);
  }
}

/** What long peace may save up: enough for an instance that dies with a thousand requests on the wire. */
const tokensMax = 1000;
