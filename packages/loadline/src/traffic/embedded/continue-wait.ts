/**
 * How long a client that said `Expect: 100-continue` has waited for leave to send its body (RFC 9110, section 10.1.1). The
 * upstream gives it, or answers without the body. One that says nothing, because it does not know of expectations, and a client
 * that sends nothing would wait for each other: then the proxy gives it.
 */
export class ContinueWait {
  readonly #limitMs: number;
  #lookedMs = 0;
  /** Only while the body could be taken. */
  #waitedMs = 0;

  constructor(limitMs: number) {
    this.#limitMs = limitMs;
  }

  begin(nowMs: number): void {
    this.#lookedMs = nowMs;
    this.#waitedMs = 0;
  }

  /** Looks. @param isWaiting whether the body could be taken now, and nobody has said that it may come. */
  isOver(nowMs: number, isWaiting: boolean): boolean {
    if (isWaiting) this.#waitedMs += nowMs - this.#lookedMs;
    this.#lookedMs = nowMs;
    return isWaiting && this.#waitedMs >= this.#limitMs;
  }
}
