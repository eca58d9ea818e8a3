import { nameOf, type ScalingRule } from './policy/rule.ts';
import type { ScalingHold } from './standing.ts';

/** Whether something may be done, for instance as a flag says; `gateOf` of `loadline/scaling/flags` makes one. */
export type ScalingGate = (
  name: string,
  context: { readonly targetingKey: string; readonly [attribute: string]: string },
) => boolean;

/**
 * Which rules of a group take part: each asks by its kind, so that `scaling-forecast` lets predictions in or keeps them
 * out, and its context has the `group`, which is the targeting key too, and the `rule`.
 */
export function takesPartBy(gate: ScalingGate, group: string): (rule: ScalingRule) => boolean {
  return (rule) => gate(`scaling-${rule.kind}`, { targetingKey: group, group, rule: nameOf(rule) });
}

/** The policy of a group as a whole asks as `scaling-policy`; kept out, it changes nothing. */
export function holdBy(gate: ScalingGate, group: string): ScalingHold | undefined {
  if (gate('scaling-policy', { targetingKey: group, group })) return undefined;
  return { allows: 'nothing', because: 'the flag scaling-policy is off' };
}
