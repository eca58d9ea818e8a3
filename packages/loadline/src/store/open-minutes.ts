import { setImmediate } from 'node:timers/promises';
import { floorTo, minuteMs, type RollupEntry, RollupTable } from './rollup.ts';
import { addSample, addToMinutes, type SampleBlock, type TakenWindow } from './sample-block.ts';

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
    const rolled = [...this.#rolled.of(startMs)];
    if (blocks.length === 0) return yield* rolled;
    const parts = partsOf(blocks, window);
    for (const [part, places] of parts.entries()) {
      const table = new RollupTable();
      for (const { series, rollup } of rolled)
        if (series % parts.length === part) table.at(startMs, series).merge(rollup);
      for (let at = 0; at < places.length; at += 2)
        addSample(table, blocks[places[at] as number] as SampleBlock, places[at + 1] as number);
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

/** Some milliseconds of work; in between, what was rolled up is written. */
const samplesOfPart = 1000;

/** The samples of a window by their series, a number of series together: pairs of a block and a place in it. */
function partsOf(blocks: readonly SampleBlock[], window: TakenWindow): readonly Uint32Array[] {
  const samples = blocks.reduce((sum, block) => sum + countIn(block, window), 0);
  const count = Math.max(1, Math.ceil(samples / samplesOfPart));
  const sizes = new Uint32Array(count);
  eachIn(blocks, window, (series) => {
    sizes[series % count] = (sizes[series % count] as number) + 1;
  });
  const parts = Array.from(sizes, (size) => new Uint32Array(2 * size));
  const ends = new Uint32Array(count);
  eachIn(blocks, window, (series, block, place) => {
    const part = series % count;
    const end = ends[part] as number;
    const own = parts[part] as Uint32Array;
    own[end] = block;
    own[end + 1] = place;
    ends[part] = end + 2;
  });
  return parts;
}

function eachIn(
  blocks: readonly SampleBlock[],
  { fromMs, toMs }: TakenWindow,
  visit: (series: number, block: number, place: number) => void,
): void {
  for (const [number, { count, atMs, series, seriesAt }] of blocks.entries()) {
    for (let place = 0; place < count; place++) {
      const sampleMs = atMs[place] as number;
      if (sampleMs < fromMs || sampleMs >= toMs) continue;
      visit(series[seriesAt[place] as number]?.id as number, number, place);
    }
  }
}

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
