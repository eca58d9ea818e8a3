import type { Candidate } from './candidate.ts';
import { pickInTurn } from './round-robin.ts';

/**
 * Who is busy with least, for its weight; for requests that differ much, and for connections that last. Those who
 * are equal take turns by their weights: else one would get all that comes while nobody is busy.
 */
export function pickLeastConnections(candidates: readonly Candidate[]): Candidate {
  let least = Number.POSITIVE_INFINITY;
  let equal = 0;
  let last = candidates[0] as Candidate;
  for (const candidate of candidates) {
    const busy = busyness(candidate);
    if (busy > least) continue;
    equal = busy < least ? 1 : equal + 1;
    least = busy;
    last = candidate;
  }
  if (equal === 1) return last;
  return pickInTurn(candidates.filter((candidate) => busyness(candidate) === least));
}

/** Of weights 1 and 4, four times as much: and while nobody is busy all are equal, so that the turns alone meet their weights. */
function busyness({ inFlight, weight }: Candidate): number {
  return inFlight / weight;
}
