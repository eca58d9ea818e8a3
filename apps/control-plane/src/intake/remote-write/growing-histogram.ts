/** All buckets of a histogram at one moment, rising, each with how many were at or below it. */
export interface WholeReading {
  readonly atMs: number;
  readonly bounds: readonly number[];
  readonly counts: readonly number[];
}

export interface BucketValue {
  readonly bound: number;
  readonly count: number;
  readonly atMs: number;
}

/** Two readings that can be compared. */
export interface HistogramStep {
  readonly before: WholeReading;
  readonly after: WholeReading;
}

/** Readings that come in pieces at the same time; whoever sends in order has two of them open at most. */
const openMax = 3;
const bucketsMax = 500;

/**
 * Puts a histogram together whose buckets come one by one, in any order and in several requests. Its buckets are those that the
 * reading before had; the first one is whole once a newer one begins.
 */
export class GrowingHistogram {
  #last: WholeReading | undefined;
  #open = new Map<number, Map<number, number>>();

  /** Whether buckets wait for the rest of their reading. */
  get isHeld(): boolean {
    return this.#last !== undefined && this.#open.size > 0;
  }

  /** Takes a bucket. @returns `late` for what is not newer than what was whole, `too many` beyond 500 buckets. */
  add({ bound, count, atMs }: BucketValue): HistogramStep | 'late' | 'too many' | undefined {
    if (this.#last !== undefined && atMs <= this.#last.atMs) return 'late';
    const reading = this.#open.get(atMs) ?? new Map<number, number>();
    if (reading.size >= bucketsMax && !reading.has(bound)) return 'too many';
    reading.set(bound, count);
    this.#open.set(atMs, reading);
    this.#last ??= this.#takeFirst(atMs);
    const before = this.#last;
    if (before === undefined || !isWhole(reading, before)) {
      // Buckets that do not come any more: it is another histogram now.
      if (this.#open.size > openMax) this.#beginAnew();
      return undefined;
    }
    const after = wholeOf(atMs, reading);
    this.#last = after;
    for (const openMs of this.#open.keys()) if (openMs <= atMs) this.#open.delete(openMs);
    // Of a bucket that was not there before nobody knows what it has grown.
    return after.bounds.length === before.bounds.length ? { before, after } : undefined;
  }

  copy(): GrowingHistogram {
    const copy = new GrowingHistogram();
    copy.#last = this.#last;
    copy.#open = new Map([...this.#open].map(([atMs, reading]) => [atMs, new Map(reading)]));
    return copy;
  }

  /** The oldest that is open, once another one has begun. */
  #takeFirst(atMs: number): WholeReading | undefined {
    const firstMs = Math.min(...this.#open.keys());
    if (firstMs >= atMs) return undefined;
    const first = wholeOf(firstMs, this.#open.get(firstMs) as ReadonlyMap<number, number>);
    this.#open.delete(firstMs);
    return first.bounds.at(-1) === Number.POSITIVE_INFINITY ? first : undefined;
  }

  #beginAnew(): void {
    this.#last = undefined;
    this.#open.clear();
  }
}

function isWhole(reading: ReadonlyMap<number, number>, { bounds }: WholeReading): boolean {
  return reading.size >= bounds.length && bounds.every((bound) => reading.has(bound));
}

function wholeOf(atMs: number, reading: ReadonlyMap<number, number>): WholeReading {
  const rising = [...reading].toSorted(([a], [b]) => a - b);
  return { atMs, bounds: rising.map(([bound]) => bound), counts: rising.map(([, count]) => count) };
}
