import type { Predictor } from './predictor.ts';

/** What was there a season ago: whoever forecasts has to beat it. Where that was not measured, a season before it. */
export function createSeasonalNaive(season: number): Predictor {
  const last = new Float64Array(season).fill(Number.NaN);
  let at = -1;
  return {
    observe(value) {
      at++;
      if (!Number.isNaN(value)) last[at % season] = value;
    },
    predict: (steps) => last[(at + steps) % season] ?? Number.NaN,
    predictAfter: (_, steps) => last[(at + 1 + steps) % season] ?? Number.NaN,
  };
}
