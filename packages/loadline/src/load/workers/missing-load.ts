import { ArrivalQueue } from '../arrival-queue.ts';
import { flowPlansOf } from '../flow-plan.ts';
import type { Recorder } from '../measure/recorder.ts';
import type { LoadPlan } from '../plan.ts';
import type { Schedule } from '../schedule.ts';
import { partOf, type Share } from '../share.ts';

/** What was heard of a share until its worker was lost. */
export interface Told {
  /** Arrivals that had begun or were dropped. */
  readonly settled: number;
  /** Iterations that had begun and not ended. */
  readonly underWay: number;
}

/** Counts what is missing in a run whose workers are lost, so that the report knows of all that was due. */
export class MissingLoad {
  readonly #schedules: readonly Schedule[];
  readonly #recorder: Recorder;
  /** Of the shares that nobody goes on with. */
  readonly #leftOut: ArrivalQueue[] = [];
  #usersLeftOut = 0;

  constructor(plan: LoadPlan, recorder: Recorder) {
    this.#schedules = flowPlansOf(plan).map(({ schedule }) => schedule);
    this.#recorder = recorder;
  }

  /** How many users the shares that were left out would still have had. */
  get usersLeftOut(): number {
    return this.#usersLeftOut;
  }

  /** A share's worker took with it what it had not told yet of the time between these. */
  forget(share: Share, { fromMs, toMs }: Span, { settled, underWay }: Told): void {
    const due = this.#queuesFrom(share, fromMs).reduce((sum, queue) => sum + queue.skipDue(toMs), 0);
    this.#recorder.unreported += Math.max(0, due - settled) + underWay;
    this.#recorder.iterations.interrupted += underWay;
  }

  /** Nobody begins what a share has between these times. */
  drop(share: Share, { fromMs, toMs }: Span): void {
    for (const queue of this.#queuesFrom(share, fromMs)) queue.dropDue(toMs);
  }

  /** Nobody goes on with a share: what it has is dropped once it is due. */
  leaveOut(share: Share, fromMs: number): void {
    this.#leftOut.push(...this.#queuesFrom(share, fromMs));
    const users = this.#schedules.map((schedule) => partOf(share, usersFrom(schedule, fromMs)));
    this.#usersLeftOut += users.reduce((sum, count) => sum + count, 0);
  }

  /** Tells the time. */
  at(elapsedMs: number): void {
    for (const queue of this.#leftOut) queue.dropDue(elapsedMs);
  }

  /** What a share still has after this time; from the start on, all of it. */
  #queuesFrom(share: Share, fromMs: number): ArrivalQueue[] {
    return this.#schedules.map((schedule) => {
      const queue = new ArrivalQueue(schedule, 0, this.#recorder, share);
      if (fromMs > 0) queue.skipDue(fromMs);
      return queue;
    });
  }
}

/** A time of the run. */
interface Span {
  readonly fromMs: number;
  readonly toMs: number;
}

/** How many users a schedule wants at its highest from this time on. */
function usersFrom(schedule: Schedule, fromMs: number): number {
  let most = 0;
  for (
    let atMs: number | undefined = fromMs;
    atMs !== undefined && atMs < schedule.durationMs;
    atMs = schedule.nextUserChange(atMs)
  )
    most = Math.max(most, schedule.usersAt(atMs));
  return most;
}
