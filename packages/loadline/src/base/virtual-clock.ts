import type { Clock, Timer } from './clock.ts';

/**
 * A clock that stands still until it is told to move. Timers fire in the order of their due time, and of
 * their setting where that is equal; promises that a timer resolves run before the next timer fires.
 */
export interface VirtualClock extends Clock {
  /** Moves on by `durationMs`, firing all that falls due on the way, also what is set meanwhile. */
  advance(durationMs: number): Promise<void>;
  /** Moves to the next timer until none is left or `limitMs` has passed. */
  runUntilIdle(limitMs?: number): Promise<void>;
  /** How many timers are waiting: a leak when a test has ended. */
  readonly pending: number;
}

interface Waiting {
  readonly dueMs: number;
  readonly order: number;
  readonly callback: () => void;
}

/** @param startMs wall time at the start, in milliseconds since the epoch; 2026-01-01T00:00:00Z by default. */
export function createVirtualClock(startMs: number = Date.UTC(2026, 0, 1)): VirtualClock {
  const heap = new TimerHeap();
  let elapsedMs = 0;
  let order = 0;

  async function moveTo(targetMs: number, stopWhenIdle: boolean): Promise<void> {
    await settle();
    for (let next = heap.peek(); next !== undefined && next.dueMs <= targetMs; next = heap.peek()) {
      heap.remove(next);
      elapsedMs = Math.max(elapsedMs, next.dueMs);
      next.callback();
      await settle();
    }
    if (!stopWhenIdle) elapsedMs = Math.max(elapsedMs, targetMs);
  }

  return {
    now: () => startMs + elapsedMs,
    monotonicMs: () => elapsedMs,
    setTimer(callback, delayMs): Timer {
      const waiting: Waiting = { dueMs: elapsedMs + Math.max(0, delayMs), order: order++, callback };
      heap.add(waiting);
      return { cancel: () => heap.remove(waiting) };
    },
    advance: (durationMs) => moveTo(elapsedMs + durationMs, false),
    runUntilIdle: (limitMs = Number.POSITIVE_INFINITY) => moveTo(elapsedMs + limitMs, true),
    get pending() {
      return heap.size;
    },
  };
}

/** Lets chains of promises run dry: a turn of the real event loop drains every microtask. */
function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** A binary heap whose removals are marks: a cancelled timer is skipped when it comes up. */
class TimerHeap {
  readonly #items: Waiting[] = [];
  readonly #live = new Set<Waiting>();

  get size(): number {
    return this.#live.size;
  }

  add(item: Waiting): void {
    this.#live.add(item);
    const items = this.#items;
    let at = items.push(item) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!isBefore(item, items[parent] as Waiting)) break;
      items[at] = items[parent] as Waiting;
      at = parent;
    }
    items[at] = item;
  }

  remove(item: Waiting): void {
    this.#live.delete(item);
  }

  peek(): Waiting | undefined {
    for (let top = this.#items[0]; top !== undefined; top = this.#items[0]) {
      if (this.#live.has(top)) return top;
      this.#pop();
    }
    return undefined;
  }

  #pop(): void {
    const items = this.#items;
    const last = items.pop() as Waiting;
    if (items.length === 0) return;
    let at = 0;
    for (;;) {
      let child = at * 2 + 1;
      if (child >= items.length) break;
      if (child + 1 < items.length && isBefore(items[child + 1] as Waiting, items[child] as Waiting)) child++;
      if (!isBefore(items[child] as Waiting, last)) break;
      items[at] = items[child] as Waiting;
      at = child;
    }
    items[at] = last;
  }
}

function isBefore(a: Waiting, b: Waiting): boolean {
  return a.dueMs < b.dueMs || (a.dueMs === b.dueMs && a.order < b.order);
}
