import type { ScalingPolicy } from '../policy/policy.ts';
import { leastGenerosity, varyPolicy } from './vary-policy.ts';

/** A policy, also less and more generous. */
export interface PolicySweep {
  readonly variations: readonly { readonly generosity: number; readonly policy: ScalingPolicy }[];
  /** What cannot be had of it, and why. */
  readonly leftOut: readonly { readonly generosity: number; readonly because: string }[];
}

const generosities = [0.7, 0.8, 0.9, 1, 1.15, 1.35, 1.6, 2];

/** Varies a policy from 0.7 to 2 times the instances, for what is seen, as far as it can be varied. Pure. */
export function sweepPolicy(policy: ScalingPolicy): PolicySweep {
  const all = generosities.map((generosity) => ({ generosity, policy: varyPolicy(policy, generosity) }));
  const leftOut = all.flatMap(({ generosity, policy: varied }) => {
    const because = generosity === 1 ? undefined : whyNot(policy, varied, generosity);
    return because === undefined ? [] : [{ generosity, because }];
  });
  const isLeftOut = new Set(leftOut.map(({ generosity }) => generosity));
  return { variations: all.filter(({ generosity }) => !isLeftOut.has(generosity)), leftOut };
}

function whyNot(policy: ScalingPolicy, varied: ScalingPolicy, generosity: number): string | undefined {
  if (generosity < leastGenerosity(policy)) return 'it would be sized for less than comes';
  return JSON.stringify(varied) === JSON.stringify(policy)
    ? 'its targets are whole numbers and would stay as they are'
    : undefined;
}
