import { nameOf, type RuleName, type ScalingRule } from './policy/rule.ts';
import type { Observation } from './strategies/observation.ts';
import type { Proposal, ScalingContext, Strategy } from './strategies/strategy.ts';
import { proposeByTarget } from './strategies/target.ts';
import { proposeByThreshold, unseen } from './strategies/threshold.ts';

/** What one rule makes of what was seen. Pure. */
export function propose(rule: ScalingRule, seen: Observation, context: ScalingContext): Proposal {
  const strategy = strategies[rule.kind] as Strategy<ScalingRule>;
  return strategy(rule, seen, context);
}

const strategies: { readonly [Kind in ScalingRule['kind']]: Strategy<Extract<ScalingRule, { kind: Kind }>> } =
  {
    threshold: proposeByThreshold,
    target: proposeByTarget,
    sizing: sayNothing,
    forecast: sayNothing,
    calendar: sayNothing,
  };

/** Of a kind that is read but not reckoned with yet. */
function sayNothing(rule: ScalingRule, { wanted }: Observation): Proposal {
  const metric: RuleName = nameOf(rule);
  const isFloor = rule.kind === 'forecast' || rule.kind === 'calendar';
  const limits = { scaleOutAbove: undefined, scaleInBelow: undefined };
  return {
    metric,
    kind: rule.kind,
    isFloor,
    ...limits,
    ...unseen(wanted),
    because: 'is not reckoned with yet',
  };
}
