import { type Clock, pause, type Timer } from '../../base/index.ts';
import type { Reading, ResourceProbe, ResourceSeries } from './resource.ts';
import { SeriesRecorder, secondOf } from './series-recorder.ts';

export interface ProbeWatchOptions {
  readonly clock: Clock;
  /** When the run began, by the clock's `monotonicMs`. */
  readonly startMs: number;
}

/**
 * Asks one probe at once, and then at each full second of the run. A probe that does not answer in time, or
 * fails, has a gap there and is asked again a second later; one that is still busy with an old question is not
 * asked a second one. Nobody waits for it but itself.
 */
export class ProbeWatch {
  readonly #probe: ResourceProbe;
  readonly #clock: Clock;
  readonly #startMs: number;
  readonly #recorder: SeriesRecorder;
  /** Why there are gaps → how many. */
  readonly #gaps = new Map<string, number>();
  #asked = 0;
  /** The second that was asked for last. */
  #second = Number.NaN;
  #isBusy = false;
  #timer: Timer | undefined;
  /** Ends the sample under way. */
  #asking: AbortController | undefined;
  #closed: Promise<void> | undefined;

  constructor(probe: ResourceProbe, { clock, startMs }: ProbeWatchOptions) {
    this.#probe = probe;
    this.#clock = clock;
    this.#startMs = startMs;
    this.#recorder = new SeriesRecorder(probe.source);
    this.#tick();
  }

  series(): ResourceSeries[] {
    return this.#recorder.series();
  }

  /** What people should know: how many samples are missing, and why, the most frequent reason first. */
  problems(): string[] {
    const { source } = this.#probe;
    const gaps = [...this.#gaps].toSorted(([, a], [, b]) => b - a);
    const missing = gaps.reduce((sum, [, count]) => sum + count, 0);
    const reasons = gaps.map(([reason, count]) => (gaps.length === 1 ? reason : `${reason} (${count})`));
    const gapLine = `${source}: ${reasons.join('; ')}, ${missing} of ${this.#asked} samples missing`;
    const fullLine = `${source}: has more than 100 series, the others were left out`;
    const noteLines = (this.#probe.notes?.() ?? []).map((note) => `${source}: ${note}`);
    return [
      ...(missing > 0 ? [gapLine] : []),
      ...(this.#recorder.hasLeftOut ? [fullLine] : []),
      ...noteLines,
    ];
  }

  /** Ends the watch and closes the probe; a sample under way is given up. A second call waits for the first. */
  stop(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  #tick(): void {
    const elapsedMs = this.#elapsedMs();
    const second = secondOf(elapsedMs);
    for (let skipped = this.#second + 1; skipped < second; skipped++) {
      this.#asked++;
      this.#miss('this machine was too busy to look');
    }
    this.#second = second;
    this.#timer = this.#clock.setTimer(() => this.#tick(), (second + 1) * 1000 - elapsedMs);
    this.#asked++;
    if (this.#isBusy) this.#miss(noAnswer);
    else void this.#ask();
  }

  /** Takes one sample; never rejects. */
  async #ask(): Promise<void> {
    const askedMs = this.#elapsedMs();
    const asking = new AbortController();
    this.#asking = asking;
    const timer = this.#clock.setTimer(() => asking.abort(new Error(noAnswer)), sampleLimitMs);
    try {
      const readings = await orAborted(this.#sample(asking.signal), asking.signal);
      // Nobody knows when between question and answer it was looked; the middle errs least.
      this.#recorder.record((askedMs + this.#elapsedMs()) / 2, readings);
    } catch (error) {
      if (this.#closed !== undefined) this.#asked--;
      else this.#miss(reasonOf(error));
    } finally {
      timer.cancel();
    }
  }

  async #sample(signal: AbortSignal): Promise<readonly Reading[]> {
    this.#isBusy = true;
    try {
      return await this.#probe.sample(signal);
    } finally {
      this.#isBusy = false;
    }
  }

  #miss(reason: string): void {
    this.#recorder.miss();
    const known = this.#gaps.size < reasonsMax || this.#gaps.has(reason) ? reason : 'other reasons';
    this.#gaps.set(known, (this.#gaps.get(known) ?? 0) + 1);
  }

  async #close(): Promise<void> {
    this.#timer?.cancel();
    this.#asking?.abort();
    const closed = new AbortController();
    // What does not let go in time, or fails to, must not keep the report back.
    const isClosing = this.#probe
      .close()
      .catch(() => undefined)
      .finally(() => closed.abort());
    await Promise.race([isClosing, pause(this.#clock, closeLimitMs, closed.signal)]);
  }

  #elapsedMs(): number {
    return this.#clock.monotonicMs() - this.#startMs;
  }
}

/** Less than the second to the next sample. */
const sampleLimitMs = 800;
const closeLimitMs = 2000;
const reasonsMax = 4;
const noAnswer = `no answer within ${sampleLimitMs} ms`;

/** What `work` gives, or the signal's reason as soon as it aborts; then `work` may end as it likes. */
function orAborted<Value>(work: Promise<Value>, signal: AbortSignal): Promise<Value> {
  return new Promise((resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
    work.then(resolve, reject);
  });
}

/** The sentence of an error, as part of ours. Other people's sentences may be long, and have several lines. */
function reasonOf(error: unknown): string {
  const { message, code } = error as Partial<NodeJS.ErrnoException>;
  const text = (message || code || String(error)).replace(/[\s\p{C}]+/gu, ' ').replace(/[.\s]+$/, '');
  return text.length > 200 ? `${text.slice(0, 199)}…` : text;
}
