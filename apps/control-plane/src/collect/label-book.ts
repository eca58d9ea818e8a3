type Labels = Readonly<Record<string, string>>;

/** The labels of a series, and the text by which two readings know that it is the same. */
export interface KnownLabels {
  readonly labels: Labels;
  /** As JSON, by name. */
  readonly key: string;
}

/** Where the names and values that were followed so far lead. */
interface Step {
  /** Absent at the end of a way: most steps are one, and an empty map takes more than the labels. */
  next: Map<string, Step> | undefined;
  known: KnownLabels | undefined;
}

/**
 * The labels that an instance shows, each as the same frozen object again and again. It shows them at every look, and to make
 * them anew, with their text, would be most of what is made for one.
 */
export class LabelBook {
  readonly #labelsMax: number;
  #first: Step = newStep();
  #size = 0;

  constructor(labelsMax: number) {
    this.#labelsMax = labelsMax;
  }

  /** @param values one for each name, in their order. */
  of(names: readonly string[], values: readonly string[]): KnownLabels {
    let step = this.#first;
    for (let at = 0; at < names.length; at++)
      step = follow(follow(step, names[at] as string), values[at] as string);
    if (step.known === undefined) {
      this.#size++;
      step.known = known(names, values);
    }
    const { known: found } = step;
    // Forgotten all at once: names come from strangers, and those in use are there again after a look.
    if (this.#size >= this.#labelsMax) {
      this.#first = newStep();
      this.#size = 0;
    }
    return found;
  }
}

function follow(step: Step, text: string): Step {
  step.next ??= new Map();
  let next = step.next.get(text);
  if (next === undefined) {
    next = newStep();
    step.next.set(text, next);
  }
  return next;
}

function newStep(): Step {
  return { next: undefined, known: undefined };
}

function known(names: readonly string[], values: readonly string[]): KnownLabels {
  const entries = names.map((name, at) => [name, values[at] as string] as const);
  const key = JSON.stringify(entries.toSorted(([a], [b]) => (a < b ? -1 : 1)));
  return { labels: Object.freeze(Object.fromEntries(entries)), key };
}
