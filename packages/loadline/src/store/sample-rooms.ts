/** Samples that one piece of memory has room for. */
export const samplesOfChunk = 16_384;
/** Bytes of histograms on one page: several of the largest that there can be, and thousands of common ones. */
export const bytesOfPage = 262_144;

/** Room for some samples, column by column, in one piece of memory. */
export interface SampleChunk {
  readonly values: Float64Array;
  readonly ids: Int32Array;
  readonly offsetsMs: Uint16Array;
  readonly kinds: Uint8Array;
}

/**
 * Pieces of memory that are used again: a minute needs about as many as the one before. What is given to the system and asked
 * for anew every minute leaves holes, and the process grows by them.
 */
export class SampleRooms {
  #chunks: SampleChunk[] = [];
  #pages: Uint8Array[] = [];

  takeChunk(): SampleChunk {
    return this.#chunks.pop() ?? newChunk();
  }

  /** What it holds is of before. */
  takePage(): Uint8Array {
    return this.#pages.pop() ?? new Uint8Array(bytesOfPage);
  }

  /** Takes back; what was not needed since the last time is let go. */
  give(chunks: readonly SampleChunk[], pages: readonly Uint8Array[]): void {
    this.#chunks = [...chunks];
    this.#pages = [...pages];
  }
}

function newChunk(): SampleChunk {
  const bytes = new ArrayBuffer(samplesOfChunk * bytesOfSample);
  const after = (bytesBefore: number): number => samplesOfChunk * bytesBefore;
  return {
    values: new Float64Array(bytes, 0, samplesOfChunk),
    ids: new Int32Array(bytes, after(8), samplesOfChunk),
    offsetsMs: new Uint16Array(bytes, after(12), samplesOfChunk),
    kinds: new Uint8Array(bytes, after(14), samplesOfChunk),
  };
}

const bytesOfSample = 15;
