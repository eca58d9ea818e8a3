import type { Predictor } from './predictor.ts';

/** How a level follows what is measured, and what becomes of it; times are in steps. */
export interface LevelHabits {
  /** The share of a new value: 1 believes it, 0 ignores it. */
  readonly pace: number;
  /** The share by which the trend follows the level's changes; 0 for none. */
  readonly trendPace: number;
  /** What a step leaves of the trend: below 1 it levels off (E. S. Gardner, E. McKenzie, 1985). */
  readonly trendKept: number;
  /** What a step leaves of the level: below 1 it goes back to 0, as a deviation from a season does. */
  readonly levelKept: number;
}

/** A level with a damped trend, by exponential smoothing (C. C. Holt, 1957). */
export class Level implements Predictor {
  readonly #habits: LevelHabits;
  /** By steps ahead, what is left of the level, and how many trends are added: asked for the same few again and again. */
  readonly #kept: number[] = [];
  readonly #grown: number[] = [];
  #level = Number.NaN;
  #trend = 0;

  constructor(habits: LevelHabits) {
    this.#habits = habits;
  }

  observe(value: number): void {
    const { level, trend } = this.#after(value);
    this.#level = level;
    this.#trend = trend;
  }

  predict(steps: number): number {
    const kept = this.#kept[steps] ?? this.#learn(steps);
    return this.#level * kept + this.#trend * (this.#grown[steps] as number);
  }

  predictAfter(value: number, steps: number): number {
    const { level, trend } = this.#after(value);
    const kept = this.#kept[steps] ?? this.#learn(steps);
    return level * kept + trend * (this.#grown[steps] as number);
  }

  /** Level and trend once this value is observed. */
  #after(value: number): { readonly level: number; readonly trend: number } {
    const { pace, trendPace, trendKept } = this.#habits;
    const expected = this.predict(1);
    const trend = trendKept * this.#trend;
    if (Number.isNaN(value)) return { level: expected, trend };
    if (Number.isNaN(expected)) return { level: value, trend: 0 };
    const level = expected + pace * (value - expected);
    return { level, trend: trendPace > 0 ? trend + trendPace * (level - this.#level - trend) : 0 };
  }

  #learn(steps: number): number {
    const { trendKept, levelKept } = this.#habits;
    const kept = levelKept ** steps;
    this.#kept[steps] = kept;
    this.#grown[steps] = trendKept === 1 ? steps : (trendKept * (1 - trendKept ** steps)) / (1 - trendKept);
    return kept;
  }
}
