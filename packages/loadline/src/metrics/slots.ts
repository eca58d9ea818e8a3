/** How many numbers a page holds: 8 KB, so that a small service wastes little and a large one has few pages. */
const pageSlots = 1024;

/** One past the highest whole number that a 32-bit cell holds; there it turns negative, which is quick to see. */
const onesCarry = 2 ** 31;

/**
 * Where counters and gauges keep their numbers: side by side in pages. A page never moves, so a slot stays
 * valid while the arena grows, and recording touches one machine word.
 *
 * A slot is a double and, beside it, a 32-bit cell for increments of one. Nearly all of them are, and a whole
 * number is raised in a quarter of the time that adding doubles takes.
 */
export class Arena {
  #page: Float64Array = new Float64Array(pageSlots);
  #ones: Int32Array = new Int32Array(pageSlots);
  #used = 0;

  /** The next free place. */
  take(): Place {
    if (this.#used === pageSlots) {
      this.#page = new Float64Array(pageSlots);
      this.#ones = new Int32Array(pageSlots);
      this.#used = 0;
    }
    return { page: this.#page, ones: this.#ones, at: this.#used++ };
  }
}

interface Place {
  readonly page: Float64Array;
  readonly ones: Int32Array;
  readonly at: number;
}

/** One series that only goes up, exact for whole numbers to 2^53. Keep it: finding it again costs more than adding. */
export class Counter {
  readonly #page: Float64Array;
  readonly #ones: Int32Array;
  readonly #at: number;

  constructor(arena: Arena) {
    const { page, ones, at } = arena.take();
    this.#page = page;
    this.#ones = ones;
    this.#at = at;
  }

  /** @throws RangeError where `amount` is below 0, infinite or NaN: a counter that goes down reads as a restart. */
  add(amount: number = 1): void {
    if (amount !== 1) {
      this.#addOther(amount);
      return;
    }
    const ones = ((this.#ones[this.#at] as number) + 1) | 0;
    this.#ones[this.#at] = ones;
    if (ones < 0) this.#carry();
  }

  get value(): number {
    return (this.#page[this.#at] as number) + (this.#ones[this.#at] as number);
  }

  #carry(): void {
    this.#ones[this.#at] = 0;
    (this.#page[this.#at] as number) += onesCarry;
  }

  #addOther(amount: number): void {
    if (!(amount >= 0 && amount < Number.POSITIVE_INFINITY)) throw wrongAmount(amount);
    (this.#page[this.#at] as number) += amount;
  }
}

/** One series that goes up and down. */
export class Gauge {
  readonly #page: Float64Array;
  readonly #at: number;

  constructor(arena: Arena) {
    const { page, at } = arena.take();
    this.#page = page;
    this.#at = at;
  }

  set(value: number): void {
    this.#page[this.#at] = value;
  }

  /** Moves the gauge by `amount`, down where that is negative. */
  add(amount: number): void {
    (this.#page[this.#at] as number) += amount;
  }

  get value(): number {
    return this.#page[this.#at] as number;
  }
}

function wrongAmount(amount: number): RangeError {
  return new RangeError(`A counter is raised by a number from 0, got ${amount}.`);
}
