import type { Clock } from '../../base/index.ts';

/** Lets through so many a second on average, and twice as many at once. */
export function createRateLimit(ratePerSecond: number, clock: Clock): () => boolean {
  const burst = ratePerSecond * 2;
  let left = burst;
  let lastMs = clock.monotonicMs();
  return () => {
    const nowMs = clock.monotonicMs();
    left = Math.min(burst, left + ((nowMs - lastMs) * ratePerSecond) / 1000);
    lastMs = nowMs;
    if (left < 1) return false;
    left--;
    return true;
  };
}
