import { encodeMessage } from '../../base/index.ts';
import { toExposed, toRecorded } from '../exposure.ts';
import type { FamilyNames } from '../names.ts';
import type { FamilySnapshot, HistogramSnapshot, Snapshot } from '../snapshot.ts';

/** What remote write 1.0 sends (https://prometheus.io/docs/specs/prw/remote_write_spec/). */
const label = { name: [1, 'string'], value: [2, 'string'] } as const;
const sample = { value: [1, 'double'], timestamp: [2, 'uint64'] } as const;
const labelledSeries = { labels: [1, label, 'repeated'] } as const;
const timeSeries = { labels: [1, 'encoded'], samples: [2, sample, 'repeated'] } as const;
const writeRequest = { timeseries: [1, timeSeries, 'repeated'] } as const;

/** A series as Prometheus has it, and its value. */
export interface Sample {
  /** All labels of the series, encoded. */
  readonly labels: Uint8Array;
  /** A bigint is the bits of a NaN that means something. */
  readonly value: number | bigint;
}

/** The NaN by which Prometheus knows that a series has ended. */
export const staleMark: bigint = 0x7ff0000000000002n;

/** Samples at one moment as a WriteRequest. */
export function encodeWriteRequest(samples: readonly Sample[], atMs: number): Uint8Array<ArrayBuffer> {
  const timestamp = BigInt(Math.round(atMs));
  return encodeMessage(writeRequest, {
    timeseries: samples.map(({ labels, value }) => ({ labels, samples: [{ value, timestamp }] })),
  });
}

/**
 * A snapshot as the series that Prometheus would have made of the same metrics' text: a histogram becomes one
 * for each bucket, and its sum and count.
 *
 * @param labels keeps the encoded labels of every series from one snapshot to the next.
 */
export function samplesOf(snapshot: Snapshot, labels: EncodedLabels): Sample[] {
  return snapshot.flatMap((family) => {
    if (family.kind === 'histogram') return histogramSamples(family, labels);
    return family.series.map((series) => ({
      labels: labels.of(family, series.labels)[0] as Uint8Array,
      value: series.value,
    }));
  });
}

function histogramSamples(family: HistogramSnapshot, labels: EncodedLabels): Sample[] {
  const limits = family.buckets.map((bound) => toRecorded(bound, family.scale));
  return family.series.flatMap(({ labels: own, histogram }) => {
    const { count, sum } = histogram;
    const values = [...histogram.countsAtOrBelow(limits), count, toExposed(sum, family.scale), count];
    return labels.of(family, own).map((encoded, at) => ({ labels: encoded, value: values[at] as number }));
  });
}

/**
 * The labels of each series, encoded once: they are most of a message's bytes and never change. It holds at
 * most 20,000 sets of labels, and then begins anew.
 */
export class EncodedLabels {
  readonly #common: Readonly<Record<string, string>>;
  readonly #encoded = new Map<string, readonly Uint8Array[]>();

  /** @param common labels that all series get; a metric's own of the same name win. */
  constructor(common: Readonly<Record<string, string>>) {
    this.#common = common;
  }

  /** Those of a number, or those of a histogram's buckets, sum and count, in this order. */
  of(family: FamilySnapshot, values: readonly string[]): readonly Uint8Array[] {
    const key = JSON.stringify([family.name, values]);
    const known = this.#encoded.get(key);
    if (known !== undefined) return known;
    if (this.#encoded.size >= labelSetsMax) this.#encoded.clear();
    const encoded = encodeLabels(family, { ...this.#common, ...named(family, values) });
    this.#encoded.set(key, encoded);
    return encoded;
  }
}

const labelSetsMax = 20_000;

function encodeLabels(family: FamilySnapshot, labels: Readonly<Record<string, string>>): Uint8Array[] {
  const { name } = family;
  if (family.kind !== 'histogram') return [encodeSeries(name, labels)];
  const bounds = [...family.buckets.map(String), '+Inf'];
  return [
    ...bounds.map((le) => encodeSeries(`${name}_bucket`, { ...labels, le })),
    encodeSeries(`${name}_sum`, labels),
    encodeSeries(`${name}_count`, labels),
  ];
}

/** In the order of their names, and without those that have no value, as the specification asks. */
function encodeSeries(name: string, labels: Readonly<Record<string, string>>): Uint8Array {
  const all = Object.entries({ ...labels, __name__: name })
    .filter(([, value]) => value !== '')
    .toSorted(([a], [b]) => (a < b ? -1 : 1));
  return encodeMessage(labelledSeries, { labels: all.map(([key, value]) => ({ name: key, value })) });
}

function named({ labelNames }: FamilyNames, values: readonly string[]): Record<string, string> {
  return Object.fromEntries(labelNames.map((name, at) => [name, values[at] as string]));
}
