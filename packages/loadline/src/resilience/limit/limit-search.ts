import { type AdaptiveLimits, type AdaptiveState, firstState, nextState } from './adaptive-limit.ts';

/** How a request ended; see `Place`. */
export type Ending = 'done' | 'overdue' | 'given up' | 'unknown';

/** A request that is under way. */
export interface Begun {
  readonly beganMs: number;
  /** The one in which it began. */
  readonly window: OpenWindow;
}

/** Requests that began under the present limit, and how long they took. */
interface OpenWindow {
  readonly startMs: number;
  count: number;
  totalMs: number;
  inFlightMax: number;
  hasOverdue: boolean;
}

/** A window ends when it has both: as many requests as give a mean, and enough time. */
const windowCount = 100;
const windowMs = 100;

/**
 * How the limit moves: counts requests as they begin and end, and from window to window asks `nextState` for the next limit. It
 * lets nobody in and has nobody wait, and it knows no clock. To count a request allocates nothing.
 */
export class LimitSearch {
  readonly #limits: AdaptiveLimits;
  #state: AdaptiveState;
  #window: OpenWindow;
  #inFlight = 0;

  constructor(limits: AdaptiveLimits, limitFirst: number, nowMs: number) {
    this.#limits = limits;
    this.#state = firstState(limitFirst, nowMs);
    this.#window = openWindow(nowMs, 0);
  }

  /** Not rounded. */
  get limit(): number {
    return this.#state.limit;
  }

  get inFlight(): number {
    return this.#inFlight;
  }

  /** One more is under way. @returns the window in which it began. */
  begin(): OpenWindow {
    const window = this.#window;
    this.#inFlight++;
    if (this.#inFlight > window.inFlightMax) window.inFlightMax = this.#inFlight;
    return window;
  }

  /** One has ended. */
  end({ window, beganMs }: Begun, how: Ending, nowMs: number): void {
    this.#inFlight--;
    const tookMs = nowMs - beganMs;
    const isTooLate = how === 'overdue' || (how === 'given up' && tookMs >= this.#patienceMs());
    // What began under another limit says nothing of this one.
    if (window !== this.#window || (how !== 'done' && !isTooLate)) return;
    window.count++;
    window.totalMs += tookMs;
    if (isTooLate) window.hasOverdue = true;
    if (window.count >= windowCount && nowMs - window.startMs >= windowMs) this.#endWindow(nowMs);
  }

  /** So long a request may take on average; until that is known, nobody is too late by a client's word. */
  #patienceMs(): number {
    return (this.#state.aloneMs ?? Number.POSITIVE_INFINITY) * this.#limits.tolerance;
  }

  #endWindow(endMs: number): void {
    const { count, totalMs, inFlightMax, hasOverdue } = this.#window;
    const window = { endMs, meanMs: totalMs / count, inFlightMax, hasOverdue };
    this.#state = nextState(this.#state, window, this.#limits);
    this.#window = openWindow(endMs, this.#inFlight);
  }
}

function openWindow(startMs: number, inFlight: number): OpenWindow {
  return { startMs, count: 0, totalMs: 0, inFlightMax: inFlight, hasOverdue: false };
}
