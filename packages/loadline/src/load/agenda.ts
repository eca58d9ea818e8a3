import type { Clock, Timer } from '../base/index.ts';

/** Something that is to happen at a time. It stands in at most one agenda. */
export interface Task {
  /** When it is due, on the clock's monotonic scale; kept by the agenda. */
  dueMs: number;
  /** Where it stands in the agenda; −1 while it does not. Kept by the agenda. */
  place: number;
  run(): void;
}

/**
 * Everything that waits for its time, on one timer: ten thousand pausing users cost no timer and no closure
 * each. A binary heap of the tasks themselves, ordered by when they are due.
 *
 * A clock whose timers come at a grain would make every task late, by half a grain in the mean. So what is
 * due within the next half grain is run with the rest: as much too early as others are too late.
 */
export class Agenda {
  readonly #clock: Clock;
  /** What is due within so long is run with what is due. */
  readonly lookAheadMs: number;
  readonly #heap: Task[] = [];
  #timer: Timer | undefined;
  #timerDueMs = never;
  #isRunning = false;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.lookAheadMs = (clock.grainMs ?? 0) / 2;
  }

  get size(): number {
    return this.#heap.length;
  }

  /** Runs a task at a time, or as soon as possible where that has passed; never within the call. */
  add(task: Task, dueMs: number): void {
    if (task.place >= 0) this.remove(task);
    task.dueMs = dueMs;
    this.#heap.push(task);
    this.#rise(this.#heap.length - 1, task);
    if (!this.#isRunning && dueMs < this.#timerDueMs) this.#setTimer();
  }

  /** Forgets a task; one that does not stand here is none. */
  remove(task: Task): void {
    const { place } = task;
    if (place < 0) return;
    task.place = -1;
    const last = this.#heap.pop() as Task;
    if (last === task) {
      // A timer that nobody waits for would keep the process alive.
      if (this.#heap.length === 0 && !this.#isRunning) this.#setTimer();
      return;
    }
    const above = this.#heap[(place - 1) >> 1];
    if (place > 0 && above !== undefined && last.dueMs < above.dueMs) this.#rise(place, last);
    else this.#sink(place, last);
  }

  /** Runs what is due, without waiting for the timer. Whoever is awake anyway may call it. */
  runDue(): void {
    if (this.#isRunning) return;
    const first = this.#heap[0];
    if (first === undefined) return;
    const untilMs = this.#clock.monotonicMs() + this.lookAheadMs + roundingMs;
    if (first.dueMs > untilMs) return;
    this.#isRunning = true;
    // A task may add itself again, also for now: it has its turn at the next call, so that this one ends.
    for (let left = this.#heap.length; left > 0; left--) {
      const task = this.#heap[0];
      if (task === undefined || task.dueMs > untilMs) break;
      this.remove(task);
      task.run();
    }
    this.#isRunning = false;
    this.#setTimer();
  }

  #setTimer(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#timerDueMs = never;
    const first = this.#heap[0];
    if (first === undefined) return;
    this.#timerDueMs = first.dueMs;
    const delayMs = Math.max(0, first.dueMs - this.#clock.monotonicMs());
    this.#timer = this.#clock.setTimer(() => {
      this.#timer = undefined;
      this.#timerDueMs = never;
      this.runDue();
      // It came too early, as timers may.
      if (this.#timer === undefined) this.#setTimer();
    }, delayMs);
  }

  #rise(from: number, task: Task): void {
    let place = from;
    while (place > 0) {
      const above = (place - 1) >> 1;
      const other = this.#heap[above] as Task;
      if (other.dueMs <= task.dueMs) break;
      this.#put(place, other);
      place = above;
    }
    this.#put(place, task);
  }

  #sink(from: number, task: Task): void {
    const { length } = this.#heap;
    let place = from;
    for (;;) {
      let below = 2 * place + 1;
      if (below >= length) break;
      const right = this.#heap[below + 1];
      if (right !== undefined && right.dueMs < (this.#heap[below] as Task).dueMs) below++;
      const other = this.#heap[below] as Task;
      if (other.dueMs >= task.dueMs) break;
      this.#put(place, other);
      place = below;
    }
    this.#put(place, task);
  }

  #put(place: number, task: Task): void {
    this.#heap[place] = task;
    task.place = place;
  }
}

const never = Number.POSITIVE_INFINITY;
/** A timer may come this much too early, by the rounding of its delay; what is due then is due. */
const roundingMs = 0.001;
