import type { Random } from 'loadline/base';

/** Changes bytes in place, and says how many. */
export type Corruptor = (bytes: Uint8Array, ratio: number) => number;

/**
 * Changes each byte with probability `ratio`, to any other value. Which ones depends on the seed and their place
 * in the stream alone, not on how the stream was cut into pieces: the network cuts it anew each time.
 */
export function createCorruptor(random: Random): Corruptor {
  let gapRatio = Number.NaN;
  /** How many bytes stay as they are before the next that is changed. */
  let gap = 0;
  return (bytes, ratio) => {
    if (ratio === 0) return 0;
    if (ratio !== gapRatio) {
      gapRatio = ratio;
      gap = drawGap(random, ratio);
    }
    let changed = 0;
    let at = gap;
    for (; at < bytes.length; at += 1 + drawGap(random, ratio)) {
      bytes[at] = (bytes[at] as number) ^ (1 + Math.floor(random() * 255));
      changed++;
    }
    gap = at - bytes.length;
    return changed;
  };
}

/**
 * Of the geometric distribution, by inversion: one draw a changed byte instead of one a byte. By log1p, because
 * 1 − ratio is 1 for the smallest ratios, and its logarithm no divisor.
 */
function drawGap(random: Random, ratio: number): number {
  return ratio === 1 ? 0 : Math.floor(Math.log1p(-random()) / Math.log1p(-ratio));
}
