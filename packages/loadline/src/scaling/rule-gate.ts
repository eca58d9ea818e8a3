import type { ScalingHold } from './decide/standing.ts';
import { nameOf, type ScalingRule } from './policy/rule.ts';
import type { RolloutOrder } from './rollout/state.ts';

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

/**
 * Why a rollout may not start; undefined where it may. It asks as `scaling-rollout`, and as the flag that its plan names,
 * if it names one: both have to be on. Pure but for the gate.
 */
export function whatKeeps(
  gate: ScalingGate | undefined,
  { group, baseline, candidate, plan: { flag } }: RolloutOrder,
): string | undefined {
  // What nobody can say is not taken for a yes.
  if (gate === undefined)
    return flag === undefined ? undefined : `its plan names the flag ${flag}, and no flags are read here`;
  const context = { targetingKey: group, group, baseline, candidate };
  if (!gate('scaling-rollout', context)) return 'the flag scaling-rollout is off';
  if (flag === undefined || gate(flag, context)) return undefined;
  return `the flag ${flag}, which its plan names, is off`;
}
