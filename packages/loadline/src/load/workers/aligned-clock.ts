import type { Clock } from '../../base/index.ts';

/**
 * A clock that shows the time of another machine's: its own, less an offset that grows with the drift. When it
 * is set again it never goes back: it stands until the new time has come up.
 */
export class AlignedClock implements Clock {
  readonly grainMs: number;
  readonly #inner: Clock;
  #offsetMs = 0;
  #atMs = 0;
  #drift = 0;
  #shownMs = Number.NEGATIVE_INFINITY;

  constructor(inner: Clock) {
    this.#inner = inner;
    this.grainMs = inner.grainMs ?? 0;
  }

  now(): number {
    return this.#inner.now();
  }

  monotonicMs(): number {
    const innerMs = this.#inner.monotonicMs();
    const shownMs = innerMs - this.#offsetMs - (innerMs - this.#atMs) * this.#drift;
    if (shownMs > this.#shownMs) this.#shownMs = shownMs;
    return this.#shownMs;
  }

  setTimer(callback: () => void, delayMs: number): ReturnType<Clock['setTimer']> {
    return this.#inner.setTimer(callback, delayMs);
  }

  /** The inner clock's own time, for pings. */
  innerMs(): number {
    return this.#inner.monotonicMs();
  }

  /**
   * @param offsetMs how far the inner clock was ahead of the other one when it showed `atMs`.
   * @param drift by how much more it goes ahead in each millisecond of its own.
   */
  align(offsetMs: number, atMs: number, drift: number): void {
    this.#offsetMs = offsetMs;
    this.#atMs = atMs;
    this.#drift = drift;
  }
}
