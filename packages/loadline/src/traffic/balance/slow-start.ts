/**
 * The share of its weight that a new upstream has: caches are cold and code is not compiled yet, so it begins with a
 * tenth and grows evenly to the whole. Pure. @param ageMs since it could first be sent requests.
 */
export function slowStartShare(ageMs: number, slowStartMs: number): number {
  if (slowStartMs <= 0 || ageMs >= slowStartMs) return 1;
  return Math.max(shareMin, ageMs / slowStartMs);
}

const shareMin = 0.1;
