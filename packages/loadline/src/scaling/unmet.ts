import type { ScalingHold } from './decide/standing.ts';
import type { Fleet } from './driver.ts';

/**
 * What an engine that does not do as it is told keeps a scaler from: to want more of what does not come, or fewer than stay. A wish
 * that has run far from what is there would have to come all the way back before anything is done. Pure.
 */
export function holdByUnmet({ unmet, wanted, ready, starting }: Fleet): ScalingHold | undefined {
  if (unmet === undefined) return undefined;
  return { allows: ready + starting > wanted ? 'scale out' : 'scale in', because: unmet };
}
