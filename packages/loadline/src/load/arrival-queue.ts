import type { Schedule } from './schedule.ts';
import { type Share, wholeShare } from './share.ts';

/** Where the queue counts; part of the recorder. */
export interface ArrivalCounts {
  /** Due and never started. */
  dropped: number;
  /** Due, and begun or dropped. */
  settled: number;
  /** Started late, because all users were busy. */
  waited: number;
}

/**
 * The arrivals of a schedule in line. A backlog of any length costs no memory: the schedule can name the due
 * time of the k-th arrival, so the line is the index of its first.
 */
export class ArrivalQueue {
  readonly #schedule: Schedule;
  readonly #patienceMs: number;
  readonly #counts: ArrivalCounts;
  readonly #stride: number;
  #next: number;
  #nextMs: number | undefined;

  /** @param patienceMs who has waited longer than this goes away, and counts as dropped. */
  constructor(schedule: Schedule, patienceMs: number, counts: ArrivalCounts, share: Share = wholeShare) {
    this.#schedule = schedule;
    this.#patienceMs = patienceMs;
    this.#counts = counts;
    this.#stride = share.count;
    this.#next = share.index;
    this.#nextMs = schedule.arrivalAt(this.#next);
  }

  /** When the first in line is or was due, from the start of the run; undefined when nobody comes any more. */
  get nextMs(): number | undefined {
    return this.#nextMs;
  }

  /** Takes the first in line if it is due by now, and tells when it was. */
  takeDue(elapsedMs: number): number | undefined {
    const dueMs = this.#nextMs;
    if (dueMs === undefined || dueMs > elapsedMs) return undefined;
    this.#counts.settled++;
    this.#goTo(this.#next + this.#stride);
    return dueMs;
  }

  /** Takes the first who has waited for a free user and not yet gone away. */
  takeWaiting(elapsedMs: number): number | undefined {
    for (let dueMs = this.takeDue(elapsedMs); dueMs !== undefined; dueMs = this.takeDue(elapsedMs)) {
      if (elapsedMs - dueMs > this.#patienceMs) {
        this.#counts.dropped++;
        continue;
      }
      if (elapsedMs - dueMs > slackMs) this.#counts.waited++;
      return dueMs;
    }
    return undefined;
  }

  /** Sends everybody away who is due by now. @returns how many, of whom none is counted. */
  skipDue(elapsedMs: number): number {
    // By bisection, because there may be millions.
    let low = 0;
    let high = Math.ceil(Math.max(0, this.#schedule.arrivals - this.#next) / this.#stride);
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      if ((this.#schedule.arrivalAt(this.#next + middle * this.#stride) as number) <= elapsedMs)
        low = middle + 1;
      else high = middle;
    }
    this.#goTo(this.#next + low * this.#stride);
    return low;
  }

  /** Sends everybody away who is due by now, and counts them. */
  dropDue(elapsedMs: number): void {
    const dropped = this.skipDue(elapsedMs);
    this.#counts.dropped += dropped;
    this.#counts.settled += dropped;
  }

  #goTo(index: number): void {
    this.#next = index;
    this.#nextMs = this.#schedule.arrivalAt(index);
  }
}

/** A timer may come this much too early, by the rounding of its delay; what is due then is due. */
export const slackMs = 0.001;
