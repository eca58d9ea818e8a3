import type { Series } from 'loadline/store';

/**
 * The series of one instance, each as the same frozen object again and again, which the store finds quickest. It is gone with
 * the instance.
 */
export class SeriesPool {
  /** By their labels, and then by their metric: texts that are there already, so that none is made for a sample. */
  readonly #known = new Map<Series['labels'], Map<string, Series[]>>();
  readonly #seriesMax: number;
  #size = 0;

  constructor(seriesMax: number) {
    this.#seriesMax = seriesMax;
  }

  /** Labels that are equal must be the same object, as a `LabelBook` gives them. Service and instance are the same for all. */
  of(series: Series): Series {
    const { metric, unit, endpoint, labels } = series;
    const known = this.#known
      .get(labels)
      ?.get(metric)
      ?.find((each) => each.endpoint === endpoint && each.unit === unit);
    return known ?? this.#add(series);
  }

  #add(series: Series): Series {
    // Forgotten all at once: names come from strangers, and those in use are there again after a round.
    if (this.#size >= this.#seriesMax) {
      this.#known.clear();
      this.#size = 0;
    }
    Object.freeze(series.labels);
    const own = entryOf(entryOf(this.#known, series.labels, newMap), series.metric, newArray);
    own.push(Object.freeze(series));
    this.#size++;
    return series;
  }
}

function entryOf<Key, Value>(map: Map<Key, Value>, key: Key, make: () => Value): Value {
  const known = map.get(key);
  if (known !== undefined) return known;
  const made = make();
  map.set(key, made);
  return made;
}

function newMap(): Map<string, Series[]> {
  return new Map();
}

function newArray(): Series[] {
  return [];
}
