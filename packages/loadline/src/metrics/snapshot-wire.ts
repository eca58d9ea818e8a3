import { type Clock, systemClock } from '../base/index.ts';
import { bucketOf, octaveBuckets } from './buckets.ts';
import { ByteReader, ByteWriter } from './bytes.ts';
import { metricsError } from './errors.ts';
import type { Family, HistogramSeries, NumberSeries } from './family.ts';
import { Histogram } from './histogram.ts';
import type { MetricKind } from './names.ts';
import type { Registry } from './registry.ts';
import type { FamilySnapshot, Snapshot } from './snapshot.ts';

/** The content type of `encodeSnapshot`, and what whoever wants it asks for. */
export const snapshotContentType = 'application/vnd.loadline.snapshot';

/**
 * What cannot be merged as a number and is not a histogram, under a name: bytes of whoever makes it, such as a
 * sketch of the users that were there.
 */
export type Sketches = ReadonlyMap<string, Uint8Array>;

/** What a snapshot's bytes hold. */
export interface DecodedSnapshot {
  readonly snapshot: Snapshot;
  readonly sketches: Sketches;
}

/**
 * The bytes of a snapshot, in which a histogram keeps all its buckets, so that those of many processes merge exactly.
 *
 *     version = 1 │ 1 │ kind │ name │ help │ n │ label name ×n │ [scale │ n │ bound ×n] │ n │ series ×n   │ …
 *                 │ 2 │ name │ bytes                                                                      │ …
 *                 │ 0
 *     series      value ×labels │ double, or the bytes of a histogram
 *
 * A part begins with what it is: 1 a family, 2 a sketch, 0 the end. A text that was there before is its number from 1
 * in the order of their first appearance, a new one is 0 and the text: labels repeat.
 */
const version = 1;
const parts = { end: 0, family: 1, sketch: 2 } as const;
const kinds: readonly MetricKind[] = ['counter', 'gauge', 'histogram'];

/** A snapshot as bytes; the same content gives the same bytes. */
export function encodeSnapshot(snapshot: Snapshot, sketches: Sketches = new Map()): Uint8Array<ArrayBuffer> {
  const writer = new SnapshotWriter();
  const families = snapshot.map((family): Family => ({ ...family, series: () => family.series }) as Family);
  for (const _ of writeSnapshot(writer, families, sketches));
  return writer.take();
}

/**
 * A registry as the bytes of a snapshot, in slices, as `renderPrometheus` gives its text: after `sliceMs` (2) of work
 * the event loop gets a turn. A series is written in one go; two series may be some turns apart.
 */
export async function* renderSnapshot(
  registry: Registry,
  options: { readonly sketches?: Sketches; readonly sliceMs?: number; readonly clock?: Clock } = {},
): AsyncGenerator<Uint8Array<ArrayBuffer>, void, undefined> {
  const { sketches = new Map(), sliceMs = 2, clock = systemClock } = options;
  const writer = new SnapshotWriter();
  let endMs = clock.monotonicMs() + sliceMs;
  for (const _ of writeSnapshot(writer, registry.families(), sketches)) {
    if (writer.length < sliceBytesMax && clock.monotonicMs() < endMs) continue;
    yield writer.take();
    await new Promise((resolve) => setImmediate(resolve));
    endMs = clock.monotonicMs() + sliceMs;
  }
  yield writer.take();
}

const sliceBytesMax = 128 * 1024;

/** Comes up after every series. */
function* writeSnapshot(
  writer: SnapshotWriter,
  families: readonly Family[],
  sketches: Sketches,
): Generator<void> {
  writer.varint(version);
  for (const family of families) {
    // Its number stands before them, and some are only made while they are read.
    const all = [...family.series()];
    if (all.length === 0) continue;
    writer.head(family, all.length);
    for (const series of all) {
      writer.series(series);
      yield;
    }
  }
  for (const [name, bytes] of sketches) {
    writer.varint(parts.sketch);
    writer.shared(name);
    writer.block(bytes);
  }
  writer.varint(parts.end);
}

class SnapshotWriter extends ByteWriter {
  readonly #known = new Map<string, number>();

  head(family: Family, seriesCount: number): void {
    this.varint(parts.family);
    this.varint(kinds.indexOf(family.kind));
    this.shared(family.name);
    this.shared(family.help);
    this.varint(family.labelNames.length);
    for (const name of family.labelNames) this.shared(name);
    if (family.kind === 'histogram') {
      this.double(family.scale);
      this.varint(family.buckets.length);
      for (const bound of family.buckets) this.double(bound);
    }
    this.varint(seriesCount);
  }

  series(series: NumberSeries | HistogramSeries): void {
    for (const value of series.labels) this.shared(value);
    if ('value' in series) this.double(series.value);
    else this.block(series.histogram.encode());
  }

  shared(given: string): void {
    const text = given.toWellFormed();
    const number = this.#known.get(text);
    this.varint(number ?? 0);
    if (number !== undefined) return;
    this.#known.set(text, this.#known.size + 1);
    this.text(text);
  }
}

/** What a reader puts up with. */
export interface DecodeLimits {
  /** Bytes at most; 32 MB by default. */
  readonly bytesMax?: number;
  /** What the histograms may take in memory, since a few bytes can ask for 23 KB; 256 MB by default. */
  readonly memoryBytesMax?: number;
}

/**
 * Reads what `encodeSnapshot` or all slices of `renderSnapshot` hold. The bytes may come from anywhere.
 *
 * @throws LoadlineError METRICS_SNAPSHOT_INVALID where they are anything but one snapshot, or more than the limits;
 *   METRICS_WIRE_INVALID where one of its histograms is.
 */
export function decodeSnapshot(bytes: Uint8Array, limits: DecodeLimits = {}): DecodedSnapshot {
  const { bytesMax = 32 * 2 ** 20, memoryBytesMax = 256 * 2 ** 20 } = limits;
  if (bytes.length > bytesMax) throw invalid(`${bytes.length} bytes are more than the limit of ${bytesMax}`);
  const reader = new SnapshotReader(bytes, memoryBytesMax);
  const found = reader.varint();
  if (found !== version) throw invalid(`version ${found} is not known, only ${version} is`);
  const snapshot: FamilySnapshot[] = [];
  const sketches = new Map<string, Uint8Array>();
  for (let part = reader.varint(); part !== parts.end; part = reader.varint()) {
    if (part === parts.family) snapshot.push(reader.family());
    else if (part === parts.sketch) sketches.set(reader.shared(), reader.block().slice());
    else throw invalid(`part ${part} is not known`);
  }
  if (!reader.isAtEnd) throw invalid('bytes are left over');
  const names = new Set(snapshot.map(({ name }) => name));
  if (names.size < snapshot.length) throw invalid('a metric is there twice');
  return { snapshot, sketches };
}

class SnapshotReader extends ByteReader {
  readonly #known: string[] = [];
  readonly #seen = new Set<string>();
  #memoryBytesLeft: number;

  constructor(bytes: Uint8Array, memoryBytesMax: number) {
    super(bytes, invalid);
    this.#memoryBytesLeft = memoryBytesMax;
  }

  family(): FamilySnapshot {
    const number = this.varint();
    const kind = kinds[number];
    if (kind === undefined) throw invalid(`kind ${number} is not known`);
    const name = this.shared();
    const help = this.shared();
    const labelNames = this.#many(() => this.shared());
    const names = { name, help, labelNames };
    const labels = (): string[] => labelNames.map(() => this.shared());
    if (kind !== 'histogram') {
      return { ...names, kind, series: this.#many(() => ({ labels: labels(), value: this.double() })) };
    }
    const exposure = { scale: this.double(), buckets: this.#many(() => this.double()) };
    const series = this.#many(() => ({ labels: labels(), histogram: this.#histogram() }));
    return { ...names, ...exposure, kind, series };
  }

  shared(): string {
    const number = this.varint();
    if (number === 0) {
      const text = this.text();
      if (this.#seen.has(text)) throw invalid('a text is written twice');
      this.#seen.add(text);
      this.#known.push(text);
      return text;
    }
    const text = this.#known[number - 1];
    if (text === undefined) throw invalid(`text ${number} was not there before`);
    return text;
  }

  #histogram(): Histogram {
    const histogram = Histogram.decode(this.block());
    if (histogram.count > 0) {
      const octaves = Math.ceil((bucketOf(histogram.max) - bucketOf(histogram.min) + 1) / octaveBuckets) + 1;
      this.#memoryBytesLeft -= octaves * octaveBuckets * 4;
    }
    if (this.#memoryBytesLeft < 0) throw invalid('its histograms need more memory than the limit');
    return histogram;
  }

  #many<Item>(read: () => Item): Item[] {
    const count = this.varint();
    if (count > this.left) throw invalid('they end too early');
    return Array.from({ length: count }, read);
  }
}

function invalid(found: string): Error {
  return metricsError('METRICS_SNAPSHOT_INVALID', `Cannot read a snapshot from bytes: ${found}.`, {
    facts: { found },
  });
}
