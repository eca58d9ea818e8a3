import { BinaryReader, WireType } from '@bufbuild/protobuf/wire';
import { Problem } from '../../problems/index.ts';

/** What Prometheus writes, as far as it is read here. */
export interface WriteRequest {
  readonly series: readonly WrittenSeries[];
  /** Names of metrics of which the sender knows what they are. */
  readonly known: readonly KnownName[];
}

/** A counter; or something whose sum and count grow, by its name without these. */
export interface KnownName {
  readonly name: string;
  readonly kind: 'counter' | 'histogram or summary';
}

export interface WrittenSeries {
  /** Its labels as they were sent: the same again and again, so they are read once. */
  readonly labels: Uint8Array;
  readonly samples: readonly WrittenSample[];
  /** Histograms in Prometheus's own form, which has no place here. */
  readonly nativeHistograms: number;
}

export interface WrittenSample {
  /** Not a number: there is none, or there will be no more. */
  readonly value: number;
  readonly atMs: number;
}

/**
 * Reads `prometheus.WriteRequest` of remote write 1.0 (https://prometheus.io/docs/specs/prw/remote_write_spec/). Exemplars and
 * what is not known are passed over.
 *
 * @throws CONTROL_PLANE_BODY_MALFORMED; CONTROL_PLANE_BODY_TOO_LARGE above so many samples.
 */
export function readWriteRequest(bytes: Uint8Array, samplesMax: number): WriteRequest {
  const series: WrittenSeries[] = [];
  const known: KnownName[] = [];
  let room = samplesMax;
  reading(() => {
    const reader = new BinaryReader(bytes);
    while (reader.pos < reader.len) {
      const [field, type] = reader.tag();
      if (field === 1 && type === WireType.LengthDelimited) {
        const one = readSeries(reader, bytes);
        room -= Math.max(1, one.samples.length + one.nativeHistograms);
        series.push(one);
      } else if (field === 3 && type === WireType.LengthDelimited) {
        const name = readKnown(reader);
        room--;
        if (name !== undefined) known.push(name);
      } else reader.skip(type, field);
      if (room < 0) throw tooMany(samplesMax);
    }
  });
  return { series, known };
}

/**
 * The labels of a series, without those that have no value.
 *
 * @returns undefined where one is there twice, which would be one series of two.
 * @throws CONTROL_PLANE_BODY_MALFORMED
 */
export function readLabels(bytes: Uint8Array): ReadonlyMap<string, string> | undefined {
  return reading(() => {
    const labels = new Map<string, string>();
    const reader = new BinaryReader(bytes);
    while (reader.pos < reader.len) {
      reader.tag();
      const { name, value } = readLabel(reader);
      if (labels.has(name)) return undefined;
      labels.set(name, value);
    }
    for (const [name, value] of labels) if (value === '') labels.delete(name);
    return labels;
  });
}

function readSeries(reader: BinaryReader, bytes: Uint8Array): WrittenSeries {
  let labels: Uint8Array = new Uint8Array();
  const samples: WrittenSample[] = [];
  let nativeHistograms = 0;
  const end = endOf(reader);
  while (reader.pos < end) {
    const from = reader.pos;
    const [field, type] = reader.tag();
    if (field === 1 && type === WireType.LengthDelimited) {
      reader.skip(type, field);
      labels = joined(labels, bytes.subarray(from, reader.pos));
    } else if (field === 2 && type === WireType.LengthDelimited) samples.push(readSample(reader));
    else {
      if (field === 4) nativeHistograms++;
      reader.skip(type, field);
    }
  }
  assertAt(reader, end);
  return { labels, samples, nativeHistograms };
}

/** Nearly always one stands behind the other in the same memory: then nothing is copied. */
function joined(before: Uint8Array, after: Uint8Array): Uint8Array {
  if (before.length === 0) return after;
  const isNext = before.byteOffset + before.length === after.byteOffset && before.buffer === after.buffer;
  return isNext
    ? new Uint8Array(before.buffer, before.byteOffset, before.length + after.length)
    : Buffer.concat([before, after]);
}

function readSample(reader: BinaryReader): WrittenSample {
  let value = 0;
  let atMs = 0;
  const end = endOf(reader);
  while (reader.pos < end) {
    const [field, type] = reader.tag();
    if (field === 1 && type === WireType.Bit64) value = reader.double();
    else if (field === 2 && type === WireType.Varint) atMs = Number(reader.int64());
    else reader.skip(type, field);
  }
  assertAt(reader, end);
  return { value, atMs };
}

function readLabel(reader: BinaryReader): { readonly name: string; readonly value: string } {
  let name = '';
  let value = '';
  const end = endOf(reader);
  while (reader.pos < end) {
    const [field, type] = reader.tag();
    if (field === 1 && type === WireType.LengthDelimited) name = reader.string();
    else if (field === 2 && type === WireType.LengthDelimited) value = reader.string();
    else reader.skip(type, field);
  }
  assertAt(reader, end);
  return { name, value };
}

/** The types of `MetricMetadata` that grow. */
const growingTypes: ReadonlyMap<number, KnownName['kind']> = new Map([
  [1, 'counter'],
  [3, 'histogram or summary'],
  [5, 'histogram or summary'],
]);

function readKnown(reader: BinaryReader): KnownName | undefined {
  let type = 0;
  let name = '';
  const end = endOf(reader);
  while (reader.pos < end) {
    const [field, wire] = reader.tag();
    if (field === 1 && wire === WireType.Varint) type = reader.uint32();
    else if (field === 2 && wire === WireType.LengthDelimited) name = reader.string();
    else reader.skip(wire, field);
  }
  assertAt(reader, end);
  const kind = growingTypes.get(type);
  return kind === undefined ? undefined : { name, kind };
}

/** Where the message ends that begins here. One reader for all: a view of its own for each would cost as much as the reading. */
function endOf(reader: BinaryReader): number {
  const length = reader.uint32();
  const end = reader.pos + length;
  if (end > reader.len) throw new RangeError('It ends too early.');
  return end;
}

function assertAt(reader: BinaryReader, end: number): void {
  if (reader.pos !== end) throw new RangeError('Its last field goes beyond its end.');
}

/** Whatever the reader says of bytes that are no message, it says it of the body. */
function reading<Value>(read: () => Value): Value {
  try {
    return read();
  } catch (error) {
    if (error instanceof Problem) throw error;
    throw new Problem(
      'CONTROL_PLANE_BODY_MALFORMED',
      'The body, once it is unpacked, is no prometheus.WriteRequest.',
    );
  }
}

function tooMany(samplesMax: number): Problem {
  return new Problem(
    'CONTROL_PLANE_BODY_TOO_LARGE',
    `There are more than ${samplesMax} samples in the request. Send fewer at once: max_samples_per_send.`,
  );
}
