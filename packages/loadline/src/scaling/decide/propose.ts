import type { ScalingRule } from '../policy/rule.ts';
import { proposeByCalendar } from '../strategies/calendar.ts';
import { proposeByForecast } from '../strategies/forecast.ts';
import type { Observation } from '../strategies/observation.ts';
import { proposeBySizing } from '../strategies/sizing.ts';
import type { Proposal, ScalingContext, Strategy } from '../strategies/strategy.ts';
import { proposeByTarget } from '../strategies/target.ts';
import { proposeByThreshold } from '../strategies/threshold.ts';

/** What one rule makes of what was seen. Pure. */
export function propose(rule: ScalingRule, seen: Observation, context: ScalingContext): Proposal {
  const strategy = strategies[rule.kind] as Strategy<ScalingRule>;
  return strategy(rule, seen, context);
}

const strategies: { readonly [Kind in ScalingRule['kind']]: Strategy<Extract<ScalingRule, { kind: Kind }>> } =
  {
    threshold: proposeByThreshold,
    target: proposeByTarget,
    sizing: proposeBySizing,
    forecast: proposeByForecast,
    calendar: proposeByCalendar,
  };
