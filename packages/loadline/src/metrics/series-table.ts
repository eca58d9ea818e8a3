import { metricsError } from './errors.ts';
import type { FamilyNames } from './names.ts';

/** A label value is cut here: a label is a word to group by, not a message. */
const labelValueLengthMax = 512;
/** The value of every label of the series that takes what is beyond the limit. */
const foldedValue = 'other';

/** One series of a family, with the slot that holds its number or histogram. */
export interface Series<Slot> {
  /** Its label values, in the order of the family's label names. */
  readonly labels: readonly string[];
  readonly slot: Slot;
}

/**
 * The series of one metric by their label values. It holds a bounded number: a label set that is new beyond
 * the limit gets the one series whose labels are all `other`, so a label that somebody fills with ids costs
 * precision rather than memory, and `onFolded` hears of it.
 */
export class SeriesTable<Slot> {
  readonly #names: FamilyNames;
  readonly #seriesMax: number;
  readonly #makeSlot: () => Slot;
  readonly #onFolded: () => void;
  readonly #series: Series<Slot>[] = [];
  readonly #root: Branch<Slot> = new Map();
  #folded: Series<Slot> | undefined;

  constructor(
    names: FamilyNames,
    options: { readonly seriesMax: number; readonly makeSlot: () => Slot; readonly onFolded: () => void },
  ) {
    this.#names = names;
    this.#seriesMax = options.seriesMax;
    this.#makeSlot = options.makeSlot;
    this.#onFolded = options.onFolded;
  }

  /** All series, oldest first. */
  get series(): readonly Series<Slot>[] {
    return this.#series;
  }

  /**
   * The series of these label values, created when it is new.
   *
   * @throws LoadlineError METRICS_LABELS_INVALID where a label has no text.
   */
  at(labels: Readonly<Record<string, string>>): Series<Slot> {
    const names = this.#names.labelNames;
    if (names.length === 0) return this.#series[0] ?? this.#add([]);
    let node: Branch<Slot> | Series<Slot> | undefined = this.#root;
    for (const name of names) {
      node = (node as Branch<Slot>).get(labels[name] as string);
      if (node === undefined) return this.#create(labelValues(this.#names, labels));
    }
    return node as Series<Slot>;
  }

  #create(values: readonly string[]): Series<Slot> {
    let branch = this.#root;
    const last = values.length - 1;
    // Cutting and mending may have led to a series that is there, and a folded one must leave no branch behind.
    const known = this.#find(values);
    if (known !== undefined) return known;
    if (this.#series.length >= this.#seriesMax) return this.#fold();
    for (const value of values.slice(0, last)) {
      const next = (branch.get(value) as Branch<Slot> | undefined) ?? new Map();
      branch.set(value, next);
      branch = next;
    }
    const series = this.#add(values);
    branch.set(values[last] as string, series);
    return series;
  }

  #find(values: readonly string[]): Series<Slot> | undefined {
    let node: Branch<Slot> | Series<Slot> | undefined = this.#root;
    for (const value of values) node = (node as Branch<Slot> | undefined)?.get(value);
    return node as Series<Slot> | undefined;
  }

  #fold(): Series<Slot> {
    this.#onFolded();
    const values = this.#names.labelNames.map(() => foldedValue);
    this.#folded ??= this.#find(values) ?? this.#add(values);
    return this.#folded;
  }

  #add(labels: readonly string[]): Series<Slot> {
    const series = { labels, slot: this.#makeSlot() };
    this.#series.push(series);
    return series;
  }
}

/** A level of the tree: one for each label, and the series as leaves. No key has to be put together to look one up. */
type Branch<Slot> = Map<string, Branch<Slot> | Series<Slot>>;

/**
 * The values of all labels in order, cut to 512 characters and without halves of surrogate pairs.
 *
 * @throws LoadlineError METRICS_LABELS_INVALID where a label has no text.
 */
export function labelValues(names: FamilyNames, labels: Readonly<Record<string, string>>): readonly string[] {
  return names.labelNames.map((name) => {
    const value: unknown = labels[name];
    if (typeof value === 'string') return value.slice(0, labelValueLengthMax).toWellFormed();
    throw metricsError(
      'METRICS_LABELS_INVALID',
      `Cannot find a series of ${names.name}: label ${name} needs a text, got ${typeof value}. Its labels are ${names.labelNames.join(', ')}.`,
      { facts: { name: names.name, label: name } },
    );
  });
}
