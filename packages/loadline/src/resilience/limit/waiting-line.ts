/** How much a request matters. Where there is room for some only, the others make room. */
export type Priority = 'critical' | 'normal' | 'low';

/** From what matters most to what matters least. */
export const priorities: readonly Priority[] = ['critical', 'normal', 'low'];

/**
 * Who waits for a place, and in which order they get one. It waits for nothing and knows no clock.
 *
 * A short line that empties again is a burst, and is served in the order in which they came. One that has stood for a while is
 * an overload: then the newest is served first (adaptive LIFO, as Facebook has it). In the order of arrival everybody would get a
 * place when their time is nearly over; so most are served at once, and those who have waited longest are turned away, which
 * would happen to them anyway.
 */
export class WaitingLine<Waiter> {
  readonly #lengthMax: number;
  /** Each in the order in which they came. */
  readonly #lines: Readonly<Record<Priority, Waiter[]>> = { critical: [], normal: [], low: [] };
  #length = 0;
  /** Since when somebody has been waiting all the time. */
  #sinceMs = 0;

  constructor(lengthMax: number) {
    this.#lengthMax = lengthMax;
  }

  get length(): number {
    return this.#length;
  }

  /**
   * Lets somebody wait.
   *
   * @returns who is turned away for it: nobody; another, who matters less or, in an overload, has waited longest; or the one who came.
   */
  add(waiter: Waiter, priority: Priority, nowMs: number): Waiter | undefined {
    if (this.#length === 0) this.#sinceMs = nowMs;
    const turnedAway = this.#length < this.#lengthMax ? undefined : this.#makeRoom(waiter, priority, nowMs);
    if (turnedAway === waiter) return waiter;
    this.#lines[priority].push(waiter);
    this.#length++;
    return turnedAway;
  }

  /** Whose turn it is among those of this priority; they wait no more. */
  take(priority: Priority, nowMs: number): Waiter | undefined {
    const line = this.#lines[priority];
    const taken = this.#isStanding(nowMs) ? line.pop() : line.shift();
    if (taken !== undefined) this.#length--;
    return taken;
  }

  /** Somebody waits no more. */
  remove(waiter: Waiter, priority: Priority): void {
    const at = this.#lines[priority].indexOf(waiter);
    if (at === -1) return;
    this.#lines[priority].splice(at, 1);
    this.#length--;
  }

  #makeRoom(waiter: Waiter, priority: Priority, nowMs: number): Waiter {
    const least = priorities.findLast((each) => this.#lines[each].length > 0) as Priority;
    const matters = priorities.indexOf(least) - priorities.indexOf(priority);
    if (matters < 0 || (matters === 0 && !this.#isStanding(nowMs))) return waiter;
    this.#length--;
    return this.#lines[least].shift() as Waiter;
  }

  #isStanding(nowMs: number): boolean {
    return nowMs - this.#sinceMs >= standingMs;
  }
}

/** A burst is over by then; that of CoDel. */
const standingMs = 100;
