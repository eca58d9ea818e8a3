import type { Series } from 'loadline/store';

/**
 * The series of one instance, each as the same frozen object again and again, which the store finds quickest. It is gone with
 * the instance.
 */
export class SeriesPool {
  readonly #known = new Map<string, Series>();
  readonly #seriesMax: number;

  constructor(seriesMax: number) {
    this.#seriesMax = seriesMax;
  }

  of(series: Series): Series {
    const key = keyOf(series);
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    // Forgotten all at once: names come from strangers, and those in use are there again after a round.
    if (this.#known.size >= this.#seriesMax) this.#known.clear();
    Object.freeze(series.labels);
    this.#known.set(key, Object.freeze(series));
    return series;
  }
}

/** Service and instance are the same for all. By hand: it is done for each sample. */
function keyOf({ metric, endpoint = '', unit, labels }: Series): string {
  let key = `${metric}\0${endpoint}\0${unit}`;
  for (const name in labels) key += `\0${name}\0${labels[name]}`;
  return key;
}
