import type { Candidate } from './candidate.ts';

/**
 * Each in turn, by weight and smoothly: of weights 5, 1, 1 the first comes five times in seven, and not five times
 * in a row. Everybody gets its weight as credit, who has most is chosen and pays what all got (the rule is Igor
 * Sysoev's, of nginx). For best with the same load everywhere.
 */
export function pickInTurn(candidates: readonly Candidate[]): Candidate {
  let total = 0;
  let best = candidates[0] as Candidate;
  for (const candidate of candidates) {
    candidate.credit += candidate.weight;
    total += candidate.weight;
    if (candidate.credit > best.credit) best = candidate;
  }
  best.credit -= total;
  return best;
}
