import type { Swept } from './sweep.ts';

/** A request for which every upstream is too busy. */
export interface Waiting {
  /** Tries once more. @returns whether it waits no longer. */
  goOn(): boolean;
}

/**
 * The requests that no upstream has room for, in the order in which they came. What is here is nobody's yet: whoever
 * becomes ready gets some of it, and whose client goes away costs nobody anything.
 */
export class WaitingLine implements Swept {
  /** Whose upstream broke: they have waited already, and may want somebody whom the others do not. */
  readonly #again = new Set<Waiting>();
  readonly #first = new Set<Waiting>();
  #isMoving = false;

  get length(): number {
    return this.#again.size + this.#first.size;
  }

  /** @param isAgain whether it was sent before, and goes before those that were not. */
  join(waiting: Waiting, isAgain: boolean): void {
    (isAgain ? this.#again : this.#first).add(waiting);
    // Who is before it may wait for somebody in particular, while others have room.
    this.move();
  }

  leave(waiting: Waiting): void {
    this.#again.delete(waiting);
    this.#first.delete(waiting);
  }

  /**
   * Somebody may have room. Who can go on does so when all is done that is being done now: a connection that has just
   * carried an answer is then there for the next request.
   */
  move(): void {
    if (this.length === 0 || this.#isMoving) return;
    this.#isMoving = true;
    queueMicrotask(() => {
      this.#isMoving = false;
      for (const waiting of this.#again) waiting.goOn();
      for (const waiting of this.#first) if (!waiting.goOn()) return;
    });
  }

  /** Some come back, or grow, by time alone. */
  check(): void {
    this.move();
  }
}
