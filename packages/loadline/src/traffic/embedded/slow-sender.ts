/**
 * Whether a client sends the body of its request fast enough: something within a time limit, and on average a least
 * rate, so that a byte now and then does not hold a place for ever. Only time in which it was waited for counts.
 */
export class SlowSender {
  readonly #limits: { readonly clientStallMs: number; readonly bodyBytesPerSecondMin: number };
  #bytes = 0;
  #lookedMs = 0;
  /** In all, and since something last came. */
  #waitedMs = 0;
  #silentMs = 0;

  constructor(limits: { readonly clientStallMs: number; readonly bodyBytesPerSecondMin: number }) {
    this.#limits = limits;
  }

  /** Of the body that comes now. */
  get bytes(): number {
    return this.#bytes;
  }

  begin(nowMs: number): void {
    this.#bytes = 0;
    this.#waitedMs = 0;
    this.#silentMs = 0;
    this.#lookedMs = nowMs;
  }

  took(bytes: number): void {
    this.#bytes += bytes;
    this.#silentMs = 0;
  }

  /** Looks. @param isWaitedFor whether more could be taken now. */
  isTooSlow(nowMs: number, isWaitedFor: boolean): boolean {
    const { clientStallMs, bodyBytesPerSecondMin } = this.#limits;
    const passedMs = nowMs - this.#lookedMs;
    this.#lookedMs = nowMs;
    if (!isWaitedFor) return false;
    this.#waitedMs += passedMs;
    this.#silentMs += passedMs;
    if (this.#silentMs >= clientStallMs) return true;
    // The first moments say little of the rate.
    return this.#waitedMs >= clientStallMs && this.#bytes * 1000 < this.#waitedMs * bodyBytesPerSecondMin;
  }
}
