import type { Asked, Candidate } from './candidate.ts';

/**
 * The better of two that chance names: nearly as good as to know the best of all, and it never sends everybody to
 * the same one at once, as that would. Better is who is expected to be done sooner, by its latency and what it has to
 * do. The first is drawn by weight, and stays where both are as good, so that weights hold while nobody is busy.
 */
export function pickOfTwo(candidates: readonly Candidate[], { random, nowMs }: Asked): Candidate {
  if (candidates.length === 1) return candidates[0] as Candidate;
  const first = drawByWeight(candidates, random);
  const second = drawOther(candidates, first, random);
  return costOf(second, nowMs) < costOf(first, nowMs) ? second : first;
}

function drawByWeight(candidates: readonly Candidate[], random: () => number): Candidate {
  let total = 0;
  for (const { weight } of candidates) total += weight;
  let left = random() * total;
  for (const candidate of candidates) {
    left -= candidate.weight;
    if (left < 0) return candidate;
  }
  return candidates[candidates.length - 1] as Candidate;
}

function drawOther(candidates: readonly Candidate[], first: Candidate, random: () => number): Candidate {
  const drawn = candidates[Math.floor(random() * (candidates.length - 1))] as Candidate;
  return drawn === first ? (candidates[candidates.length - 1] as Candidate) : drawn;
}

function costOf(candidate: Candidate, nowMs: number): number {
  const { inFlight, weight } = candidate;
  // The root, because a peak is mostly chance: with the latency itself, equal ones get shares that differ by 7 %.
  return Math.sqrt(decayed(candidate, nowMs) + latencyFloorMs) * (inFlight / weight + 1);
}

/** Takes in how long a request took: a peak counts at once, and is forgotten slowly, so that one who was slow is tried again. */
export function observeLatency(candidate: Candidate, latencyMs: number, nowMs: number): void {
  candidate.latencyMs = peakLatency(candidate, latencyMs, nowMs);
  candidate.latencyAtMs = nowMs;
}

/** A moving average whose past fades with time, and which a higher value lifts at once. Pure. */
export function peakLatency(
  { latencyMs: before, latencyAtMs }: Pick<Candidate, 'latencyMs' | 'latencyAtMs'>,
  latencyMs: number,
  nowMs: number,
): number {
  if (latencyMs >= before) return latencyMs;
  const share = Math.exp(-Math.max(0, nowMs - latencyAtMs) / memoryMs);
  return before * share + latencyMs * (1 - share);
}

function decayed({ latencyMs, latencyAtMs }: Candidate, nowMs: number): number {
  return latencyMs * Math.exp(-Math.max(0, nowMs - latencyAtMs) / memoryMs);
}

/** After so long a peak weighs a third. */
const memoryMs = 2000;
/** Below this, differences are noise of the clock, and what is on the way counts alone. */
const latencyFloorMs = 1;
