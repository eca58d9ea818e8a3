import { Level, type LevelHabits } from './level.ts';
import type { Predictor } from './predictor.ts';

/**
 * Exponential smoothing with a season (P. R. Winters, 1960): a level with its damped trend, and for each step of the
 * season what it adds, which follows slowly. On logarithms, so that a season multiplies.
 *
 * @param seasonPace how much of a deviation a step of the season takes over, once a season.
 */
export function createHoltWinters(season: number, seasonPace: number, habits: LevelHabits): Predictor {
  const added = new Float64Array(season);
  const first = new Float64Array(season).fill(Number.NaN);
  const level = new Level(habits);
  let at = -1;

  /** The first season is only looked at: what it adds is measured from its own mean. */
  function begin(): void {
    const known = first.filter((value) => !Number.isNaN(value));
    const mean = known.reduce((sum, value) => sum + value, 0) / known.length;
    for (let step = 0; step < season; step++) {
      const value = first[step] as number;
      added[step] = Number.isNaN(value) ? 0 : value - mean;
    }
    level.observe(mean);
  }

  return {
    observe(value) {
      at++;
      if (at < season) {
        first[at] = value;
        if (at === season - 1) begin();
        return;
      }
      const step = at % season;
      const before = added[step] as number;
      const deseasoned = value - before;
      const expected = level.predict(1);
      level.observe(deseasoned);
      if (!Number.isNaN(value) && !Number.isNaN(expected))
        added[step] = before + seasonPace * (deseasoned - expected);
    },
    predict: (steps) =>
      at < season - 1 ? Number.NaN : level.predict(steps) + (added[(at + steps) % season] as number),
    predictAfter: (value, steps) =>
      at < season - 1
        ? Number.NaN
        : level.predictAfter(value - (added[(at + 1) % season] as number), steps) +
          (added[(at + 1 + steps) % season] as number),
  };
}
