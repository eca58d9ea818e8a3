import type { Schedule } from './schedule.ts';

/** Where the queue counts; part of the recorder. */
export interface ArrivalCounts {
  /** Due and never started. */
  dropped: number;
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
  #next = 0;

  /** @param patienceMs who has waited longer than this goes away, and counts as dropped. */
  constructor(schedule: Schedule, patienceMs: number, counts: ArrivalCounts) {
    this.#schedule = schedule;
    this.#patienceMs = patienceMs;
    this.#counts = counts;
  }

  /** When the first in line is or was due, from the start of the run; undefined when nobody comes any more. */
  get nextMs(): number | undefined {
    return this.#schedule.arrivalAt(this.#next);
  }

  /** Takes the first in line if it is due by now, and tells when it was. */
  takeDue(elapsedMs: number): number | undefined {
    const dueMs = this.nextMs;
    if (dueMs === undefined || dueMs > elapsedMs) return undefined;
    this.#next++;
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

  /** Sends everybody away who is due by now: by bisection, because there may be millions. */
  dropDue(elapsedMs: number): void {
    let low = this.#next;
    let high = this.#schedule.arrivals;
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      if ((this.#schedule.arrivalAt(middle) as number) <= elapsedMs) low = middle + 1;
      else high = middle;
    }
    this.#counts.dropped += low - this.#next;
    this.#next = low;
  }
}

/** A timer may come this much too early, by the rounding of its delay; what is due then is due. */
export const slackMs = 0.001;
