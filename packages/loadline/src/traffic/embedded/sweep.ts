import type { Clock, Timer } from '../../base/index.ts';

/** Something whose time can run out. */
export interface Swept {
  /** Gives up where its time is over. */
  check(nowMs: number): void;
}

/**
 * Time limits by a look at everything a few times a second, instead of a timer for each: a request that is in time
 * costs a number. Limits are kept to within a quarter of a second.
 */
export class Sweep {
  /** The time of the last look: good enough for limits, and it costs nothing to ask. */
  nowMs: number;
  readonly #clock: Clock;
  readonly #watched = new Set<Swept>();
  #timer: Timer | undefined;
  #isStopped = false;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.nowMs = clock.monotonicMs();
    this.#wait();
  }

  add(swept: Swept): void {
    this.#watched.add(swept);
  }

  remove(swept: Swept): void {
    this.#watched.delete(swept);
  }

  /** Everybody's time is over, and nobody is watched any more. */
  stop(): void {
    this.#isStopped = true;
    this.#timer?.cancel();
    for (const swept of this.#watched) swept.check(Number.POSITIVE_INFINITY);
    this.#watched.clear();
  }

  #wait(): void {
    this.#timer = this.#clock.setTimer(() => {
      this.nowMs = this.#clock.monotonicMs();
      for (const swept of this.#watched) swept.check(this.nowMs);
      if (!this.#isStopped) this.#wait();
    }, everyMs);
  }
}

const everyMs = 100;
