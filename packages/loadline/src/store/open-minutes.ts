import { setImmediate } from 'node:timers/promises';
import { floorTo, minuteMs, type RollupEntry, RollupTable } from './rollup.ts';
import { addToMinutes, type SampleBlock, type TakenWindow } from './sample-block.ts';

/**
 * What is committed of minutes that are not rolled up yet. The samples stay as they came, in columns, and become rollups a
 * part of the series at a time: of a hundred thousand series with a dozen values each the rollups would take four times the
 * memory, as objects that every collection has to look at. Where there are very many samples it is the other way around,
 * and they are rolled up as they come.
 */
export class OpenMinutes {
  readonly #samplesMax: number;
  #blocks: SampleBlock[] = [];
  #samples = 0;
  #rolled = new RollupTable();

  /** @param samplesMax that are kept as they came; default 2,000,000, some 60 MB. */
  constructor(samplesMax: number = 2_000_000) {
    this.#samplesMax = samplesMax;
  }

  /** Adds the samples of a block that are not from before a moment; gives back how many. */
  async add(block: SampleBlock, fromMs: number): Promise<number> {
    const window = { fromMs, toMs: Number.POSITIVE_INFINITY };
    const taken = countIn(block, window);
    if (taken < block.count) {
      addToMinutes(this.#rolled, block, window);
    } else {
      this.#blocks.push(block);
      this.#samples += block.count;
    }
    if (this.#samples > this.#samplesMax) await this.#rollAll();
    return taken;
  }

  /** All of the minutes that begin before a moment, in the order of time. */
  *before(untilMs: number): Generator<RollupEntry> {
    const starts = new Set(this.#rolled.starts);
    for (const block of this.#blocks) for (const startMs of startsOf(block)) starts.add(startMs);
    for (const startMs of [...starts].filter((start) => start < untilMs).sort((a, b) => a - b))
      yield* this.#minute(startMs);
  }

  /** Minutes that begin before it; the moment is the beginning of one. */
  forgetBefore(untilMs: number): void {
    this.#rolled.forgetBefore(untilMs);
    const window = { fromMs: untilMs, toMs: Number.POSITIVE_INFINITY };
    const kept: SampleBlock[] = [];
    for (const block of this.#blocks) {
      const left = countIn(block, window);
      if (left === block.count) kept.push(block);
      // One that spans minutes, as a batch of somebody who was away does.
      else if (left > 0) addToMinutes(this.#rolled, block, window);
    }
    this.#blocks = kept;
    this.#samples = kept.reduce((sum, { count }) => sum + count, 0);
  }

  *#minute(startMs: number): Generator<RollupEntry> {
    const window = { fromMs: startMs, toMs: startMs + minuteMs };
    const blocks = this.#blocks.filter((block) => countIn(block, window) > 0);
    const samples = blocks.reduce((sum, { count }) => sum + count, 0);
    const parts = Math.max(1, Math.ceil(samples / samplesOfPart));
    const rolled = [...this.#rolled.of(startMs)];
    if (blocks.length === 0) return yield* rolled;
    for (let part = 0; part < parts; part++) {
      const table = new RollupTable();
      for (const { series, rollup } of rolled)
        if (series % parts === part) table.at(startMs, series).merge(rollup);
      for (const block of blocks) addToMinutes(table, block, window, (id) => id % parts === part);
      yield* table.before(window.toMs);
    }
  }

  async #rollAll(): Promise<void> {
    const window = { fromMs: Number.NEGATIVE_INFINITY, toMs: Number.POSITIVE_INFINITY };
    for (let block = this.#blocks.pop(); block !== undefined; block = this.#blocks.pop()) {
      addToMinutes(this.#rolled, block, window);
      await setImmediate();
    }
    this.#samples = 0;
  }
}

/** Some 10 ms of work; in between, what was rolled up is written. */
const samplesOfPart = 20_000;

function countIn({ count, atMs }: SampleBlock, { fromMs, toMs }: TakenWindow): number {
  let found = 0;
  for (let place = 0; place < count; place++) {
    const sampleMs = atMs[place] as number;
    if (sampleMs >= fromMs && sampleMs < toMs) found++;
  }
  return found;
}

function startsOf({ count, atMs }: SampleBlock): ReadonlySet<number> {
  const starts = new Set<number>();
  let last = Number.NaN;
  for (let place = 0; place < count; place++) {
    const startMs = floorTo(minuteMs, atMs[place] as number);
    // Nearly all of a block are of one minute.
    if (startMs !== last) starts.add(startMs);
    last = startMs;
  }
  return starts;
}
