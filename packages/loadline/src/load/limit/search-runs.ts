/** One run of a limit search, and what became of it. */
export interface SearchRun {
  readonly purpose: RunPurpose;
  readonly ratePerSecond: number;
  readonly outcome: RunOutcome;
}

export type RunPurpose = 'climb' | 'search' | 'confirm' | 'refute';

/** `invalid`: the run says nothing about the target, as when the generator was the bottleneck. */
export type RunOutcome = 'met' | 'missed' | 'invalid';

/** The highest rate that met the objectives; undefined where none did. */
export function highestMet(runs: readonly SearchRun[]): number | undefined {
  const rates = ratesOf(runs, 'met');
  return rates.length === 0 ? undefined : Math.max(...rates);
}

/**
 * Why the runs have no one limit: a rate was met, and rates well below it were missed more than once. One miss
 * can be a hiccup, and near each other noise decides; this is neither.
 */
export function contradictionIn(runs: readonly SearchRun[]): string | undefined {
  const met = highestMet(runs) ?? 0;
  const isBelow = (run: SearchRun): boolean =>
    run.outcome === 'missed' && run.ratePerSecond * noiseFactor < met;
  const missed = runs.filter(isBelow);
  if (missed.length < 2) return undefined;
  const lastMet = runs.findLastIndex((run) => run.outcome === 'met' && run.ratePerSecond === met);
  const rates = [...new Set(missed.map((run) => showRate(run.ratePerSecond)))].join(', ');
  return runs.findIndex(isBelow) > lastMet
    ? `The target met the objectives at ${showRate(met)} and later missed them at ${rates}: it has become slower, or did not recover from the load.`
    : `The target met the objectives at ${showRate(met)} and missed them at ${rates}: more load was carried better than less.`;
}

/** How far apart two rates have to be so that noise does not reach from one to the other. */
const noiseFactor = 1.5;

/** For people: `402/s`, `12.5/s`. */
export function showRate(ratePerSecond: number): string {
  return `${ratePerSecond >= 100 ? Math.round(ratePerSecond).toLocaleString('en-US') : Number(ratePerSecond.toPrecision(3))}/s`;
}

export function ratesOf(runs: readonly SearchRun[], outcome: RunOutcome): number[] {
  return runs.filter((run) => run.outcome === outcome).map((run) => run.ratePerSecond);
}
