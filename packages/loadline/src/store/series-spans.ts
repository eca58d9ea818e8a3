import { Rollup, type RollupFigures } from './rollup.ts';

/** What one series was in one span. */
export interface Shown extends RollupFigures {
  readonly startMs: number;
}

/**
 * What one series was in each span that something came of. A chart may be made of half a million such: kept as numbers side by
 * side they take a fifth of what objects would.
 */
export class SpansOfSeries {
  #numbers = new Float64Array(8 * width);
  #length = 0;
  #isRising = true;

  add(startMs: number, { count, sum, min, max, last, lastAtMs }: RollupFigures): void {
    const at = this.#length;
    const latestMs = at > 0 ? (this.#numbers[at - width] as number) : Number.NEGATIVE_INFINITY;
    if (startMs <= latestMs) this.#isRising = false;
    if (at === this.#numbers.length) {
      const more = new Float64Array(2 * at);
      more.set(this.#numbers);
      this.#numbers = more;
    }
    const numbers = this.#numbers;
    numbers[at] = startMs;
    numbers[at + 1] = count;
    numbers[at + 2] = sum;
    numbers[at + 3] = min;
    numbers[at + 4] = max;
    numbers[at + 5] = last;
    numbers[at + 6] = lastAtMs;
    this.#length += width;
  }

  /** In the order of time; what came of the same span is merged. */
  shown(): readonly Shown[] {
    const all = Array.from({ length: this.#length / width }, (_, row) => this.#at(row * width));
    if (this.#isRising) return all;
    const bySpan = new Map<number, Rollup>();
    for (const each of all) {
      const rollup = bySpan.get(each.startMs) ?? new Rollup();
      rollup.mergeKept(each, null);
      bySpan.set(each.startMs, rollup);
    }
    return [...bySpan]
      .sort(([a], [b]) => a - b)
      .map(([startMs, { count, sum, min, max, last, lastAtMs }]) => {
        return { startMs, count, sum, min, max, last, lastAtMs };
      });
  }

  #at(at: number): Shown {
    const numbers = this.#numbers;
    return {
      startMs: numbers[at] as number,
      count: numbers[at + 1] as number,
      sum: numbers[at + 2] as number,
      min: numbers[at + 3] as number,
      max: numbers[at + 4] as number,
      last: numbers[at + 5] as number,
      lastAtMs: numbers[at + 6] as number,
    };
  }
}

const width = 7;
