import { Histogram } from '../metrics/index.ts';
import { RollupValues } from './rollup-values.ts';

/**
 * All values of one series within a minute or an hour. It is a function of them: neither their order nor how they were
 * put together from parts changes it, but for the last digits of the sum.
 */
export class Rollup {
  count = 0;
  sum = 0;
  min: number = Number.POSITIVE_INFINITY;
  max: number = Number.NEGATIVE_INFINITY;
  last: number = Number.NaN;
  lastAtMs: number = Number.NEGATIVE_INFINITY;
  /** Only where somebody asks how often which values occurred: sums of thousands of series do not. */
  #values: RollupValues | undefined;

  /** Of all values, whole numbers of the scale. */
  get histogram(): Histogram {
    return this.#kept.histogram;
  }

  /** The bytes of the histogram, without keeping one where there are few values. */
  encodeHistogram(): Uint8Array<ArrayBuffer> {
    return this.#kept.encode();
  }

  /** @param scale what one recorded whole number of the histogram is, in the unit of the value. */
  addNumber(value: number, atMs: number, scale: number): void {
    this.#kept.record(Math.round(value / scale));
    this.#add({ count: 1, sum: value, min: value, max: value, last: value, lastAtMs: atMs });
  }

  /** Adds what the bytes of a histogram hold; its mean is its latest value. One that holds nothing changes nothing. */
  addEncoded(bytes: Uint8Array, atMs: number, scale: number): void {
    roomForOne.reset();
    roomForOne.mergeEncoded(bytes);
    const { count } = roomForOne;
    if (count === 0) return;
    this.#kept.mergeEncoded(bytes);
    const [sum, min, max] = [roomForOne.sum * scale, roomForOne.min * scale, roomForOne.max * scale];
    this.#add({ count, sum, min, max, last: sum / count, lastAtMs: atMs });
  }

  merge(other: Rollup): void {
    if (other.#values !== undefined) this.#kept.merge(other.#values);
    this.#add(other);
  }

  /** Merges one that was kept, without its histogram where nobody asks for it. */
  mergeKept(kept: RollupFigures, histogram: Uint8Array | null): void {
    if (histogram !== null) this.#kept.mergeEncoded(histogram);
    this.#add(kept);
  }

  get #kept(): RollupValues {
    this.#values ??= new RollupValues();
    return this.#values;
  }

  #add({ count, sum, min, max, last, lastAtMs }: RollupFigures): void {
    this.count += count;
    this.sum += sum;
    if (min < this.min) this.min = min;
    if (max > this.max) this.max = max;
    // Of two at the same moment the larger, so that it does not depend on who came first.
    if (lastAtMs > this.lastAtMs || (lastAtMs === this.lastAtMs && last > this.last)) {
      this.last = last;
      this.lastAtMs = lastAtMs;
    }
  }
}

/** Where what came as bytes stands while its figures are read. */
const roomForOne = new Histogram();

export interface RollupFigures {
  readonly count: number;
  readonly sum: number;
  readonly min: number;
  readonly max: number;
  readonly last: number;
  readonly lastAtMs: number;
}

/** Rollups by the beginning of their minute or hour and by the number of their series. */
export class RollupTable {
  readonly #byStart = new Map<number, Map<number, Rollup>>();

  /** The one of a series and a span; an empty one where there was none. */
  at(startMs: number, series: number): Rollup {
    let bySeries = this.#byStart.get(startMs);
    if (bySeries === undefined) {
      bySeries = new Map();
      this.#byStart.set(startMs, bySeries);
    }
    let rollup = bySeries.get(series);
    if (rollup === undefined) {
      rollup = new Rollup();
      bySeries.set(series, rollup);
    }
    return rollup;
  }

  get isEmpty(): boolean {
    return this.#byStart.size === 0;
  }

  /** The beginning of its earliest span; infinite where it is empty. */
  get startMs(): number {
    return Math.min(...this.#byStart.keys());
  }

  /** When its spans begin. */
  get starts(): readonly number[] {
    return [...this.#byStart.keys()];
  }

  /** All of one span. */
  *of(startMs: number): Generator<RollupEntry> {
    for (const [series, rollup] of this.#byStart.get(startMs) ?? []) yield { startMs, series, rollup };
  }

  /** All of the spans that begin before a moment, in the order of time. */
  *before(untilMs: number): Generator<RollupEntry> {
    const starts = this.starts.filter((startMs) => startMs < untilMs).sort((a, b) => a - b);
    for (const startMs of starts) yield* this.of(startMs);
  }

  forgetBefore(untilMs: number): void {
    for (const startMs of this.#byStart.keys()) if (startMs < untilMs) this.#byStart.delete(startMs);
  }
}

export interface RollupEntry {
  readonly startMs: number;
  readonly series: number;
  readonly rollup: Rollup;
}

export const minuteMs = 60_000;
export const hourMs: number = 60 * minuteMs;

/** The beginning of the minute, hour or step that a moment is in. */
export function floorTo(spanMs: number, atMs: number): number {
  return Math.floor(atMs / spanMs) * spanMs;
}
