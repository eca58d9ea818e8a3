import { type Clock, systemClock } from '../../base/index.ts';
import { type Timed, TimerWheel } from '../timer-wheel.ts';
import { type Begun, type Ending, LimitSearch } from './limit-search.ts';
import { type LimiterOptions, type ParsedLimiter, parseLimiter } from './limiter-options.ts';
import { type Priority, priorities, WaitingLine } from './waiting-line.ts';

/** A request that was let in. */
export interface Place {
  /**
   * It has ended: well; too late to be of use; when its client would not wait any more, which is too late only where others are
   * done by then; or so that its time says nothing. Further calls do nothing.
   */
  leave(how: Ending): void;
}

/** Lets in as many as the service can work on, which it finds out by itself. */
export interface ConcurrencyLimiter {
  /** A place, or undefined where there is none for this priority. */
  enter(priority: Priority): Place | undefined;
  /**
   * The same at once wherever there is a place; else waits for one, if the limiter has a queue. Undefined for whoever is turned
   * away: because the queue is full, or their time is over.
   *
   * @param waitMsMax the longest wait, whatever the limiter would allow.
   */
  enterOrWait(priority: Priority, waitMsMax?: number): Place | undefined | Promise<Place | undefined>;
  readonly limit: number;
  readonly inFlight: number;
  readonly waiting: number;
}

/**
 * Makes a limiter for one service, or for one kind of request of similar length: what it heeds is their mean. By default
 * between 4 and 1,000 at once, with a tolerance of 1.5, measured anew every 30 seconds.
 *
 * @throws LoadlineError RESILIENCE_OPTIONS_INVALID
 */
export function createConcurrencyLimiter(options: LimiterOptions = {}): ConcurrencyLimiter {
  return new Limiter(parseLimiter(options), options.clock ?? systemClock);
}

/** The share of the limit up to which each priority is let in, so that the lowest is shed first. */
const shares: Readonly<Record<Priority, number>> = { critical: 1, normal: 0.9, low: 0.6 };

/** Who comes in, and who waits; how many may, the search finds out. */
class Limiter implements ConcurrencyLimiter {
  readonly #search: LimitSearch;
  readonly #line: WaitingLine<Waiter>;
  readonly #wheel: TimerWheel;
  readonly #queueMax: number;
  readonly #queueTimeoutMs: number;
  readonly #clock: Clock;

  constructor({ limitFirst, queueMax, queueTimeoutMs, ...limits }: ParsedLimiter, clock: Clock) {
    this.#clock = clock;
    this.#search = new LimitSearch(limits, limitFirst, clock.monotonicMs());
    this.#line = new WaitingLine(queueMax);
    this.#wheel = new TimerWheel(clock);
    this.#queueMax = queueMax;
    this.#queueTimeoutMs = queueTimeoutMs;
  }

  get limit(): number {
    return Math.floor(this.#search.limit);
  }

  get inFlight(): number {
    return this.#search.inFlight;
  }

  get waiting(): number {
    return this.#line.length;
  }

  enter(priority: Priority): Place | undefined {
    return this.#hasRoom(priority) ? this.#begin() : undefined;
  }

  enterOrWait(
    priority: Priority,
    waitMsMax: number = Number.POSITIVE_INFINITY,
  ): Place | undefined | Promise<Place | undefined> {
    if (this.#hasRoom(priority)) return this.#begin();
    if (this.#queueMax === 0) return undefined;
    return this.#wait(priority, Math.min(this.#queueTimeoutMs, waitMsMax));
  }

  /** Everyone gets at least one at a time: a small limit must not shut out a priority for good. */
  #hasRoom(priority: Priority): boolean {
    const { inFlight, limit } = this.#search;
    return inFlight < Math.max(1, Math.floor(limit * shares[priority]));
  }

  #begin(): Place {
    return new TakenPlace(this, this.#search.begin(), this.#clock.monotonicMs());
  }

  /** For a place that is left. */
  end(begun: Begun, how: Ending): void {
    this.#search.end(begun, how, this.#clock.monotonicMs());
    if (this.#line.length > 0) this.#letIn();
  }

  /** Those who wait, as far as there is room for them. */
  #letIn(): void {
    for (const priority of priorities) {
      while (this.#hasRoom(priority)) {
        const waiter = this.#line.take(priority, this.#clock.monotonicMs());
        if (waiter === undefined) break;
        this.#wheel.remove(waiter);
        waiter.resolve(this.#begin());
      }
    }
  }

  #wait(priority: Priority, waitMs: number): Promise<Place | undefined> {
    return new Promise((resolve) => {
      const nowMs = this.#clock.monotonicMs();
      const waiter: Waiter = {
        nextTimed: undefined,
        previousTimed: undefined,
        dueTick: -1,
        resolve,
        onDue: () => {
          this.#line.remove(waiter, priority);
          resolve(undefined);
        },
      };
      this.#wheel.set(waiter, waitMs, nowMs);
      const turnedAway = this.#line.add(waiter, priority, nowMs);
      if (turnedAway === undefined) return;
      this.#wheel.remove(turnedAway);
      turnedAway.resolve(undefined);
    });
  }
}

interface Waiter extends Timed {
  resolve(place: Place | undefined): void;
}

class TakenPlace implements Place, Begun {
  readonly beganMs: number;
  readonly window: Begun['window'];
  readonly #limiter: Limiter;
  #isIn = true;

  constructor(limiter: Limiter, window: Begun['window'], beganMs: number) {
    this.#limiter = limiter;
    this.window = window;
    this.beganMs = beganMs;
  }

  leave(how: Ending): void {
    if (!this.#isIn) return;
    this.#isIn = false;
    this.#limiter.end(this, how);
  }
}
