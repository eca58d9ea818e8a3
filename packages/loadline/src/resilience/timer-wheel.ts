import type { Clock } from '../base/index.ts';

/** Something with a time limit. The wheel keeps its own notes on it, so that setting one allocates nothing. */
export interface Timed {
  /** Called once its time is over, unless it was removed before. */
  onDue(): void;
  /** Of the wheel alone; start with `undefined`, `undefined` and -1. */
  nextTimed: Timed | undefined;
  previousTimed: Timed | undefined;
  dueTick: number;
}

/** How far apart the moments are at which limits are looked at, in milliseconds. */
const tickMs = 10;
const slots = 512;

/**
 * Time limits for many calls of which hardly any is reached: to set and to remove one is a handful of assignments, where a
 * timer of Node's own costs a microsecond and cockatiel's limit six. A limit is kept to within a tick and a timer's grain, and
 * never comes early. While nothing is limited no timer runs.
 *
 * A hashed wheel (Varghese and Lauck 1987, scheme 6): a limit stands in the slot of its tick, whatever the round.
 */
export class TimerWheel {
  readonly #clock: Clock;
  readonly #heads: (Timed | undefined)[] = new Array(slots).fill(undefined);
  #count = 0;
  #tick = 0;
  #isTurning = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** @param delayMs from `nowMs`, which is the clock's monotonic time: whoever sets a limit has just looked. */
  set(timed: Timed, delayMs: number, nowMs: number): void {
    const tick = Math.ceil((nowMs + delayMs) / tickMs);
    if (!this.#isTurning) this.#turn(nowMs);
    // What is due in the tick that is being looked at would wait for a whole round.
    timed.dueTick = Math.max(tick, this.#tick + 1);
    const slot = timed.dueTick % slots;
    const head = this.#heads[slot];
    timed.previousTimed = undefined;
    timed.nextTimed = head;
    if (head !== undefined) head.previousTimed = timed;
    this.#heads[slot] = timed;
    this.#count++;
  }

  /** Does nothing where it was removed before, or has come. */
  remove(timed: Timed): void {
    if (timed.dueTick === -1) return;
    const { previousTimed, nextTimed } = timed;
    if (previousTimed === undefined) this.#heads[timed.dueTick % slots] = nextTimed;
    else previousTimed.nextTimed = nextTimed;
    if (nextTimed !== undefined) nextTimed.previousTimed = previousTimed;
    timed.nextTimed = undefined;
    timed.previousTimed = undefined;
    timed.dueTick = -1;
    this.#count--;
  }

  #turn(nowMs: number): void {
    this.#isTurning = true;
    this.#tick = Math.floor(nowMs / tickMs);
    this.#wait(nowMs);
  }

  #wait(nowMs: number): void {
    this.#clock.setTimer(() => this.#onTick(), (this.#tick + 1) * tickMs - nowMs);
  }

  #onTick(): void {
    const nowMs = this.#clock.monotonicMs();
    const until = Math.floor(nowMs / tickMs);
    // After a long turn of the event loop many ticks have passed; a whole round looks at every slot.
    const from = Math.max(this.#tick + 1, until - slots + 1);
    this.#tick = until;
    for (let tick = from; tick <= until; tick++) this.#fire(tick % slots, until);
    if (this.#count === 0) this.#isTurning = false;
    else this.#wait(nowMs);
  }

  #fire(slot: number, until: number): void {
    // Collected first: whoever is told may set and remove limits of this very slot.
    const due: Timed[] = [];
    for (let timed = this.#heads[slot]; timed !== undefined; timed = timed.nextTimed)
      if (timed.dueTick <= until) due.push(timed);
    for (const timed of due) {
      if (timed.dueTick === -1) continue;
      this.remove(timed);
      timed.onDue();
    }
  }
}
