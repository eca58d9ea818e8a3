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
    const expected = this.predict(1);
    const level = this.#levelAfter(value, expected);
    this.#trend = this.#trendAfter(value, expected, level);
    this.#level = level;
  }

  predict(steps: number): number {
    const kept = this.#kept[steps] ?? this.#learn(steps);
    return this.#level * kept + this.#trend * (this.#grown[steps] as number);
  }

  predictAfter(value: number, steps: number): number {
    const expected = this.predict(1);
    const level = this.#levelAfter(value, expected);
    const trend = this.#trendAfter(value, expected, level);
    const kept = this.#kept[steps] ?? this.#learn(steps);
    return level * kept + trend * (this.#grown[steps] as number);
  }

  #levelAfter(value: number, expected: number): number {
    if (Number.isNaN(value)) return expected;
    return Number.isNaN(expected) ? value : expected + this.#habits.pace * (value - expected);
  }

  #trendAfter(value: number, expected: number, level: number): number {
    const { trendPace, trendKept } = this.#habits;
    if (trendPace === 0 || Number.isNaN(expected)) return 0;
    const trend = trendKept * this.#trend;
    return Number.isNaN(value) ? trend : trend + trendPace * (level - this.#level - trend);
  }

  #learn(steps: number): number {
    const { trendKept, levelKept } = this.#habits;
    const kept = levelKept ** steps;
    this.#kept[steps] = kept;
    this.#grown[steps] = trendKept === 1 ? steps : (trendKept * (1 - trendKept ** steps)) / (1 - trendKept);
    return kept;
  }
}
