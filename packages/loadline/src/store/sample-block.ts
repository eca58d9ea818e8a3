import { writeDuration } from '../base/index.ts';
import { Histogram } from '../metrics/index.ts';
import { floorTo, minuteMs, type RollupTable } from './rollup.ts';
import type { Sample, SampleProblem } from './sample.ts';
import type { KnownSeries, SeriesBook } from './series-book.ts';

/**
 * A batch of samples as columns: what waits while the database is away should take 24 bytes a sample, and not an object
 * each.
 */
export interface SampleBlock {
  readonly count: number;
  readonly series: readonly KnownSeries[];
  /** For each sample the place of its series in `series`. */
  readonly seriesAt: Uint32Array;
  readonly atMs: Float64Array;
  /** The value; of a histogram its mean. */
  readonly values: Float64Array;
  /** By the place of the sample. */
  readonly histograms: ReadonlyMap<number, Uint8Array>;
  /** What it takes in memory, roughly. */
  readonly bytes: number;
}

/** What may be written: neither too old, since its partition may be gone, nor from a clock that is ahead. */
export interface TakenWindow {
  readonly fromMs: number;
  readonly toMs: number;
}

/** What is taken in a batch that comes now. */
export interface TakenNow extends TakenWindow {
  readonly nowMs: number;
}

export interface ReadBlock {
  readonly block: SampleBlock;
  readonly refused: number;
  /** Of the first ten that were refused. */
  readonly problems: readonly SampleProblem[];
}

/** Reads a batch at the door: what is fit becomes a block, what is not is told. */
export function readBlock(samples: readonly Sample[], book: SeriesBook, window: TakenNow): ReadBlock {
  const series: KnownSeries[] = [];
  const places = new Map<KnownSeries, number>();
  const seriesAt = new Uint32Array(samples.length);
  const atMs = new Float64Array(samples.length);
  const values = new Float64Array(samples.length);
  const histograms = new Map<number, Uint8Array>();
  const problems: SampleProblem[] = [];
  let refused = 0;
  let count = 0;
  let bytes = blockOverheadBytes;
  for (let index = 0; index < samples.length; index++) {
    const sample = samples[index] as Sample;
    const known = book.find(sample.series, window.nowMs);
    const at = Math.floor(sample.atMs);
    const read = typeof known === 'string' ? known : readValue(sample.value, known.scale);
    const problem = typeof read === 'string' ? read : problemOfTime(at, window);
    if (problem !== undefined) {
      refused++;
      if (problems.length < problemsMax) problems.push({ index, message: `Sample ${index} ${problem}.` });
      continue;
    }
    let place = places.get(known as KnownSeries);
    if (place === undefined) {
      place = series.push(known as KnownSeries) - 1;
      places.set(known as KnownSeries, place);
    }
    seriesAt[count] = place;
    atMs[count] = at;
    values[count] = read as number;
    if (typeof sample.value !== 'number') {
      histograms.set(count, sample.value.slice());
      bytes += sample.value.length + histogramOverheadBytes;
    }
    count++;
  }
  bytes += count * (Uint32Array.BYTES_PER_ELEMENT + 2 * Float64Array.BYTES_PER_ELEMENT);
  return { block: { count, series, seriesAt, atMs, values, histograms, bytes }, refused, problems };
}

/** Adds the samples of a block that are within a window to the minutes of their series. */
export function addToMinutes(minutes: RollupTable, block: SampleBlock, window: TakenWindow): void {
  for (let place = 0; place < block.count; place++) {
    const sampleMs = block.atMs[place] as number;
    if (sampleMs >= window.fromMs && sampleMs < window.toMs) addSample(minutes, block, place);
  }
}

/** Adds one sample of a block to the minute of its series. */
function addSample(minutes: RollupTable, block: SampleBlock, place: number): void {
  const { id, scale } = block.series[block.seriesAt[place] as number] as KnownSeries;
  const sampleMs = block.atMs[place] as number;
  const rollup = minutes.at(floorTo(minuteMs, sampleMs), id as number);
  const histogram = block.histograms.get(place);
  if (histogram === undefined) rollup.addNumber(block.values[place] as number, sampleMs, scale);
  else rollup.addEncoded(histogram, sampleMs, scale);
}

const problemsMax = 10;

/** The block itself, and the promise of whoever wrote it. */
const blockOverheadBytes = 500;

/** An entry of a map and a typed array. */
const histogramOverheadBytes = 150;

/** All that is ever added up stays a finite number. */
const numberMax = 1e290;

/**
 * What a million requests a second are in 100 s. Of minutes and hours that are added up, of however many series, counts stay
 * below 2^53, beyond which they are no histogram any more.
 */
const valuesMax = 100_000_000;

/** The number to keep, or what is wrong. */
function readValue(value: number | Uint8Array, scale: number): number | string {
  if (typeof value === 'number') {
    if (!Number.isFinite(value)) return `has the value ${value}, no finite number`;
    return Math.abs(value) <= numberMax ? value : `has the value ${value}, beyond ${numberMax}`;
  }
  try {
    const histogram = Histogram.decode(value);
    if (histogram.count > valuesMax) return `is a histogram of more than ${valuesMax} values`;
    return histogram.count > 0 ? histogram.mean * scale : 'is a histogram that holds nothing';
  } catch {
    return 'is no number, and no histogram in the form of `Histogram.encode()`';
  }
}

function problemOfTime(atMs: number, { nowMs, fromMs, toMs }: TakenNow): string | undefined {
  if (atMs >= fromMs && atMs < toMs) return undefined;
  if (!Number.isFinite(atMs)) return 'has no time';
  if (atMs < fromMs) return `is older than ${writeDuration(nowMs - fromMs)}`;
  return `is from the future, by more than ${writeDuration(toMs - nowMs)}`;
}
