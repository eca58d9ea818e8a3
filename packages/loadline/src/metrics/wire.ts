import { bucketOf } from './buckets.ts';
import { ByteReader, ByteWriter } from './bytes.ts';
import { metricsError } from './errors.ts';

/**
 * The bytes of a histogram. Every number is a varint.
 *
 *     version = 1 │ clamped │ refused │ min │ max − min │ sum high │ sum low │ run │ run │ …
 *                                     └─ only when something was recorded ──────────────────
 *
 * The runs tell the buckets from that of `min` to that of `max`, both included. The lowest bit of a run says
 * which kind it is, the rest is its number: 0 = one bucket with so many values, 1 = so many empty buckets.
 * There is one form for each content: no run or varint that could be shorter, and two runs of empty
 * buckets never meet.
 */
const version = 1;

/** What the bytes tell. */
export interface HistogramState {
  readonly clamped: number;
  readonly refused: number;
  readonly count: number;
  /** The sum is `sumHigh * 2^52 + sumLow`. */
  readonly sumHigh: number;
  readonly sumLow: number;
  readonly min: number;
  readonly max: number;
  /** The bucket that `counts[0]` stands for. */
  readonly first: number;
  readonly counts: ArrayLike<number>;
}

/** Writes a histogram's state as bytes. */
export function encodeState(state: HistogramState): Uint8Array<ArrayBuffer> {
  const writer = new RunWriter();
  writer.varint(version);
  writer.varint(state.clamped);
  writer.varint(state.refused);
  if (state.count === 0) return writer.take();
  writer.varint(state.min);
  writer.varint(state.max - state.min);
  writer.varint(state.sumHigh);
  writer.varint(state.sumLow);
  const last = bucketOf(state.max) - state.first;
  let empty = 0;
  for (let at = bucketOf(state.min) - state.first; at <= last; at++) {
    const count = state.counts[at] as number;
    if (count === 0) {
      empty++;
      continue;
    }
    if (empty > 0) writer.run(1, empty);
    writer.run(0, count);
    empty = 0;
  }
  return writer.take();
}

/**
 * Reads bytes of `encodeState`, believing nothing.
 *
 * @param room where the counts are put, if they are only needed until the next call; it must have a place for every
 *   bucket.
 * @throws LoadlineError METRICS_WIRE_INVALID
 */
export function decodeState(bytes: Uint8Array, room?: Float64Array): HistogramState {
  const reader = new ByteReader(bytes, invalid);
  const found = reader.varint();
  if (found !== version) throw invalid(`version ${found} is not known, only ${version} is`);
  const clamped = reader.varint();
  const refused = reader.varint();
  if (reader.isAtEnd) {
    if (clamped > 0) throw invalid('nothing was recorded, yet values were clamped');
    const nothing = { count: 0, sumHigh: 0, sumLow: 0, min: 0, max: 0, first: 0, counts: [] };
    return { clamped, refused, ...nothing };
  }
  const min = reader.varint();
  const max = min + reader.varint();
  const sumHigh = reader.varint();
  const sumLow = reader.varint();
  if (max >= 2 ** 52 || sumLow >= 2 ** 52) throw invalid('a value is beyond the range');
  const first = bucketOf(min);
  const { counts, count } = readRuns(reader, bucketOf(max) - first + 1, room);
  const state = { clamped, refused, count, sumHigh, sumLow, min, max, first, counts };
  if (!isPossible(state)) throw invalid('count, sum, lowest and highest value contradict each other');
  return state;
}

/**
 * By hand, in one loop on the bytes: a chart of a month merges thousands of histograms, nearly all of whose bytes are
 * read here.
 */
function readRuns(
  reader: ByteReader,
  length: number,
  room: Float64Array | undefined,
): { counts: Float64Array; count: number } {
  const counts = room === undefined ? new Float64Array(length) : room.subarray(0, length).fill(0);
  const bytes = reader.rest();
  let next = 0;
  let count = 0;
  let wasEmpty = true;
  for (let at = 0; at < length; ) {
    if (next >= bytes.length) throw invalid('they end too early');
    let byte = bytes[next++] as number;
    const isEmpty = (byte & 1) === 1;
    let size = (byte & 127) >> 1;
    for (let weight = 64; byte >= 128; weight *= 128) {
      if (next >= bytes.length) throw invalid('they end too early');
      byte = bytes[next++] as number;
      if (byte === 0) throw invalid('a number is longer than it need be');
      size += (byte & 127) * weight;
      if (size > Number.MAX_SAFE_INTEGER) throw invalid('a number is too large');
    }
    // A first or second run of empty buckets in a row, or one that reaches the last bucket, is not our form.
    if (size === 0 || (isEmpty && (wasEmpty || size >= length - at))) throw invalid('a run is misplaced');
    if (isEmpty) {
      at += size;
    } else {
      counts[at++] = size;
      count += size;
    }
    wasEmpty = isEmpty;
  }
  if (next < bytes.length) throw invalid('bytes are left over');
  return { counts, count };
}

function isPossible(state: HistogramState): boolean {
  const { count, min, max, clamped } = state;
  if (!Number.isSafeInteger(count) || clamped > count) return false;
  if (count === 1 && min !== max) return false;
  // Nearly always it all fits into numbers, for which nothing has to be made.
  if (state.sumHigh === 0 && max * count <= Number.MAX_SAFE_INTEGER)
    return state.sumLow >= min * (count - 1) + max && state.sumLow <= max * (count - 1) + min;
  const sum = (BigInt(state.sumHigh) << 52n) + BigInt(state.sumLow);
  const others = BigInt(count - 1);
  return sum >= BigInt(min) * others + BigInt(max) && sum <= BigInt(max) * others + BigInt(min);
}

function invalid(found: string): Error {
  return metricsError('METRICS_WIRE_INVALID', `Cannot read a histogram from bytes: ${found}.`, {
    facts: { found },
  });
}

/** At most some 60 KB, when each of the 5,888 buckets holds a huge count. */
class RunWriter extends ByteWriter {
  /** The first byte has six bits of the number, its kind below them and the sign of more above. */
  run(kind: 0 | 1, size: number): void {
    const low = ((size % 64) << 1) | kind;
    this.byte(size < 64 ? low : low | 128);
    if (size >= 64) this.varint(Math.floor(size / 64));
  }
}
