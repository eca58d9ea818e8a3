import type { RollupTable } from './rollup.ts';
import type { SampleBlock } from './sample-block.ts';
import { bytesOfPage, type SampleChunk, type SampleRooms, samplesOfChunk } from './sample-rooms.ts';
import type { KnownSeries } from './series-book.ts';

/** Samples whose series have their numbers. */
export interface CommittedSamples extends Omit<SampleBlock, 'series' | 'bytes'> {
  readonly series: readonly Pick<KnownSeries, 'id' | 'scale'>[];
}

/**
 * Committed samples of one minute, in the order in which they came: 15 bytes each, in pieces of memory that are used again for
 * a later minute. Of a million samples, an object each, or a buffer for each batch, would be the largest thing in the process,
 * and every collection would look at it.
 *
 *     number of the series int4 │ ms within the minute uint2 │ kind uint1 │ value, or where the histogram stands float8
 */
export class MinuteSamples {
  readonly #startMs: number;
  readonly #rooms: SampleRooms;
  readonly #chunks: SampleChunk[] = [];
  readonly #pages: Uint8Array[] = [];
  #pageEnd = 0;
  #length = 0;
  readonly #scales: number[] = [];

  constructor(startMs: number, rooms: SampleRooms) {
    this.#startMs = startMs;
    this.#rooms = rooms;
  }

  get length(): number {
    return this.#length;
  }

  /** Keeps one that is of this minute. */
  push({ series, seriesAt, atMs, values, histograms }: CommittedSamples, place: number): void {
    const { id, scale } = series[seriesAt[place] as number] as CommittedSamples['series'][number];
    const histogram = histograms.get(place);
    const at = this.#length++ % samplesOfChunk;
    if (at === 0) this.#chunks.push(this.#rooms.takeChunk());
    const chunk = this.#chunks.at(-1) as SampleChunk;
    chunk.ids[at] = id as number;
    chunk.offsetsMs[at] = (atMs[place] as number) - this.#startMs;
    chunk.kinds[at] = this.#kindOf(scale) + (histogram === undefined ? 0 : 1);
    chunk.values[at] = histogram === undefined ? (values[place] as number) : this.#write(histogram);
  }

  /** The number of the series of one of them. */
  seriesOf(at: number): number {
    return (this.#chunks[Math.floor(at / samplesOfChunk)] as SampleChunk).ids[at % samplesOfChunk] as number;
  }

  /** Adds one of them to the rollup of its series. */
  addTo(minutes: RollupTable, at: number): void {
    const chunk = this.#chunks[Math.floor(at / samplesOfChunk)] as SampleChunk;
    const place = at % samplesOfChunk;
    const kind = chunk.kinds[place] as number;
    const value = chunk.values[place] as number;
    const scale = this.#scales[kind >> 1] as number;
    const rollup = minutes.at(this.#startMs, chunk.ids[place] as number);
    const sampleMs = this.#startMs + (chunk.offsetsMs[place] as number);
    if ((kind & 1) === 0) rollup.addNumber(value, sampleMs, scale);
    else rollup.addEncoded(this.#read(value), sampleMs, scale);
  }

  /** Gives back the memory: there is nothing in it any more. */
  release(): void {
    this.#rooms.give(this.#chunks.splice(0), this.#pages.splice(0));
    this.#length = 0;
    this.#pageEnd = 0;
  }

  /** Of scales there are a handful. */
  #kindOf(scale: number): number {
    const known = this.#scales.indexOf(scale);
    return 2 * (known < 0 ? this.#scales.push(scale) - 1 : known);
  }

  /** Its length in four bytes, then its own; none stands on two pages. Gives back where that is. */
  #write(histogram: Uint8Array): number {
    const size = lengthBytes + histogram.length;
    let page = this.#pages.at(-1);
    if (page === undefined || this.#pageEnd + size > bytesOfPage) {
      page = this.#rooms.takePage();
      this.#pages.push(page);
      this.#pageEnd = 0;
    }
    const at = this.#pageEnd;
    viewOf(page).setUint32(at, histogram.length);
    page.set(histogram, at + lengthBytes);
    this.#pageEnd += size;
    return (this.#pages.length - 1) * bytesOfPage + at;
  }

  #read(where: number): Uint8Array {
    const page = this.#pages[Math.floor(where / bytesOfPage)] as Uint8Array;
    const at = where % bytesOfPage;
    const start = at + lengthBytes;
    return page.subarray(start, start + viewOf(page).getUint32(at));
  }
}

const lengthBytes = 4;

function viewOf(page: Uint8Array): DataView {
  return new DataView(page.buffer, page.byteOffset, page.byteLength);
}
