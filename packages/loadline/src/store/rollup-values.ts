import { Histogram } from '../metrics/index.ts';

/**
 * How often which whole numbers occurred in a minute, of one of very many series: while they are few they are kept as
 * they are. A histogram takes half a kilobyte and more, and a series that is looked at every five seconds has twelve values.
 */
export class RollupValues {
  #few: number[] = [];
  #many: Histogram | undefined;

  record(value: number): void {
    if (this.#many !== undefined) this.#many.record(value);
    else if (this.#few.length < fewMax) this.#few.push(value);
    else this.histogram.record(value);
  }

  merge(other: RollupValues): void {
    if (other.#many !== undefined) this.histogram.merge(other.#many);
    else for (const value of other.#few) this.record(value);
  }

  /** @throws METRICS_WIRE_INVALID, and then nothing was added. */
  mergeEncoded(bytes: Uint8Array): void {
    this.histogram.mergeEncoded(bytes);
  }

  /** From here on one is kept. */
  get histogram(): Histogram {
    if (this.#many === undefined) {
      this.#many = filled(new Histogram(), this.#few);
      this.#few = [];
    }
    return this.#many;
  }

  /** As `Histogram.encode()` does; of few values none is kept for it. */
  encode(): Uint8Array<ArrayBuffer> {
    return this.#many?.encode() ?? filled(new Histogram(), this.#few).encode();
  }
}

/** What an array of numbers has room for after its first one. */
const fewMax = 17;

function filled(histogram: Histogram, values: readonly number[]): Histogram {
  for (const value of values) histogram.record(value);
  return histogram;
}
