import { dayMs } from './candidates.ts';
import { createForecaster, type Forecaster, type ForecastOptions, type Foreseen } from './forecaster.ts';
import type { Series } from './series.ts';

/** How it keeps what it takes, and how often it chooses anew. */
export interface RollingForecastOptions extends ForecastOptions {
  /** Values are averaged over steps of this length; a day must be a whole number of them. Default a minute. */
  readonly stepMs?: number;
  /** After so long the way to forecast is chosen anew. Default a day. */
  readonly chosenForMs?: number;
  /** What is known already. Its step is the one that is used. */
  readonly history?: Series;
}

/**
 * A forecast that goes with the time: takes values as they come, fills the gaps between them with nothing, and
 * chooses anew once a day. Keeps 35 days. It reads no clock: time is what the values say.
 */
export class RollingForecast {
  readonly #options: RollingForecastOptions;
  readonly #stepMs: number;
  readonly #stepsMax: number;
  readonly #values: Float64Array;
  /** Of the step that is being filled; undefined before the first value. */
  #step: number | undefined;
  #sum = 0;
  #count = 0;
  /** How many steps are complete, and of these, how many are kept: the last ones, in a ring. */
  #taken = 0;
  #forecaster: Forecaster | undefined;
  #chosenAt = 0;

  constructor(options: RollingForecastOptions = {}) {
    this.#options = options;
    this.#stepMs = options.history?.stepMs ?? options.stepMs ?? 60_000;
    this.#stepsMax = Math.floor((35 * dayMs) / this.#stepMs);
    this.#values = new Float64Array(this.#stepsMax);
    const { history } = options;
    if (history === undefined) return;
    this.#step = Math.floor(history.startMs / this.#stepMs);
    for (let at = 0; at < history.values.length; at++) this.#finish(history.values[at] as number);
  }

  /** What was chosen last; undefined before enough was seen. */
  get verdict(): Forecaster['verdict'] | undefined {
    return this.#forecaster?.verdict;
  }

  /** A value and when it was measured; one that is older than the last step is left out. */
  observe(atMs: number, value: number): void {
    const step = Math.floor(atMs / this.#stepMs);
    this.#step ??= step;
    if (step < this.#step) return;
    // A gap longer than what is kept leaves nothing to go on from.
    const gapEnd = Math.min(step, this.#step + this.#stepsMax);
    while (this.#step < gapEnd) this.#finish(this.#count === 0 ? Number.NaN : this.#sum / this.#count);
    this.#step = step;
    if (!Number.isFinite(value) || value < 0) return;
    this.#sum += value;
    this.#count++;
  }

  /** What is expected at a time after the last complete step, at most the horizon ahead; undefined where nothing can be said. */
  at(atMs: number): Foreseen | undefined {
    if (this.#step === undefined) return undefined;
    this.#choose();
    // It counts from the middle of a step: the last complete one, or the one that goes on, where something was seen of it.
    const sinceMs = atMs - (this.#step - 0.5) * this.#stepMs;
    return this.#count === 0
      ? this.#forecaster?.at(Math.max(this.#stepMs, sinceMs))
      : this.#forecaster?.atAfter(this.#sum / this.#count, Math.max(this.#stepMs, sinceMs - this.#stepMs));
  }

  #finish(value: number): void {
    this.#values[this.#taken % this.#stepsMax] = value;
    this.#taken++;
    this.#step = (this.#step as number) + 1;
    this.#sum = 0;
    this.#count = 0;
    this.#forecaster?.observe(value);
  }

  #choose(): void {
    const { chosenForMs = dayMs } = this.#options;
    const since = this.#taken - this.#chosenAt;
    const isDue =
      this.#forecaster === undefined || this.#forecaster.verdict.kind === 'none'
        ? since >= retrySteps || this.#chosenAt === 0
        : since * this.#stepMs >= chosenForMs;
    if (!isDue || this.#taken === 0) return;
    this.#chosenAt = this.#taken;
    this.#forecaster = createForecaster(this.history, this.#options);
  }

  /** What it knows, without the step that goes on: another forecast may begin with it. */
  get history(): Series {
    const count = Math.min(this.#taken, this.#stepsMax);
    const values = Float64Array.from(
      { length: count },
      (_, at) => this.#values[(this.#taken - count + at) % this.#stepsMax] as number,
    );
    return { startMs: ((this.#step ?? count) - count) * this.#stepMs, stepMs: this.#stepMs, values };
  }
}

/** So long after a history that was too short, it is looked at again. */
const retrySteps = 30;
