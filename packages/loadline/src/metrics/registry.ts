import { metricsError } from './errors.ts';
import { type Exposure, exposureOf } from './exposure.ts';
import type { Family, HistogramSeries, NumberSeries } from './family.ts';
import { Histogram } from './histogram.ts';
import { checkNames, type FamilyNames, type MetricKind } from './names.ts';
import { type ReadNumber, type ReadSeries, readSeries } from './reading.ts';
import { SeriesTable } from './series-table.ts';
import { Arena, Counter, Gauge } from './slots.ts';
import { type Snapshot, takeSnapshot } from './snapshot.ts';

/** An empty registry; the same as `new Registry(options)`. */
export function createRegistry(options: RegistryOptions = {}): Registry {
  return new Registry(options);
}

/** How much a registry may hold. */
export interface RegistryOptions {
  /** How many series a metric may have before new label sets fold into `other`; 10,000 by default. */
  readonly seriesMax?: number;
}

/** What every metric has. */
export interface MetricOptions {
  /** snake_case, in base units: `http_request_duration_seconds`; counters end in `_total`. */
  readonly name: string;
  /** One sentence for whoever reads the number. */
  readonly help: string;
}

/** What a metric with labels has besides. */
export interface LabelOptions<Label extends string> {
  /** Names of the labels, in the order in which they are shown. */
  readonly labels: readonly Label[];
  /** The limit of this metric's series; that of the registry by default. */
  readonly seriesMax?: number;
}

/** A metric with labels: one slot for each set of their values. */
export interface Labelled<Label extends string, Slot> {
  /**
   * The slot of these label values, to be kept and recorded into: the same values give the same slot. Beyond
   * the limit of series it is the one whose labels are all `other`. Values are cut to 512 characters.
   *
   * @throws LoadlineError METRICS_LABELS_INVALID where a label has no text.
   */
  with(labels: Readonly<Record<Label, string>>): Slot;
}

type Unlabelled = { readonly labels?: undefined; readonly seriesMax?: undefined; readonly read?: undefined };
type Kept = { readonly read?: undefined };
type ReadOne = { readonly labels?: undefined; readonly read: ReadNumber };
type ReadMany<Label extends string> = LabelOptions<Label> & { readonly read: ReadSeries<Label> };

/** Any of the overloads' options. */
interface AnyOptions extends MetricOptions {
  readonly labels?: readonly string[] | undefined;
  readonly seriesMax?: number | undefined;
  readonly read?: ReadNumber | ReadSeries<string> | undefined;
}

interface Entry {
  readonly family: Family;
  /** Everything that must be equal for a second registration to share this one; undefined when none may. */
  readonly shape: string | undefined;
  readonly metric: unknown;
}

/**
 * The metrics of a process, or of one part of it. A metric is created once and gives slots to record into;
 * without labels it *is* its slot. Registering the same name again with the same kind, help, labels and
 * buckets gives the metric that is there, so that two caches can share one; anything else under a name that
 * is taken is refused, and so is a second `read`.
 *
 * What the registry had to leave out it counts in metrics of its own, `loadline_metrics_folded_total` and
 * `loadline_metrics_read_failures_total`, by metric.
 *
 * @example
 * const requests = registry.counter({ name: 'http_requests_total', help: 'Requests.', labels: ['route'] });
 * const toIndex = requests.with({ route: '/' });
 * toIndex.add();
 * registry.gauge({ name: 'queue_jobs', help: 'Jobs that wait.', read: () => queue.size });
 */
export class Registry {
  readonly #arena = new Arena();
  readonly #entries = new Map<string, Entry>();
  readonly #beforeReading: (() => void)[] = [];
  readonly #seriesMax: number;
  readonly #folded: Labelled<'metric', Counter>;
  readonly #readFailures: Labelled<'metric', Counter>;

  constructor(options: RegistryOptions = {}) {
    this.#seriesMax = options.seriesMax ?? 10_000;
    const labels = ['metric'] as const;
    const folds = 'Lookups of a new label set beyond the limit of series, answered by the one called other.';
    this.#folded = this.counter({ name: foldedName, help: folds, labels });
    const failures = 'Series left out because read() threw, gave no number, one twice, or too many.';
    this.#readFailures = this.counter({
      name: 'loadline_metrics_read_failures_total',
      help: failures,
      labels,
    });
  }

  // The overload with a list comes first: only then is an arrow function's list read as one of pairs.
  /** @throws LoadlineError METRICS_NAME_INVALID, METRICS_NAME_TAKEN */
  counter<const Label extends string>(options: MetricOptions & ReadMany<Label>): void;
  counter(options: MetricOptions & ReadOne): void;
  counter(options: MetricOptions & Unlabelled): Counter;
  counter<const Label extends string>(
    options: MetricOptions & LabelOptions<Label> & Kept,
  ): Labelled<Label, Counter>;
  counter(options: AnyOptions): unknown {
    return this.#number('counter', options, () => new Counter(this.#arena));
  }

  /** @throws LoadlineError METRICS_NAME_INVALID, METRICS_NAME_TAKEN */
  gauge<const Label extends string>(options: MetricOptions & ReadMany<Label>): void;
  gauge(options: MetricOptions & ReadOne): void;
  gauge(options: MetricOptions & Unlabelled): Gauge;
  gauge<const Label extends string>(
    options: MetricOptions & LabelOptions<Label> & Kept,
  ): Labelled<Label, Gauge>;
  gauge(options: AnyOptions): unknown {
    return this.#number('gauge', options, () => new Gauge(this.#arena));
  }

  /**
   * A histogram of whole numbers. Where the name ends in `_seconds`, microseconds are recorded and seconds
   * shown, by default in 13 buckets from 1 ms to 10 s; for other names `buckets` must be given.
   *
   * @throws LoadlineError METRICS_NAME_INVALID, METRICS_NAME_TAKEN, METRICS_BUCKETS_INVALID
   */
  histogram(options: MetricOptions & Partial<Exposure> & Unlabelled): Histogram;
  histogram<const Label extends string>(
    options: MetricOptions & Partial<Exposure> & LabelOptions<Label>,
  ): Labelled<Label, Histogram>;
  histogram(options: AnyOptions & Partial<Exposure>): unknown {
    const names = namesOf('histogram', options);
    const exposure = exposureOf(options.name, options);
    return this.#shared(names, [exposure, options.seriesMax], () => {
      const table = this.#table(names, options, () => new Histogram());
      const series = (): HistogramSeries[] =>
        table.series.map(({ labels, slot }) => ({ labels, histogram: slot }));
      return { family: { ...names, ...exposure, kind: 'histogram', series }, metric: metricOf(names, table) };
    });
  }

  /** Calls back whenever somebody is about to look, for whoever records many numbers at a time. It must not throw. */
  beforeReading(callback: () => void): void {
    this.#beforeReading.push(callback);
  }

  /** All metrics in the order of their creation, the registry's own first. Metrics without a series are there too. */
  families(): readonly Family[] {
    for (const callback of this.#beforeReading) callback();
    return Array.from(this.#entries.values(), (entry) => entry.family);
  }

  /** A copy of all that has a series, as of now; see `mergeSnapshots`. */
  snapshot(): Snapshot {
    return takeSnapshot(this.families());
  }

  #number<Slot extends { readonly value: number }>(
    kind: 'counter' | 'gauge',
    options: AnyOptions,
    makeSlot: () => Slot,
  ): unknown {
    const names = { ...namesOf(kind, options), kind };
    const { read, seriesMax = this.#seriesMax } = options;
    if (read !== undefined) {
      const onFailure = (): void => this.#readFailures.with({ metric: names.name }).add();
      const series = (): Iterable<NumberSeries> => readSeries(names, { read, seriesMax, onFailure });
      this.#claim(names, { family: { ...names, series }, shape: undefined, metric: undefined });
      return undefined;
    }
    return this.#shared(names, [options.seriesMax], () => {
      const table = this.#table(names, options, makeSlot);
      const series = (): NumberSeries[] =>
        table.series.map(({ labels, slot }) => ({ labels, value: slot.value }));
      return { family: { ...names, series }, metric: metricOf(names, table) };
    });
  }

  /** The metric that is there with this shape, or the one that `make` makes. */
  #shared(names: FamilyNames, besides: unknown, make: () => Pick<Entry, 'family' | 'metric'>): unknown {
    const shape = JSON.stringify([names, besides]);
    const known = this.#entries.get(names.name);
    if (known?.shape === shape) return known.metric;
    const made = make();
    this.#claim(names, { ...made, shape });
    return made.metric;
  }

  #claim(names: FamilyNames, entry: Entry): void {
    checkNames(names);
    const known = this.#entries.get(names.name);
    if (known === undefined) {
      this.#entries.set(names.name, entry);
      return;
    }
    throw metricsError(
      'METRICS_NAME_TAKEN',
      `Cannot register ${names.kind} ${names.name}: a ${known.family.kind} of this name is there already, of another shape or with a read of its own.`,
      { facts: { name: names.name } },
    );
  }

  #table<Slot>(names: FamilyNames, options: AnyOptions, makeSlot: () => Slot): SeriesTable<Slot> {
    const { seriesMax = this.#seriesMax } = options;
    // The count of what was folded may itself be full, and can't count that without end.
    const onFolded =
      names.name === foldedName
        ? (): void => undefined
        : (): void => this.#folded.with({ metric: names.name }).add();
    return new SeriesTable(names, { seriesMax, makeSlot, onFolded });
  }
}

const foldedName = 'loadline_metrics_folded_total';

function namesOf(kind: MetricKind, options: AnyOptions): FamilyNames {
  return { kind, name: options.name, help: options.help, labelNames: [...(options.labels ?? [])] };
}

function metricOf<Slot>(names: FamilyNames, table: SeriesTable<Slot>): Slot | Labelled<string, Slot> {
  return names.labelNames.length === 0 ? table.at({}).slot : { with: (labels) => table.at(labels).slot };
}
