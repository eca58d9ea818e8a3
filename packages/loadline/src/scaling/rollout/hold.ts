import { tellShare } from './explain.ts';
import { isRolloutOver, isSettled, type RolloutState } from './state.ts';

/** What a rollout still lets a scaler do with the group: a hold of its standing. */
export interface RolloutHold {
  /** `nothing` while the shares settle: what is measured then belongs to neither share. */
  readonly allows: 'scale out' | 'nothing';
  /** For people, to end a sentence with. */
  readonly because: string;
}

/**
 * While two builds share the traffic nothing is taken away: the baseline's instances are the way back. Pure.
 */
export function holdOf(state: RolloutState): RolloutHold | undefined {
  if (isRolloutOver(state)) return undefined;
  const what = `the rollout ${state.id} of ${state.candidate}`;
  const isMoving = state.phase === 'watching' && !isSettled(state);
  if (isMoving) return { allows: 'nothing', because: `${what} settles at ${tellShare(state.share)}` };
  return { allows: 'scale out', because: `${what} is ${state.phase}` };
}
