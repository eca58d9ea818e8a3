import { showMetric } from '../policy/metric.ts';
import type { TargetRule } from '../policy/rule.ts';
import { type Observation, see } from './observation.ts';
import type { Proposal, ScalingContext } from './strategy.ts';
import { unseen } from './threshold.ts';

/**
 * As many as bring a metric to its target, rounded up. What is seen of each instance is carried by those that are
 * ready; those that are on their way up will take over a share, so that they are not asked for twice.
 */
export function proposeByTarget(
  rule: TargetRule,
  observed: Observation,
  { staleAfterMs }: ScalingContext,
): Proposal {
  const { metric, target, isPerReplica, scaleOutTolerance, scaleInTolerance } = rule;
  const { wanted, ready } = observed;
  // Whether a value is one instance's or the group's, this is what it takes to need just what there is.
  const share = isPerReplica ? 1 : Math.max(1, rule.of === 'per replica' && ready > 0 ? ready : wanted);
  const even = (target * wanted) / share;
  const ownRule = {
    metric,
    kind: 'target',
    isFloor: false,
    scaleOutAbove: even * (1 + scaleOutTolerance),
    // One fewer must be able to carry it, too: of a small group that is the narrower limit.
    scaleInBelow:
      wanted > 1 ? Math.min(even * (1 - scaleInTolerance), (target * (wanted - 1)) / share) : undefined,
  } as const;
  const sight = see(metric, observed, staleAfterMs);
  if ('flaw' in sight) return { ...ownRule, ...unseen(wanted), because: sight.flaw };
  const { value: seen, ageMs, count } = sight;
  const load = (share * seen) / target;
  // A hair less, so that a load that fits exactly needs no further instance because of the last bit of a division.
  const wants = Math.max(0, Math.ceil(load - 1e-9));
  const ratio = load / Math.max(1, wanted);
  const says = judge(ratio, wants - wanted, rule);
  const goal = `its target of ${showMetric(metric, target)}${isPerReplica ? ' an instance' : ''}`;
  // Of a small group, one fewer may be too few though much is free.
  const isNeeded = says === 'stay' && ratio < 1 - scaleInTolerance;
  const place = isNeeded ? 'below' : { more: 'above', fewer: 'below', stay: 'near' }[says];
  return {
    ...ownRule,
    says,
    wants: says === 'stay' ? wanted : wants,
    seen,
    ageMs,
    count,
    because: `is ${showMetric(metric, seen)}, ${place} ${goal}${isNeeded ? `, which takes ${wants} all the same` : ''}`,
  };
}

function judge(
  ratio: number,
  change: number,
  { scaleOutTolerance, scaleInTolerance }: Pick<TargetRule, 'scaleOutTolerance' | 'scaleInTolerance'>,
): 'more' | 'stay' | 'fewer' {
  if (change > 0 && ratio > 1 + scaleOutTolerance) return 'more';
  if (change < 0 && ratio < 1 - scaleInTolerance) return 'fewer';
  return 'stay';
}
