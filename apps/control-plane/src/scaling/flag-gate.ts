import type { ScalingGate } from 'loadline/scaling';
import { type FlagSource, gateOf } from 'loadline/scaling/flags';

/**
 * What flags say of rules, policies and rollouts. What no flag speaks of takes part; one that a plan names itself has to be there,
 * and on: a mistake in its name is no yes.
 */
export function scalingGateOf(flags: Pick<FlagSource, 'flags'>): ScalingGate {
  return gateOf(flags, (name) => name.startsWith('scaling-'));
}
