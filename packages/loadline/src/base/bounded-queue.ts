/**
 * A first-in, first-out queue with a fixed capacity, on a ring that never grows.
 * `push` returns false when it is full: the caller waits, drops and counts, or refuses.
 */
export class BoundedQueue<Item> {
  readonly #ring: (Item | undefined)[];
  #head = 0;
  #size = 0;

  /** @param capacity a whole number from 1; more is a mistake in the code, so it throws a RangeError. */
  constructor(capacity: number) {
    if (!Number.isSafeInteger(capacity) || capacity < 1) {
      throw new RangeError(`A bounded queue needs a whole capacity from 1, got ${capacity}.`);
    }
    this.#ring = new Array(capacity).fill(undefined);
  }

  get size(): number {
    return this.#size;
  }

  get capacity(): number {
    return this.#ring.length;
  }

  get isFull(): boolean {
    return this.#size === this.#ring.length;
  }

  /** Puts an item at the end; false, and nothing changed, when the queue is full. */
  push(item: Item): boolean {
    if (this.isFull) return false;
    this.#ring[(this.#head + this.#size) % this.#ring.length] = item;
    this.#size++;
    return true;
  }

  /** Takes the oldest item; undefined when the queue is empty. */
  shift(): Item | undefined {
    if (this.#size === 0) return undefined;
    const item = this.#ring[this.#head];
    this.#ring[this.#head] = undefined;
    this.#head = (this.#head + 1) % this.#ring.length;
    this.#size--;
    return item;
  }

  /** The oldest item, left where it is. */
  peek(): Item | undefined {
    return this.#size === 0 ? undefined : this.#ring[this.#head];
  }
}
