import type { Reading, ResourceSeries } from './resource.ts';

/**
 * Makes series of what one probe reads, in constant memory. Time is cut into slots of one second; when they
 * have become too many, neighbours are joined, and slots are twice as long from then on. A slot without a
 * sample has no point.
 */
export class SeriesRecorder {
  readonly #source: string;
  readonly #series = new Map<string, GrowingSeries>();
  #slotSeconds = 1;
  #before: Sample | undefined;
  #hasLeftOut = false;

  constructor(source: string) {
    this.#source = source;
  }

  /** Notes what was read at a time, in milliseconds since the start of the run; rising from call to call. */
  record(elapsedMs: number, readings: readonly Reading[]): void {
    const now: Sample = { elapsedMs, readings: new Map(readings.map((each) => [each.name, each])) };
    for (const reading of now.readings.values()) {
      const value = reading.kind === 'gauge' ? reading.value : growth(reading, now, this.#before);
      if (value !== undefined && Number.isFinite(value) && elapsedMs >= 0)
        this.#add(reading, elapsedMs, value);
    }
    this.#before = now;
  }

  /** Notes that there is no sample: a growth over such a gap belongs to none of its seconds. */
  miss(): void {
    this.#before = undefined;
  }

  /** Whether there was a name for which there was no room, because there were 100 series already. */
  get hasLeftOut(): boolean {
    return this.#hasLeftOut;
  }

  series(): ResourceSeries[] {
    return Array.from(this.#series, ([name, { unit, slots }]) => ({
      source: this.#source,
      name,
      unit,
      points: slots.map(({ count, elapsedMsSum, valueSum }) => [
        Math.round(elapsedMsSum / count),
        valueSum / count,
      ]),
    }));
  }

  #add({ name, unit }: Reading, elapsedMs: number, value: number): void {
    const series = this.#series.get(name) ?? this.#begin(name, unit);
    if (series === undefined) return;
    const second = secondOf(elapsedMs);
    while (Math.floor(second / this.#slotSeconds) >= pointsMax) this.#joinNeighbours();
    const at = Math.floor(second / this.#slotSeconds);
    const last = series.slots.at(-1);
    if (last?.at === at) {
      last.count++;
      last.elapsedMsSum += elapsedMs;
      last.valueSum += value;
    } else {
      series.slots.push({ at, count: 1, elapsedMsSum: elapsedMs, valueSum: value });
    }
  }

  #begin(name: string, unit: string): GrowingSeries | undefined {
    if (this.#series.size === seriesMax) {
      this.#hasLeftOut = true;
      return undefined;
    }
    const series = { unit, slots: [] };
    this.#series.set(name, series);
    return series;
  }

  #joinNeighbours(): void {
    this.#slotSeconds *= 2;
    for (const series of this.#series.values()) {
      series.slots = Array.from(
        Map.groupBy(series.slots, ({ at }) => at >> 1),
        ([at, joined]) => ({
          at,
          count: joined.reduce((sum, slot) => sum + slot.count, 0),
          elapsedMsSum: joined.reduce((sum, slot) => sum + slot.elapsedMsSum, 0),
          valueSum: joined.reduce((sum, slot) => sum + slot.valueSum, 0),
        }),
      );
    }
  }
}

/** The second of the run that a sample stands for. Samples come around full seconds, some a little early. */
export function secondOf(elapsedMs: number): number {
  return Math.floor(elapsedMs / 1000 + 0.5);
}

const pointsMax = 600;
const seriesMax = 100;

interface Sample {
  readonly elapsedMs: number;
  readonly readings: ReadonlyMap<string, Reading>;
}

interface GrowingSeries {
  readonly unit: string;
  /** In the order of time; those without a sample are left out. */
  slots: Slot[];
}

/** Sums, because means of means would weigh a slot with gaps as much as a full one. */
interface Slot {
  readonly at: number;
  count: number;
  elapsedMsSum: number;
  valueSum: number;
}

/**
 * What a counter grew by, a second or by its other counter's growth. A counter that fell has begun anew, as
 * after a restart: what it had counted before is not known, so there is no value.
 */
function growth(reading: Reading, now: Sample, before: Sample | undefined): number | undefined {
  const earlier = before?.readings.get(reading.name);
  if (before === undefined || earlier === undefined) return undefined;
  const grown = reading.value - earlier.value;
  const over =
    reading.per === undefined
      ? (now.elapsedMs - before.elapsedMs) / 1000
      : reading.per - (earlier.per ?? Number.NaN);
  return grown >= 0 && over > 0 ? grown / over : undefined;
}
