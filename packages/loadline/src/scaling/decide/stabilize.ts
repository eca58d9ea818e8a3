import type { Recommendation } from './decision.ts';

/**
 * The least change that was wanted at every time of a window: on the way up the smallest number, on the way down
 * the largest. What was wanted when the window began counts until the next was; so does a time in which nobody
 * looked. Pure.
 *
 * @param recommendations oldest first, without the present one.
 */
export function stabilize(
  recommendations: readonly Recommendation[],
  { atMs, replicas }: Recommendation,
  { windowMs, direction }: { readonly windowMs: number; readonly direction: 'up' | 'down' },
): number {
  if (windowMs === 0) return replicas;
  const pick = direction === 'up' ? Math.min : Math.max;
  let picked = replicas;
  for (let at = recommendations.length - 1; at >= 0; at--) {
    const each = recommendations[at] as Recommendation;
    picked = pick(picked, each.replicas);
    if (each.atMs <= atMs - windowMs) break;
  }
  return picked;
}
