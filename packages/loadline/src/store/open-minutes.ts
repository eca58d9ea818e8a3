import { setImmediate } from 'node:timers/promises';
import { type CommittedSamples, MinuteSamples } from './minute-samples.ts';
import { floorTo, minuteMs, type RollupEntry, RollupTable } from './rollup.ts';
import { SampleRooms } from './sample-rooms.ts';

/**
 * What is committed of minutes that are not rolled up yet. The samples stay as they came, in columns, and become rollups a
 * part of the series at a time: of a hundred thousand series with a dozen values each the rollups would take four times the
 * memory, as objects that every collection has to look at. Where there are very many samples it is the other way around,
 * and they are rolled up as they come.
 */
export class OpenMinutes {
  readonly #samplesMax: number;
  readonly #rooms = new SampleRooms();
  readonly #kept = new Map<number, MinuteSamples>();
  #samples = 0;
  #rolled = new RollupTable();

  /** @param samplesMax that are kept as they came; default 2,000,000, some 40 MB. */
  constructor(samplesMax: number = 2_000_000) {
    this.#samplesMax = samplesMax;
  }

  /** Adds the samples of a block that are not from before a moment; gives back how many. */
  async add(block: CommittedSamples, fromMs: number): Promise<number> {
    let taken = 0;
    let minute: MinuteSamples | undefined;
    let startMs = Number.NaN;
    for (let place = 0; place < block.count; place++) {
      const sampleMs = block.atMs[place] as number;
      if (sampleMs < fromMs) continue;
      // Nearly all of a block are of one minute.
      if (minute === undefined || floorTo(minuteMs, sampleMs) !== startMs) {
        startMs = floorTo(minuteMs, sampleMs);
        minute = this.#minuteAt(startMs);
      }
      minute.push(block, place);
      taken++;
    }
    this.#samples += taken;
    if (this.#samples > this.#samplesMax) await this.#rollAll();
    return taken;
  }

  /** All of the minutes that begin before a moment, in the order of time. */
  *before(untilMs: number): Generator<RollupEntry> {
    const starts = new Set([...this.#rolled.starts, ...this.#kept.keys()]);
    for (const startMs of [...starts].filter((start) => start < untilMs).sort((a, b) => a - b))
      yield* this.#minute(startMs);
  }

  /** Minutes that begin before it; the moment is the beginning of one. */
  forgetBefore(untilMs: number): void {
    this.#rolled.forgetBefore(untilMs);
    for (const [startMs, kept] of this.#kept) if (startMs < untilMs) this.#forget(startMs, kept);
  }

  #minuteAt(startMs: number): MinuteSamples {
    const known = this.#kept.get(startMs);
    if (known !== undefined) return known;
    const made = new MinuteSamples(startMs, this.#rooms);
    this.#kept.set(startMs, made);
    return made;
  }

  *#minute(startMs: number): Generator<RollupEntry> {
    const kept = this.#kept.get(startMs);
    if (kept === undefined) return yield* this.#rolled.of(startMs);
    const rolled = [...this.#rolled.of(startMs)];
    const parts = partsOf(kept);
    for (const [part, places] of parts.entries()) {
      const table = new RollupTable();
      for (const { series, rollup } of rolled)
        if (series % parts.length === part) table.at(startMs, series).merge(rollup);
      for (const place of places) kept.addTo(table, place);
      yield* table.of(startMs);
    }
  }

  async #rollAll(): Promise<void> {
    for (const [startMs, kept] of this.#kept) {
      for (let at = 0; at < kept.length; at++) {
        kept.addTo(this.#rolled, at);
        if (at % samplesAtOnce === 0) await setImmediate();
      }
      this.#forget(startMs, kept);
    }
  }

  #forget(startMs: number, kept: MinuteSamples): void {
    this.#samples -= kept.length;
    this.#kept.delete(startMs);
    kept.release();
  }
}

/** Some milliseconds of work; in between, what was rolled up is written. */
const samplesOfPart = 1000;
const samplesAtOnce = 5000;

/** The places of a minute's samples by their series, a number of series together. */
function partsOf(samples: MinuteSamples): readonly Uint32Array[] {
  const count = Math.max(1, Math.ceil(samples.length / samplesOfPart));
  const sizes = new Uint32Array(count);
  for (let at = 0; at < samples.length; at++) {
    const part = samples.seriesOf(at) % count;
    sizes[part] = (sizes[part] as number) + 1;
  }
  const places = new Uint32Array(samples.length);
  let start = 0;
  const parts = Array.from(sizes, (size) => {
    const part = places.subarray(start, start + size);
    start += size;
    return part;
  });
  const filled = new Uint32Array(count);
  for (let at = 0; at < samples.length; at++) {
    const part = samples.seriesOf(at) % count;
    const place = filled[part] as number;
    (parts[part] as Uint32Array)[place] = at;
    filled[part] = place + 1;
  }
  return parts;
}
