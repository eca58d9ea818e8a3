import { formatDuration } from '../../base/index.ts';
import type { WorkerLoss } from './conductor.ts';

/** What the losses of a run mean for it. */
export interface LossesJudged {
  /** Why its numbers say nothing. */
  readonly invalidBecause: readonly string[];
  /** What one must know who trusts them. */
  readonly remarks: readonly string[];
}

/** Pure. @param usersLeftOut how many users the shares that were left out would still have had. */
export function judgeLosses(
  losses: readonly WorkerLoss[],
  run: {
    readonly workers: number;
    readonly usersLeftOut: number;
    readonly onLoss: 'take over' | 'leave out';
  },
): LossesJudged {
  const isTolerated = (loss: WorkerLoss): boolean => !loss.isLeftOut || run.onLoss === 'leave out';
  const users = run.usersLeftOut === 1 ? '1 user was' : `${run.usersLeftOut} users were`;
  return {
    invalidBecause: [
      ...losses.filter((loss) => !isTolerated(loss)).map(sentenceOf),
      ...(losses.length === run.workers ? ['No worker was left to make the load.'] : []),
      ...(run.onLoss === 'leave out' && run.usersLeftOut > 0
        ? [`${users} left out with a lost worker: a load with fewer users is another load.`]
        : []),
    ],
    remarks: losses.filter(isTolerated).map(sentenceOf),
  };

  function sentenceOf({ name, atMs, because, takenOverBy, isLeftOut }: WorkerLoss): string {
    const notTaken =
      run.onLoss === 'leave out' ? 'its share was left out' : 'nobody could take over its share';
    const then = isLeftOut
      ? `, and ${notTaken}`
      : takenOverBy === undefined
        ? ''
        : `, and ${takenOverBy} took over its share`;
    return `${name} was lost after ${formatDuration(atMs)} (${because})${then}.`;
  }
}
