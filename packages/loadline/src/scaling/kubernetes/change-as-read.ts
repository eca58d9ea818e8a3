import { type Clock, isLoadlineError, withTimeLimit } from '../../base/index.ts';
import type { Outcome } from '../driver.ts';
import type { Fence } from '../leadership/fence.ts';
import { nameOf, type WholeWorkload } from './workload.ts';

/** A change of something that others change too. */
export interface ChangeAsRead<Found> {
  readonly workload: WholeWorkload;
  readonly read: () => Promise<Found>;
  /** What is to be said without changing anything; undefined where it is to be changed. */
  readonly answer: (found: Found) => Outcome | undefined;
  /** Throws KUBERNETES_CONFLICT where it is not any more what was found. */
  readonly write: (found: Found, signal: AbortSignal) => Promise<void>;
}

export interface ChangeMeans {
  readonly clock: Clock;
  readonly fence: Fence | undefined;
  readonly onConflict: () => void;
}

/** A busy workload changes with each of its pods; more than that in a row is somebody who pulls at it. */
const attemptsMax = 4;
const writeLimitMs = 10_000;

/** Changes only what is as it was when it was looked at, and looks again where somebody else was quicker. */
export async function changeAsRead<Found>(
  { workload, read, answer, write }: ChangeAsRead<Found>,
  { clock, fence, onConflict }: ChangeMeans,
  signal: AbortSignal,
): Promise<Outcome> {
  for (let attempt = 0; attempt < attemptsMax; attempt++) {
    const found = await read();
    const said = answer(found);
    if (said !== undefined) return said;
    // Each time anew: whoever waits for an answer may have lost the lease meanwhile.
    const permit = fence?.check() ?? { mayAct: true, forMs: writeLimitMs };
    if (!permit.mayAct) return { kind: 'refused', because: permit.because };
    const limit = { clock, limitMs: Math.min(permit.forMs, writeLimitMs), end: signal };
    const done = await withTimeLimit(limit, (limited) => write(found, limited));
    if (done.kind === 'done') return { kind: 'accepted' };
    if (done.kind !== 'failed') throw new Error('the API server gave no answer in time');
    if (!isLoadlineError(done.error, 'KUBERNETES_CONFLICT')) throw done.error;
    onConflict();
  }
  return {
    kind: 'refused',
    because: `${nameOf(workload)} was changed by others ${attemptsMax} times in a row`,
  };
}
