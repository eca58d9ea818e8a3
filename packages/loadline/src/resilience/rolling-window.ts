/** What happened lately, all counts of calls. */
export interface Tally {
  readonly calls: number;
  readonly failures: number;
  readonly slow: number;
}

const buckets = 10;

/** Counts over the last `windowMs`, forgotten by tenths of it. */
export class RollingWindow {
  readonly #bucketMs: number;
  readonly #counts = new Uint32Array(buckets * 3);
  #bucket = 0;
  #calls = 0;
  #failures = 0;
  #slow = 0;

  constructor(windowMs: number) {
    this.#bucketMs = windowMs / buckets;
  }

  add(nowMs: number, { calls, failures, slow }: Tally): void {
    this.#forget(nowMs);
    const at = (this.#bucket % buckets) * 3;
    this.#counts[at] = (this.#counts[at] as number) + calls;
    this.#counts[at + 1] = (this.#counts[at + 1] as number) + failures;
    this.#counts[at + 2] = (this.#counts[at + 2] as number) + slow;
    this.#calls += calls;
    this.#failures += failures;
    this.#slow += slow;
  }

  tally(nowMs: number): Tally {
    this.#forget(nowMs);
    return { calls: this.#calls, failures: this.#failures, slow: this.#slow };
  }

  clear(): void {
    this.#counts.fill(0);
    this.#calls = 0;
    this.#failures = 0;
    this.#slow = 0;
  }

  #forget(nowMs: number): void {
    const bucket = Math.floor(nowMs / this.#bucketMs);
    if (bucket === this.#bucket) return;
    if (bucket - this.#bucket >= buckets) this.clear();
    else
      for (let each = this.#bucket + 1; each <= bucket; each++) {
        const at = (each % buckets) * 3;
        this.#calls -= this.#counts[at] as number;
        this.#failures -= this.#counts[at + 1] as number;
        this.#slow -= this.#counts[at + 2] as number;
        this.#counts.fill(0, at, at + 3);
      }
    this.#bucket = bucket;
  }
}
