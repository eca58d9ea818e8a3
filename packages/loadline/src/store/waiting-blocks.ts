import type { WriteReceipt } from './sample.ts';
import type { SampleBlock } from './sample-block.ts';

/** A batch on its way to the database, and whoever wants to know what becomes of it. */
export interface WaitingBlock {
  readonly block: SampleBlock;
  /** Tells its writer; only the first word counts. */
  settle(state: WriteReceipt['state']): void;
  /** Tells its writer that the database will never take it. */
  fail(error: unknown): void;
}

/** Batches that wait, the oldest first, up to a number of samples and of bytes; then the oldest give way. */
export class WaitingBlocks {
  #blocks: WaitingBlock[] = [];
  readonly #samplesMax: number;
  readonly #bytesMax: number;
  #samples = 0;
  #bytes = 0;
  #dropped = 0;

  constructor(limits: { readonly samplesMax: number; readonly bytesMax: number }) {
    this.#samplesMax = limits.samplesMax;
    this.#bytesMax = limits.bytesMax;
  }

  get samples(): number {
    return this.#samples;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Samples that gave way since the start. */
  get dropped(): number {
    return this.#dropped;
  }

  /** The time of the first sample of the oldest batch; infinite where none waits. */
  get oldestMs(): number {
    return this.#blocks[0]?.block.atMs[0] ?? Number.POSITIVE_INFINITY;
  }

  push(waiting: WaitingBlock): void {
    this.#blocks.push(waiting);
    this.#samples += waiting.block.count;
    this.#bytes += waiting.block.bytes;
    while (this.#samples > this.#samplesMax || this.#bytes > this.#bytesMax) this.#drop(this.#takeFirst());
  }

  /** Takes the oldest off, as many as have `samplesMax` samples together, but at least one. */
  take(samplesMax: number): WaitingBlock[] {
    const taken: WaitingBlock[] = [];
    for (let samples = 0; this.#blocks.length > 0; ) {
      samples += (this.#blocks[0] as WaitingBlock).block.count;
      if (taken.length > 0 && samples > samplesMax) break;
      taken.push(this.#takeFirst());
    }
    return taken;
  }

  /** Puts some that were taken back to where they were; they are not dropped for it. */
  putBack(blocks: readonly WaitingBlock[]): void {
    this.#blocks.unshift(...blocks);
    for (const { block } of blocks) {
      this.#samples += block.count;
      this.#bytes += block.bytes;
    }
  }

  /** Tells all that they have to wait. */
  settle(): void {
    for (const waiting of this.#blocks) waiting.settle('waiting');
  }

  /** Gives up whatever waits. */
  dropAll(): void {
    while (this.#blocks.length > 0) this.#drop(this.#takeFirst());
  }

  #takeFirst(): WaitingBlock {
    const first = this.#blocks.shift() as WaitingBlock;
    this.#samples -= first.block.count;
    this.#bytes -= first.block.bytes;
    return first;
  }

  #drop(waiting: WaitingBlock): void {
    this.#dropped += waiting.block.count;
    waiting.settle('dropped');
  }
}
