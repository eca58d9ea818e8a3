import type { Clock, Timer } from '../../base/index.ts';

/** Something that waits for an answer, and gives up. */
export interface Waiting {
  /** Whether it stands in the list; kept by `Deadlines`. */
  isListed: boolean;
  /** Gives up where its time is over. @returns whether it still waits. */
  checkDeadline(nowMs: number): boolean;
}

/**
 * Time limits by a sweep a few times a second instead of a timer a request. A limit is kept to within 50 ms,
 * nothing runs while no request is under way, and a request on a busy channel costs one look at a flag.
 */
export class Deadlines {
  readonly #clock: Clock;
  #waiting: Waiting[] = [];
  #timer: Timer | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  add(waiting: Waiting): void {
    if (waiting.isListed) return;
    waiting.isListed = true;
    this.#waiting.push(waiting);
    this.#timer ??= this.#clock.setTimer(() => this.#sweep(), sweepMs);
  }

  stop(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    for (const each of this.#waiting) each.isListed = false;
    this.#waiting = [];
  }

  #sweep(): void {
    this.#timer = undefined;
    const nowMs = this.#clock.monotonicMs();
    const listed = this.#waiting;
    this.#waiting = [];
    for (const each of listed) {
      // Whoever is told of a timeout may send again at once: that request lists its channel anew.
      each.isListed = false;
      if (each.checkDeadline(nowMs)) this.add(each);
    }
  }
}

const sweepMs = 50;
