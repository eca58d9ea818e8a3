import { bucketOf, highestOf, lowestOf, octaveBuckets, valueMax } from './buckets.ts';
import { decodeState, encodeState } from './wire.ts';

/** Buckets start at 32 bits; a histogram in which one passes 2^32 − 1 moves to doubles, exact to 2^53. */
type Counts = Uint32Array<ArrayBuffer> | Float64Array<ArrayBuffer>;

const uint32Max = 0xffffffff;
/** The sum is kept as `high * 2^52 + low`, so that adding whole numbers never rounds, in whatever order. */
const sumUnit = 2 ** 52;

/** An empty histogram; the same as `new Histogram()`. */
export function createHistogram(): Histogram {
  return new Histogram();
}

/**
 * How often which values occurred: whole numbers from 0 to 2^52 − 1, in whatever unit the caller chooses
 * (microseconds for latencies). Count, sum, lowest and highest value are exact; a quantile is never below the
 * exact one and less than 0.79 % above it. Merging histograms equals having recorded everything in one.
 *
 * Fractions are rounded. A value below 0 or above 2^52 − 1 is recorded as the nearest that fits and counted
 * in `clamped`; NaN is left out and counted in `refused`. Recording never throws and seldom allocates: memory
 * grows by 512 bytes with each power of two between the lowest and the highest value, up to 23 KB.
 */
export class Histogram {
  #counts: Counts = new Uint32Array(0);
  /** The bucket that `#counts[0]` stands for: a multiple of 128. */
  #first = 0;
  // −0 is stored as a double from the start. A field that begins as the integer 0 would change its
  // representation when it grows, and take the optimized code of `record` with it.
  #count = -0;
  #sumLow = -0;
  #sumHigh = -0;
  #min = Number.POSITIVE_INFINITY;
  #max = Number.NEGATIVE_INFINITY;
  #clamped = 0;
  #refused = 0;

  /** Counts one value. Costs about 10 ns; what is not a whole number below 2^31 takes a slower path. */
  record(value: number): void {
    const small = value | 0;
    if (small !== value || small < 0) {
      this.#recordAside(value, 1);
      return;
    }
    // The same as bucketOf(), by hand, because this is the hottest line of a load run.
    const shift = 24 - Math.clz32(small | octaveBuckets);
    const at = (shift << 7) + (small >> shift) - this.#first;
    const counts = this.#counts;
    if (at >>> 0 >= counts.length) {
      this.#recordAside(value, 1);
      return;
    }
    if (++(counts[at] as number) === uint32Max + 1) this.#widen(at);
    this.#count++;
    this.#sumLow += small;
    if (this.#sumLow >= sumUnit) this.#carry();
    if (small < this.#min) this.#min = small;
    if (small > this.#max) this.#max = small;
  }

  /**
   * Counts a value `count` times.
   *
   * @throws RangeError where `count` is no whole number from 0.
   */
  recordMany(value: number, count: number): void {
    if (!Number.isSafeInteger(count) || count < 0) {
      throw new RangeError(`A value is recorded a whole number of times, got ${count}.`);
    }
    if (count > 0) this.#recordAside(value, count);
  }

  /** How many values were recorded. */
  get count(): number {
    return this.#count + 0;
  }

  /** The sum of all values, exact to 2^53 and then rounded once. */
  get sum(): number {
    return this.#sumHigh * sumUnit + this.#sumLow + 0;
  }

  /** The lowest value; NaN when nothing was recorded. */
  get min(): number {
    return this.#count === 0 ? Number.NaN : this.#min;
  }

  /** The highest value; NaN when nothing was recorded. */
  get max(): number {
    return this.#count === 0 ? Number.NaN : this.#max;
  }

  /** The arithmetic mean; NaN when nothing was recorded. */
  get mean(): number {
    return this.sum / this.#count;
  }

  /** How many of the recorded values were below 0 or above 2^52 − 1 and were moved to that edge. */
  get clamped(): number {
    return this.#clamped;
  }

  /** How many values were not recorded because they were NaN. */
  get refused(): number {
    return this.#refused;
  }

  /**
   * The nearest-rank quantile: of n recorded values in order, the one at rank k, the smallest k from 1 with
   * k / n ≥ q. Given is the highest value of its bucket (never above `max`), so the answer never flatters:
   * it is exact below 256 and for the ranks 1 and n, and elsewhere 0 to 0.79 % too high.
   *
   * @param q from 0 to 1.
   * @returns NaN when nothing was recorded.
   * @throws RangeError where `q` is not within 0 and 1.
   */
  quantile(q: number): number {
    if (!(q >= 0 && q <= 1)) throw new RangeError(`A quantile is asked for from 0 to 1, got ${q}.`);
    const rank = rankOf(q, this.#count);
    if (rank <= 1) return this.min;
    if (rank >= this.#count) return this.max;
    const counts = this.#counts;
    let at = 0;
    for (let seen = counts[0] as number; seen < rank; seen += counts[at] as number) at++;
    return Math.min(highestOf(this.#first + at), this.#max);
  }

  /**
   * How many recorded values are at most `value`, where values that share its bucket count as equal to it:
   * exact below 256, and elsewhere as if `value` were up to 0.79 % higher.
   */
  countAtOrBelow(value: number): number {
    return this.countsAtOrBelow([value])[0] as number;
  }

  /** `countAtOrBelow` for a rising list of values, in one pass. */
  countsAtOrBelow(rising: readonly number[]): number[] {
    const counts = this.#counts;
    let seen = 0;
    let at = 0;
    return rising.map((value) => {
      if (value >= this.#max) return this.count;
      if (!(value >= this.#min)) return 0;
      const end = bucketOf(Math.floor(value)) - this.#first;
      while (at <= end) seen += counts[at++] as number;
      return seen;
    });
  }

  /** Adds all that `other` holds, as if it had been recorded here. `other` stays as it is. */
  merge(other: Histogram): void {
    const counts = other.#counts;
    if (other.#count > 0) {
      this.#reach(bucketOf(other.#min), bucketOf(other.#max));
      for (let at = 0; at < counts.length; at++) {
        const count = counts[at] as number;
        if (count > 0) this.#add(other.#first + at, count);
      }
    }
    this.#count += other.#count;
    this.#sumHigh += other.#sumHigh;
    this.#sumLow += other.#sumLow;
    if (this.#sumLow >= sumUnit) this.#carry();
    this.#min = Math.min(this.#min, other.#min);
    this.#max = Math.max(this.#max, other.#max);
    this.#clamped += other.#clamped;
    this.#refused += other.#refused;
  }

  /**
   * Adds what `encode` wrote, as `merge(Histogram.decode(bytes))` does, and makes nothing that has to be
   * collected: thousands may be added in a row.
   *
   * @throws LoadlineError METRICS_WIRE_INVALID, and then nothing was added.
   */
  mergeEncoded(bytes: Uint8Array): void {
    const state = decodeState(bytes, roomForCounts);
    if (state.count > 0) {
      const { counts, first } = state;
      this.#reach(first, first + counts.length - 1);
      this.#addAll(first, counts, state.count);
      this.#min = Math.min(this.#min, state.min);
      this.#max = Math.max(this.#max, state.max);
    }
    this.#count += state.count;
    this.#sumHigh += state.sumHigh;
    this.#sumLow += state.sumLow;
    if (this.#sumLow >= sumUnit) this.#carry();
    this.#clamped += state.clamped;
    this.#refused += state.refused;
  }

  /**
   * What was recorded since an earlier state of this same histogram, so that totals become windows; undefined where
   * something of that state is missing: it was reset in between. Count and sum are exact, the lowest and the highest
   * value are in the right buckets.
   */
  since(earlier: Histogram): Histogram | undefined {
    if (earlier.#count === 0) return this.copy();
    const grown = new Histogram();
    let count = 0;
    const counts = this.#counts;
    // By hand: thousands are compared a second, and a pair for each bucket would be most of what is made meanwhile.
    for (let at = 0; at < counts.length; at++) {
      const bucket = this.#first + at;
      const now = counts[at] as number;
      const before = earlier.#countIn(bucket);
      if (now < before) return undefined;
      if (now === before) continue;
      grown.#reach(bucket, bucket);
      grown.#add(bucket, now - before);
      grown.#min = Math.min(grown.#min, Math.max(lowestOf(bucket), this.#min));
      grown.#max = Math.min(highestOf(bucket), this.#max);
      count += now - before;
    }
    // Each of its buckets has as many or more; what is missing now had a bucket that is gone.
    if (count !== this.#count - earlier.#count) return undefined;
    grown.#count = count;
    grown.#sumHigh = this.#sumHigh - earlier.#sumHigh;
    grown.#sumLow = this.#sumLow - earlier.#sumLow;
    if (grown.#sumLow < 0) grown.#borrow();
    grown.#tightenEdges();
    return grown;
  }

  /** The highest value of each bucket that holds something, rising, with how many it holds. */
  *buckets(): Generator<readonly [highest: number, count: number]> {
    for (const [bucket, count] of this.#filled()) yield [Math.min(highestOf(bucket), this.#max), count];
  }

  /** Forgets everything and keeps the memory, for the next window. */
  reset(): void {
    this.#counts.fill(0);
    this.#count = -0;
    this.#sumLow = -0;
    this.#sumHigh = -0;
    this.#min = Number.POSITIVE_INFINITY;
    this.#max = Number.NEGATIVE_INFINITY;
    this.#clamped = 0;
    this.#refused = 0;
  }

  /** A histogram of its own with the same content. */
  copy(): Histogram {
    const copy = new Histogram();
    copy.merge(this);
    return copy;
  }

  /**
   * The content as bytes, the same on every machine; equal contents give equal bytes. 100,000 latencies take
   * one to two kilobytes.
   */
  encode(): Uint8Array<ArrayBuffer> {
    return encodeState({
      clamped: this.#clamped,
      refused: this.#refused,
      count: this.#count,
      sumHigh: this.#sumHigh,
      sumLow: this.#sumLow,
      min: this.#min,
      max: this.#max,
      first: this.#first,
      counts: this.#counts,
    });
  }

  /**
   * Reads what `encode` wrote. The bytes may come from anywhere: at most 70 KB are allocated for them.
   *
   * @throws LoadlineError METRICS_WIRE_INVALID where they are anything but the form of one histogram.
   */
  static decode(bytes: Uint8Array): Histogram {
    const state = decodeState(bytes);
    const histogram = new Histogram();
    histogram.#clamped = state.clamped;
    histogram.#refused = state.refused;
    if (state.count === 0) return histogram;
    histogram.#reach(state.first, state.first + state.counts.length - 1);
    for (let at = 0; at < state.counts.length; at++) {
      histogram.#add(state.first + at, state.counts[at] as number);
    }
    histogram.#count = state.count;
    histogram.#sumHigh = state.sumHigh;
    histogram.#sumLow = state.sumLow;
    histogram.#min = state.min;
    histogram.#max = state.max;
    return histogram;
  }

  /** All that the fast path leaves: fractions, values from 2^31, buckets not reached yet, what is out of range. */
  #recordAside(value: number, count: number): void {
    if (Number.isNaN(value)) {
      this.#refused += count;
      return;
    }
    const rounded = Math.round(value);
    const whole = Math.min(Math.max(rounded, 0), valueMax);
    if (whole !== rounded) this.#clamped += count;
    const bucket = bucketOf(whole);
    this.#reach(bucket, bucket);
    this.#add(bucket, count);
    this.#count += count;
    this.#addToSum(whole, count);
    this.#min = Math.min(this.#min, whole);
    this.#max = Math.max(this.#max, whole);
  }

  #addToSum(value: number, count: number): void {
    const product = value * count;
    if (product < sumUnit) {
      this.#sumLow += product;
    } else {
      const exact = BigInt(value) * BigInt(count);
      this.#sumHigh += Number(exact >> 52n);
      this.#sumLow += Number(exact & 0xfffffffffffffn);
    }
    if (this.#sumLow >= sumUnit) this.#carry();
  }

  *#filled(): Generator<readonly [bucket: number, count: number]> {
    const counts = this.#counts;
    for (let at = 0; at < counts.length; at++) {
      const count = counts[at] as number;
      if (count > 0) yield [this.#first + at, count];
    }
  }

  #countIn(bucket: number): number {
    return this.#counts[bucket - this.#first] ?? 0;
  }

  /** The edges of the outermost buckets, where the sum allows for them: a single value is the sum itself. */
  #tightenEdges(): void {
    if (this.#count === 0) return;
    const others = BigInt(this.#count - 1);
    const sum = (BigInt(this.#sumHigh) << 52n) + BigInt(this.#sumLow);
    this.#max = Math.min(this.#max, Number(sum - BigInt(this.#min) * others));
    this.#min = Math.max(this.#min, Number(sum - BigInt(this.#max) * others));
  }

  #borrow(): void {
    this.#sumLow += sumUnit;
    this.#sumHigh--;
  }

  #carry(): void {
    this.#sumLow -= sumUnit;
    this.#sumHigh++;
  }

  #add(bucket: number, count: number): void {
    const at = bucket - this.#first;
    const total = (this.#counts[at] as number) + count;
    if (total > uint32Max && this.#counts instanceof Uint32Array)
      this.#counts = Float64Array.from(this.#counts);
    this.#counts[at] = total;
  }

  /** Adds many at once. No bucket can pass 32 bits where all that is counted together does not. */
  #addAll(first: number, counts: ArrayLike<number>, count: number): void {
    const own = this.#counts;
    if (own instanceof Uint32Array && this.#count + count > uint32Max) {
      for (let at = 0; at < counts.length; at++) this.#add(first + at, counts[at] as number);
      return;
    }
    const offset = first - this.#first;
    for (let at = 0; at < counts.length; at++) {
      const added = counts[at] as number;
      if (added > 0) own[offset + at] = (own[offset + at] as number) + added;
    }
  }

  /** A bucket has just reached 2^32, which as 32 bits is 0. */
  #widen(at: number): void {
    this.#counts = Float64Array.from(this.#counts);
    this.#counts[at] = uint32Max + 1;
  }

  /** Makes room for the buckets from `low` to `high`, in whole powers of two. */
  #reach(low: number, high: number): void {
    const old = this.#counts;
    const isEmpty = old.length === 0;
    const first = Math.min(isEmpty ? low : this.#first, low) & -octaveBuckets;
    const end = (Math.max(isEmpty ? 0 : this.#first + old.length - 1, high) | (octaveBuckets - 1)) + 1;
    if (first === this.#first && end - first === old.length) return;
    const counts = old instanceof Uint32Array ? new Uint32Array(end - first) : new Float64Array(end - first);
    counts.set(old, isEmpty ? 0 : this.#first - first);
    this.#counts = counts;
    this.#first = first;
  }
}

/** One place for every bucket: what is read from bytes stands here until it is added. */
const roomForCounts = new Float64Array(bucketOf(valueMax) + 1);

/** The smallest k from 1 with k / count ≥ q. Multiplying alone is wrong: 0.07 * 100 is above 7. */
function rankOf(q: number, count: number): number {
  const rank = Math.max(1, Math.ceil(q * count));
  return rank > 1 && (rank - 1) / count >= q ? rank - 1 : rank;
}
