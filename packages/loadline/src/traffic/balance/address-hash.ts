import { hashText, mix } from '../../base/index.ts';
import type { Asked, Candidate } from './candidate.ts';

/**
 * The same key goes to the same upstream for as long as that is there (weighted rendezvous hashing: each draws a
 * number from the key and its own name, and the highest wins). Who joins takes its share from all alike, and who
 * leaves hands its keys to all alike; no other key moves.
 */
export function pickByAddress(candidates: readonly Candidate[], { key }: Asked): Candidate {
  const keyHash = hashText(key);
  let best = candidates[0] as Candidate;
  let bestScore = Number.NEGATIVE_INFINITY;
  for (const candidate of candidates) {
    const drawn = (mix(keyHash ^ candidate.idHash) + 0.5) / 2 ** 32;
    // With one exponential clock each, of the rate of its weight, the first to ring is chosen in proportion to it.
    const score = Math.log(drawn) / candidate.weight;
    if (score <= bestScore) continue;
    best = candidate;
    bestScore = score;
  }
  return best;
}
