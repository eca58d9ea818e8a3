import type { Clock } from 'loadline/base';
import { GrowingCounter } from './growing-counter.ts';
import { GrowingHistogram } from './growing-histogram.ts';
import { type BucketSeries, type NumberSeries, seriesOfLabels } from './series-of-labels.ts';
import { type KnownName, readLabels } from './write-request.ts';

/** A series that was met before, with what it showed last. */
export type MetSeries = MetNumber | MetBucket;

export interface MetNumber {
  readonly kind: 'number';
  readonly named: NumberSeries;
  readonly last: Last<GrowingCounter>;
  metMs: number;
}

export interface MetBucket {
  readonly kind: 'bucket';
  readonly named: BucketSeries;
  /** The same for all buckets of a histogram. */
  readonly last: Last<GrowingHistogram>;
  metMs: number;
}

/** What was shown last; replaced by what was before where a request is forgotten. */
export interface Last<Grown> {
  grown: Grown;
  metMs: number;
}

const namesMax = 10_000;
/** So long after its last sample a series is forgotten, where there are too many. */
const forgottenMs = 3_600_000;
const sweepEveryMs = 60_000;

/** What is known of the series that were written; where there are too many, those give way that have ended an hour ago. */
export class RemoteMemory {
  readonly #clock: Clock;
  /** By the bytes of their labels, which are the same again and again. */
  readonly #series = new Map<string, MetSeries>();
  readonly #histograms = new Map<string, Last<GrowingHistogram>>();
  /** Names of histograms whose buckets came, of what has a sum and a count that grow, and of counters. */
  readonly #bucketed = new Set<string>();
  readonly #summed = new Set<string>();
  readonly #counters = new Set<string>();
  readonly #seriesMax: number;
  #sweptMs = Number.NEGATIVE_INFINITY;

  constructor(clock: Clock, seriesMax: number) {
    this.#clock = clock;
    this.#seriesMax = seriesMax;
  }

  /** The series of these labels, or why it cannot be kept. */
  meet(labels: Uint8Array): MetSeries | string {
    const key = Buffer.from(labels.buffer, labels.byteOffset, labels.length).toString('latin1');
    const known = this.#series.get(key);
    if (known === undefined) return this.#meetFirst(key, labels);
    known.metMs = this.#clock.monotonicMs();
    known.last.metMs = known.metMs;
    return known;
  }

  learn({ name, kind }: KnownName): void {
    note(kind === 'counter' ? this.#counters : this.#summed, name);
  }

  /**
   * Whether a number only grows. The sum and the count of something look like any number, until a bucket or a quantile of it was
   * there: then the former are a part of the histogram.
   */
  natureOf({ name, family }: NumberSeries): 'grows' | 'in a histogram' | 'stands' | 'unknown' {
    if (name.endsWith('_total') || this.#counters.has(name)) return 'grows';
    if (family === name) return 'stands';
    if (this.#bucketed.has(family)) return 'in a histogram';
    return this.#summed.has(family) ? 'grows' : 'unknown';
  }

  #meetFirst(key: string, bytes: Uint8Array): MetSeries | string {
    const labels = readLabels(bytes);
    const named = labels === undefined ? 'has a label twice' : seriesOfLabels(labels);
    if (typeof named === 'string') return named;
    if (named.kind === 'bucket') note(this.#bucketed, named.family);
    else if (labels?.has('quantile') === true) note(this.#summed, named.name);
    const metMs = this.#clock.monotonicMs();
    this.#sweep(metMs);
    if (this.#series.size < this.#seriesMax) {
      const met = this.#remembered(named, metMs);
      this.#series.set(key, met);
      return met;
    }
    // What stands needs no memory.
    if (named.kind === 'bucket' || this.natureOf(named) !== 'stands')
      return `is of one more than ${this.#seriesMax} series whose last value is remembered`;
    return { kind: 'number', named, last: { grown: new GrowingCounter(), metMs }, metMs };
  }

  #remembered(named: NumberSeries | BucketSeries, metMs: number): MetSeries {
    return named.kind === 'number'
      ? { kind: 'number', named, last: { grown: new GrowingCounter(), metMs }, metMs }
      : { kind: 'bucket', named, last: this.#histogramOf(named, metMs), metMs };
  }

  #histogramOf({ histogram }: BucketSeries, metMs: number): Last<GrowingHistogram> {
    const { service, instance, metric, labels = {} } = histogram;
    const sorted = Object.entries(labels).toSorted(([a], [b]) => (a < b ? -1 : 1));
    const key = JSON.stringify([service, instance, metric, sorted]);
    const known = this.#histograms.get(key);
    if (known !== undefined) return known;
    const last = { grown: new GrowingHistogram(), metMs };
    this.#histograms.set(key, last);
    return last;
  }

  #sweep(nowMs: number): void {
    if (this.#series.size < this.#seriesMax || nowMs - this.#sweptMs < sweepEveryMs) return;
    this.#sweptMs = nowMs;
    for (const known of [this.#series, this.#histograms])
      for (const [key, { metMs }] of known) if (nowMs - metMs > forgottenMs) known.delete(key);
  }
}

function note(names: Set<string>, name: string): void {
  if (names.size < namesMax) names.add(name);
}
