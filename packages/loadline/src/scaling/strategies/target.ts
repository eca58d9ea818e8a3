import { showMetric } from '../policy/metric.ts';
import type { TargetRule } from '../policy/rule.ts';
import { type Observation, type Sight, see } from './observation.ts';
import type { Proposal, ScalingContext } from './strategy.ts';
import { unseen } from './threshold.ts';

/**
 * As many as bring a metric to its target, rounded up. What is seen of each instance is carried by those that are
 * ready; those that are on their way up will take over a share, so that they are not asked for twice. Who became ready only
 * when it had been measured has not taken over a share either: it is not thought to be as busy as the others on the way up,
 * and not thought to be idle on the way down.
 */
export function proposeByTarget(
  rule: TargetRule,
  observed: Observation,
  { staleAfterMs }: ScalingContext,
): Proposal {
  const { metric, target, isPerReplica, scaleOutTolerance, scaleInTolerance } = rule;
  const { wanted, ready } = observed;
  const sight = see(metric, observed, staleAfterMs);
  const isOfEach = !isPerReplica && rule.of === 'per replica' && ready > 0;
  // Whether a value is one instance's or the group's, by this it is multiplied to be what is needed.
  const share = isPerReplica ? 1 : Math.max(1, isOfEach ? ready : wanted);
  const busyShare = isOfEach && 'value' in sight ? measuredOf(observed, sight) : share;
  const ownRule = {
    metric,
    kind: 'target',
    isFloor: false,
    scaleOutAbove: ((target * wanted) / busyShare) * (1 + scaleOutTolerance),
    // One fewer must be able to carry it, too: of a small group that is the narrower limit.
    scaleInBelow:
      wanted > 1
        ? Math.min(((target * wanted) / share) * (1 - scaleInTolerance), (target * (wanted - 1)) / share)
        : undefined,
  } as const;
  if ('flaw' in sight) return { ...ownRule, ...unseen(wanted), because: sight.flaw };
  const { value: seen, ageMs, count } = sight;
  const busy = loadOf((busyShare * seen) / target, wanted);
  const all = loadOf((share * seen) / target, wanted);
  const isMore = busy.wants > wanted && busy.ratio > 1 + scaleOutTolerance;
  const isFewer = all.wants < wanted && all.ratio < 1 - scaleInTolerance;
  const says = isMore ? 'more' : isFewer ? 'fewer' : 'stay';
  const goal = `its target of ${showMetric(metric, target)}${isPerReplica ? ' an instance' : ''}`;
  // Of a small group, one fewer may be too few though much is free.
  const isNeeded = says === 'stay' && all.ratio < 1 - scaleInTolerance;
  // Those that were measured have too much to do, and those that come will take enough of it.
  const isShared = says === 'stay' && isOfEach && seen > target * (1 + scaleOutTolerance);
  const place = isNeeded
    ? 'below'
    : isShared
      ? 'above'
      : { more: 'above', fewer: 'below', stay: 'near' }[says];
  return {
    ...ownRule,
    says,
    wants: { more: busy.wants, fewer: all.wants, stay: wanted }[says],
    seen,
    ageMs,
    count,
    because: `is ${showMetric(metric, seen)}, ${place} ${goal}${
      isNeeded
        ? `, which takes ${all.wants} all the same`
        : isShared
          ? `, which ${wanted} will share once all of them are busy`
          : ''
    }`,
  };
}

/**
 * How many of those that are ready were so when the value was measured, or are known to be a part of it. Where that is nobody, the
 * value must be one of them all: a group that has only begun.
 */
function measuredOf(
  { atMs, ready, readySinceMs = [] }: Pick<Observation, 'atMs' | 'ready' | 'readySinceMs'>,
  { ageMs, count = 0, overMs = 0 }: Exclude<Sight, { readonly flaw: string }>,
): number {
  const measuredFromMs = atMs - ageMs - overMs;
  const newcomers = readySinceMs.filter((sinceMs) => sinceMs > measuredFromMs).length;
  const measured = Math.min(ready, Math.max(count, ready - newcomers));
  return measured > 0 ? measured : ready;
}

/** How many a load takes, in instances that are at the target, and what that is of those that there are to be. */
function loadOf(load: number, wanted: number): { readonly wants: number; readonly ratio: number } {
  // A hair less, so that a load that fits exactly needs no further instance because of the last bit of a division.
  return { wants: Math.max(0, Math.ceil(load - 1e-9)), ratio: load / Math.max(1, wanted) };
}
