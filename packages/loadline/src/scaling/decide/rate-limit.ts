import type { DirectionPolicy, RateLimit } from '../policy/policy.ts';
import type { ScalingStep } from './decision.ts';

/** How far a group may go now, and by which limit; undefined where none holds it. */
export interface Reach {
  readonly replicas: number;
  readonly limit: RateLimit;
}

/**
 * How many instances there may be at most after a step up, or at least after one down. What counts is what there
 * was when the period began: what is there, less what was added since, and with what was taken away. Pure.
 */
export function reachOf(
  { limits, select }: Pick<DirectionPolicy, 'limits' | 'select'>,
  direction: 'up' | 'down',
  {
    wanted,
    atMs,
    history,
  }: { readonly wanted: number; readonly atMs: number; readonly history: readonly ScalingStep[] },
): Reach | undefined {
  const reaches = limits.map((limit) => {
    const base = wanted - changeSince(history, atMs - limit.periodMs);
    return { limit, replicas: direction === 'up' ? above(base, limit) : below(base, limit) };
  });
  // The limit that allows the most is the highest on the way up, and the lowest on the way down.
  const picksHighest = (select === 'max') === (direction === 'up');
  return reaches.reduce<Reach | undefined>((picked, each) => {
    if (picked === undefined) return each;
    return each.replicas > picked.replicas === picksHighest ? each : picked;
  }, undefined);
}

function changeSince(history: readonly ScalingStep[], sinceMs: number): number {
  let change = 0;
  for (let at = history.length - 1; at >= 0; at--) {
    const step = history[at] as ScalingStep;
    if (step.atMs <= sinceMs) break;
    change += step.to - step.from;
  }
  return change;
}

/** Rounded so that a percentage always allows one more from one instance on. */
function above(base: number, { kind, value }: RateLimit): number {
  return kind === 'instances' ? base + value : Math.ceil(base * (1 + value / 100) - 1e-9);
}

function below(base: number, { kind, value }: RateLimit): number {
  return kind === 'instances' ? base - value : Math.floor(base * (1 - value / 100) + 1e-9);
}
