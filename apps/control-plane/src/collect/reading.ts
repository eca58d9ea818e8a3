import type { DecodedSnapshot, Histogram, Scrape, ScrapedFamily } from 'loadline/metrics';
import { UserSketch, usersSketchName } from 'loadline/observe';
import { type KnownLabels, LabelBook } from './label-book.ts';

/** What an instance said of itself at one moment, whichever form it came in. */
export interface Reading {
  readonly atMs: number;
  /** For the time between two readings; the clock may have been set. */
  readonly monotonicMs: number;
  /** By name, counters without `_total` where nothing else has that name. */
  readonly families: ReadonlyMap<string, ReadFamily>;
  /** Who was signed in within the last five minutes. */
  readonly users: UserSketch | undefined;
}

export interface ReadFamily {
  readonly name: string;
  readonly kind: 'counter' | 'gauge' | 'histogram';
  /** Quantiles cannot be put together again: it is never one of those that everybody is asked for. */
  readonly isOfQuantiles?: true;
  /** By their labels, as JSON. */
  readonly series: ReadonlyMap<string, ReadSeries>;
}

export interface ReadSeries {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number | ReadHistogram;
}

/** With all its buckets; or with the few that Prometheus text has. */
export type ReadHistogram =
  | {
      readonly form: 'exact';
      readonly histogram: Histogram;
      /** What a recorded whole number is in the unit of the name. */
      readonly scale: number;
    }
  | {
      /** As kept until the next look: `Histogram.encode()`. */
      readonly form: 'packed';
      readonly bytes: Uint8Array;
      readonly scale: number;
    }
  | {
      readonly form: 'bounds';
      /** Rising, the last one infinite. */
      readonly bounds: readonly number[];
      /** At or below each bound. */
      readonly counts: readonly number[];
    };

export interface ReadAt {
  readonly atMs: number;
  readonly monotonicMs: number;
}

/** A reading of our compact form. Pure, but for the labels that it knows afterwards. */
export function readingOfSnapshot(
  { snapshot, sketches }: DecodedSnapshot,
  at: ReadAt,
  labels: LabelBook = new LabelBook(labelsMax),
): Reading {
  const families = snapshot.map((family): ReadFamily => {
    const { name, kind, labelNames } = family;
    const known = (values: readonly string[]): KnownLabels => labels.of(labelNames, values);
    if (family.kind !== 'histogram')
      return familyOf(
        name,
        kind,
        family.series.map((each) => [known(each.labels), each.value]),
      );
    const { scale } = family;
    return familyOf(
      name,
      kind,
      family.series.map((each) => [
        known(each.labels),
        { form: 'exact', histogram: each.histogram, scale } as const,
      ]),
    );
  });
  const users = sketches.get(usersSketchName);
  return {
    ...at,
    families: byName(families),
    users: users === undefined ? undefined : UserSketch.decode(users),
  };
}

/**
 * A reading of Prometheus text. What has no type counts as a gauge, unless its name says that it only grows. Pure, but for the
 * labels that it knows afterwards.
 */
export function readingOfScrape(
  { families }: Scrape,
  at: ReadAt,
  labels: LabelBook = new LabelBook(labelsMax),
): Reading {
  const read = [...families.values()].flatMap(partsOf).map((family): ReadFamily => {
    if (family.kind === 'histogram') return familyOf(family.name, 'histogram', boundsOf(family, labels));
    if (family.kind === 'summary') return { ...quantilesOf(family, labels), isOfQuantiles: true };
    const kind = isCounter(family) ? 'counter' : 'gauge';
    const plain = family.samples.filter(({ name }) => !name.endsWith('_created'));
    return familyOf(
      family.name,
      kind,
      plain.map((sample) => [knownOf(labels, labelsOf(family, kind, sample)), sample.value]),
    );
  });
  return { ...at, families: byName(read), users: undefined };
}

/** Of one reading by itself. */
const labelsMax = 100_000;

type ScrapedSample = ScrapedFamily['samples'][number];

/** What an instance calls by another name than its family is another series; OpenMetrics calls every counter so. */
function labelsOf(
  family: ScrapedFamily,
  kind: ReadFamily['kind'],
  { name, labels }: ScrapedSample,
): ReadonlyMap<string, string> {
  return name === family.name || kind === 'counter' ? labels : new Map([...labels, ['__part', name]]);
}

function knownOf(book: LabelBook, labels: ReadonlyMap<string, string>): KnownLabels {
  return book.of([...labels.keys()], [...labels.values()]);
}

/** A summary is quantiles, and beside them two counters; together they would be numbers of three kinds under one name. */
function partsOf(family: ScrapedFamily): readonly ScrapedFamily[] {
  const { name, kind, samples } = family;
  if (kind !== 'summary') return [family];
  const counters = [`${name}_sum`, `${name}_count`].map((part): ScrapedFamily => {
    return { name: part, kind: 'counter', samples: samples.filter((sample) => sample.name === part) };
  });
  return [family, ...counters];
}

function quantilesOf({ name, samples }: ScrapedFamily, labels: LabelBook): ReadFamily {
  const own = samples.filter((sample) => sample.name === name);
  return familyOf(
    name,
    'gauge',
    own.map((sample) => [knownOf(labels, sample.labels), sample.value]),
  );
}

function isCounter({ kind, name }: ScrapedFamily): boolean {
  return kind === 'counter' || (kind === 'unknown' && name.endsWith('_total'));
}

function familyOf(
  name: string,
  kind: ReadFamily['kind'],
  all: readonly (readonly [labels: KnownLabels, value: ReadSeries['value']])[],
): ReadFamily {
  const series = new Map<string, ReadSeries>();
  for (const [{ labels, key }, value] of all) series.set(key, { labels, value });
  return { name: kind === 'counter' ? name.replace(/_total$/, '') : name, kind, series };
}

/** A counter may have the name of a gauge but for its `_total`, which it keeps then: open connections, and all that were. */
function byName(families: readonly ReadFamily[]): ReadonlyMap<string, ReadFamily> {
  const known = families.filter(({ series }) => series.size > 0);
  const others = new Set(known.filter(({ kind }) => kind !== 'counter').map(({ name }) => name));
  return new Map(
    known.map((family) => {
      const isTaken = family.kind === 'counter' && others.has(family.name);
      const named = isTaken ? { ...family, name: `${family.name}_total` } : family;
      return [named.name, named];
    }),
  );
}

/** Buckets of the same labels, as one histogram each. */
function boundsOf(
  { name, samples }: ScrapedFamily,
  book: LabelBook,
): readonly (readonly [KnownLabels, ReadHistogram])[] {
  const buckets = samples.filter((sample) => sample.name === `${name}_bucket`);
  const grouped = Map.groupBy(buckets, ({ labels }) => knownOf(book, withoutBound(labels)).key);
  return [...grouped.values()].flatMap((own) => {
    const rising = own
      .map(({ labels, value }) => ({ bound: boundOf(labels.get('le')), count: value }))
      .filter(({ bound, count }) => !Number.isNaN(bound) && count >= 0)
      .toSorted((a, b) => a.bound - b.bound);
    if (rising.at(-1)?.bound !== Number.POSITIVE_INFINITY) return [];
    const value: ReadHistogram = {
      form: 'bounds',
      bounds: rising.map(({ bound }) => bound),
      counts: rising.map(({ count }) => count),
    };
    return [[knownOf(book, withoutBound((own[0] as ScrapedSample).labels)), value] as const];
  });
}

function boundOf(text: string | undefined): number {
  return text === '+Inf' ? Number.POSITIVE_INFINITY : Number(text ?? Number.NaN);
}

function withoutBound(labels: ReadonlyMap<string, string>): ReadonlyMap<string, string> {
  return new Map([...labels].filter(([name]) => name !== 'le'));
}
