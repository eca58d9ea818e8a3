import type { Series } from 'loadline/store';

/**
 * The series of one instance, each as the same frozen object again and again, which the store finds quickest. It is gone with
 * the instance.
 */
export class SeriesPool {
  /** By metric, and then by what tells those of a metric apart: what is there already, so that no text is made for a sample. */
  readonly #known = new Map<string, Map<Series['labels'] | string, Series>>();
  readonly #seriesMax: number;
  #size = 0;

  constructor(seriesMax: number) {
    this.#seriesMax = seriesMax;
  }

  /** Labels that are equal must be the same object, as a `LabelBook` gives them. Service and instance are the same for all. */
  of(series: Series): Series {
    const { metric, unit, endpoint, labels } = series;
    const known = this.#known.get(metric)?.get(labels ?? endpoint);
    const isSame = known?.unit === unit && known.endpoint === endpoint && known.labels === labels;
    return isSame ? known : this.#add(series);
  }

  /** In place of one that differs in its unit: a reading has one of them. */
  #add(series: Series): Series {
    // Forgotten all at once: names come from strangers, and those in use are there again after a round.
    if (this.#size >= this.#seriesMax) {
      this.#known.clear();
      this.#size = 0;
    }
    Object.freeze(series.labels);
    let own = this.#known.get(series.metric);
    if (own === undefined) {
      own = new Map();
      this.#known.set(series.metric, own);
    }
    own.set(series.labels ?? series.endpoint, Object.freeze(series));
    this.#size++;
    return series;
  }
}
