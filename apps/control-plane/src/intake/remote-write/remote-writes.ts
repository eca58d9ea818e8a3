import type { Clock } from 'loadline/base';
import { type Sample, type Series, scaleOf } from 'loadline/store';
import { growthOf } from '../../collect/index.ts';
import type { GrowingHistogram, HistogramStep } from './growing-histogram.ts';
import { type Last, type MetBucket, type MetNumber, RemoteMemory } from './remote-memory.ts';
import { uncompressBlock } from './snappy-block.ts';
import { readWriteRequest, type WrittenSample, type WrittenSeries } from './write-request.ts';

/** What a request says, as samples for the store. */
export interface RemoteWrite {
  readonly samples: readonly Sample[];
  readonly pointerOf: (index: number) => string;
  readonly refused: number;
  /** The first of that. */
  readonly problems: readonly { readonly pointer: string; readonly detail: string }[];
  readonly leftOut: number;
  /** Whether buckets wait for the rest of their histogram, which comes with another request. */
  readonly isHeld: boolean;
  /** Whether something was the first of its series, and what comes next is compared with it. */
  readonly isRemembered: boolean;
  /** Forgets the request, because it will be sent again. */
  undo(): void;
}

const unpackedBytesMax = 8 * 1024 * 1024;
const samplesMax = 10_000;
const problemsMax = 10;

/**
 * Reads what Prometheus writes. Each series is taken by itself, since what was scraped at once comes in several requests:
 * a counter becomes what it grew by the second since its sample before, a gauge stays as it is, and a histogram is put together
 * of its buckets and becomes what was recorded since the one before. What each showed last is remembered in this process
 * alone: the first sample of a counter says nothing.
 */
export class RemoteWrites {
  readonly #memory: RemoteMemory;

  /** @param seriesMax of how many series that grow the last value is remembered. */
  constructor(clock: Clock, seriesMax: number = 50_000) {
    this.#memory = new RemoteMemory(clock, seriesMax);
  }

  /** @throws CONTROL_PLANE_BODY_MALFORMED, CONTROL_PLANE_BODY_TOO_LARGE */
  read(body: Uint8Array): RemoteWrite {
    const { series, known } = readWriteRequest(uncompressBlock(body, unpackedBytesMax), samplesMax);
    for (const name of known) this.#memory.learn(name);
    const reading = new RequestReading(this.#memory);
    for (const [place, written] of series.entries()) reading.take(written, `/timeseries/${place}`);
    return reading;
  }
}

/** One request on its way to samples. */
class RequestReading implements RemoteWrite {
  readonly samples: Sample[] = [];
  readonly problems: { readonly pointer: string; readonly detail: string }[] = [];
  refused = 0;
  leftOut = 0;
  isRemembered = false;
  readonly #pointers: string[] = [];
  readonly #memory: RemoteMemory;
  /** Puts back what a series had shown before this request. */
  readonly #undo = new Map<object, () => void>();
  readonly #histograms = new Set<Last<GrowingHistogram>>();

  constructor(memory: RemoteMemory) {
    this.#memory = memory;
  }

  readonly pointerOf = (index: number): string => this.#pointers[index] as string;

  get isHeld(): boolean {
    return [...this.#histograms].some(({ grown }) => grown.isHeld);
  }

  undo(): void {
    for (const putBack of this.#undo.values()) putBack();
  }

  take({ labels, samples, nativeHistograms }: WrittenSeries, pointer: string): void {
    if (nativeHistograms > 0)
      this.#refuse(nativeHistograms, { pointer, detail: 'has native histograms, which are not kept' });
    if (samples.length === 0) return;
    const met = this.#memory.meet(labels);
    if (typeof met === 'string') {
      this.#refuse(samples.length, { pointer, detail: met });
      return;
    }
    samples.forEach((sample, place) => {
      const at = `${pointer}/samples/${place}`;
      // By it Prometheus says that there is no number, or that there will be no more.
      if (Number.isNaN(sample.value)) this.leftOut++;
      else if (met.kind === 'number') this.#takeNumber(met, sample, at);
      else this.#takeBucket(met, sample, at);
    });
  }

  #takeNumber({ named, last }: MetNumber, { value, atMs }: WrittenSample, pointer: string): void {
    const nature = this.#memory.natureOf(named);
    if (nature === 'stands') this.#put({ series: named.plain, atMs, value }, pointer);
    else if (nature === 'in a histogram') this.leftOut++;
    else {
      this.#keep(last);
      const growth = last.grown.grow(value, atMs);
      // The first one waits for what else there is of its kind.
      if (nature === 'unknown' && growth !== undefined)
        this.#put({ series: named.plain, atMs, value }, pointer);
      else if (nature === 'unknown' || growth === 'late') this.leftOut++;
      else if (growth === undefined) this.isRemembered = true;
      else this.#put({ series: named.growing, atMs, value: growth }, pointer);
    }
  }

  #takeBucket({ named, last }: MetBucket, { value, atMs }: WrittenSample, pointer: string): void {
    this.#keep(last);
    this.#histograms.add(last);
    const step = last.grown.add({ bound: named.bound, count: value, atMs });
    if (step === 'late') this.leftOut++;
    else if (step === 'too many')
      this.#refuse(1, { pointer, detail: 'is of a histogram with too many buckets' });
    else if (step === undefined) this.isRemembered = true;
    else {
      const grown = grownOf(step, named.histogram);
      if (grown !== undefined) this.#put({ series: named.histogram, atMs, value: grown }, pointer);
    }
  }

  #keep<Grown extends { copy(): Grown }>(last: Last<Grown>): void {
    if (this.#undo.has(last)) return;
    const before = last.grown.copy();
    this.#undo.set(last, () => {
      last.grown = before;
    });
  }

  #put(sample: Sample, pointer: string): void {
    this.samples.push(sample);
    this.#pointers.push(pointer);
  }

  #refuse(count: number, problem: { readonly pointer: string; readonly detail: string }): void {
    this.refused += count;
    if (this.problems.length < problemsMax) this.problems.push(problem);
  }
}

/** What was recorded in between, as the store has it; undefined where nothing was. */
function grownOf({ before, after }: HistogramStep, { unit }: Series): Uint8Array | undefined {
  const grown = growthOf(
    { form: 'bounds', ...before },
    { form: 'bounds', ...after },
    { scale: scaleOf(unit), perUnit: 1 },
  );
  return grown?.encode();
}
