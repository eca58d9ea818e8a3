import type { Stage } from '../plan.ts';

/** From the beginning of the first stage to the end of the last. */
export function lengthMs(stages: readonly Stage[]): number {
  return stages.reduce((sum, stage) => sum + stage.durationMs, 0);
}

export function stretchStages(stages: readonly Stage[], factor: number): Stage[] {
  return stages.map((stage) => ({ ...stage, durationMs: stage.durationMs * factor }));
}

/** Every level through `change`; a number of users and a rate are told apart by the stage's kind. */
function mapLevels(
  stages: readonly Stage[],
  change: (level: number, kind: 'users' | 'arrivals') => number,
): Stage[] {
  return stages.map((stage) => {
    if (stage.kind === 'iterations') return { ...stage, users: change(stage.users, 'users') };
    return { ...stage, from: change(stage.from, stage.kind), to: change(stage.to, stage.kind) };
  });
}

/** A scaled number of users stays whole, and is never rounded to none. */
export function scaleStages(stages: readonly Stage[], scale: number): Stage[] {
  return mapLevels(stages, (level, kind) =>
    kind === 'arrivals' || level === 0 ? level * scale : Math.max(1, Math.round(level * scale)),
  );
}

/** The most users that the closed stages have at once. */
export function peakUsers(stages: readonly Stage[]): number {
  return stages.reduce((peak, stage) => {
    if (stage.kind === 'arrivals') return peak;
    return Math.max(peak, stage.kind === 'iterations' ? stage.users : Math.max(stage.from, stage.to));
  }, 0);
}

/** The same stages once for each weight, with its share of every level. Shares of users are whole. */
export function divideStages(stages: readonly Stage[], weights: readonly number[]): Stage[][] {
  const sum = weights.reduce((total, weight) => total + weight, 0);
  return weights.map((weight, index) =>
    mapLevels(stages, (level, kind) =>
      kind === 'arrivals' ? (level * weight) / sum : (wholeShares(level, weights)[index] as number),
    ),
  );
}

/**
 * Whole shares by weight that add up to the whole: each is rounded down, and what is left goes to those that
 * lost most by it, the first of equals first (the method of largest remainders).
 */
function wholeShares(whole: number, weights: readonly number[]): number[] {
  const sum = weights.reduce((total, weight) => total + weight, 0);
  const exact = weights.map((weight) => (whole * weight) / sum);
  const shares = exact.map((share) => Math.floor(share + 1e-9));
  const left = whole - shares.reduce((total, share) => total + share, 0);
  const byLoss = exact
    .map((share, index) => ({ index, loss: share - (shares[index] as number) }))
    .toSorted((a, b) => b.loss - a.loss);
  for (const { index } of byLoss.slice(0, left)) shares[index] = (shares[index] as number) + 1;
  return shares;
}
