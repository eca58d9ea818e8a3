import { showMetric } from '../policy/metric.ts';
import type { ThresholdRule } from '../policy/rule.ts';
import { type Observation, see } from './observation.ts';
import type { Proposal, ScalingContext } from './strategy.ts';

/** A step more above the upper limit, a step less below the lower one. Pure. */
export function proposeByThreshold(
  { metric, scaleOutAbove, scaleInBelow }: ThresholdRule,
  observed: Observation,
  { staleAfterMs, scaleOutStep, scaleInStep }: ScalingContext,
): Proposal {
  const { wanted } = observed;
  const rule = { metric, kind: 'threshold', isFloor: false, scaleOutAbove, scaleInBelow } as const;
  const sight = see(metric, observed, staleAfterMs);
  if ('flaw' in sight) return { ...rule, ...unseen(wanted), because: sight.flaw };
  const { value: seen, ageMs, count } = sight;
  const found = { ...rule, seen, ageMs, count };
  const [value, high, low] = [seen, scaleOutAbove, scaleInBelow].map((each) => showMetric(metric, each));
  if (seen > scaleOutAbove)
    return { ...found, says: 'more', wants: wanted + scaleOutStep, because: `is ${value}, above ${high}` };
  if (seen < scaleInBelow) {
    const wants = Math.max(wanted - scaleInStep, fewestFor(seen, scaleOutAbove, wanted));
    return { ...found, says: 'fewer', wants: Math.min(wants, wanted), because: `is ${value}, below ${low}` };
  }
  return { ...found, says: 'stay', wants: wanted, because: `is ${value}, between ${low} and ${high}` };
}

/** What a rule says that sees nothing. */
export function unseen(wanted: number): Pick<Proposal, 'says' | 'wants' | 'seen' | 'ageMs' | 'count'> {
  return { says: 'nothing', wants: wanted, seen: undefined, ageMs: undefined, count: undefined };
}

/**
 * The fewest instances that keep a metric within its limit, where those that stay take over the share of those that
 * go: each value then grows by from/to. For a queue or a response time that is the least that it would grow by.
 */
function fewestFor(seen: number, scaleOutAbove: number, wanted: number): number {
  // A hair less, so that a load that fits exactly is not turned away by the last bit of a division.
  return Math.ceil((seen * wanted) / scaleOutAbove - 1e-9);
}
