import { type Clock, formatPath, parse, systemClock } from '../../base/index.ts';
import { resilienceError } from '../errors.ts';
import { type Timed, TimerWheel } from '../timer-wheel.ts';
import { type AdaptiveLimits, type AdaptiveState, firstState, nextState } from './adaptive-limit.ts';
import { type Priority, priorities, WaitingLine } from './waiting-line.ts';

export type { Priority };

/** How many requests may be under way. */
export interface LimiterOptions extends Partial<AdaptiveLimits> {
  /** Where the search begins. Default 20. */
  readonly limitFirst?: number;
  /** How many may wait for a place, 0 to 10,000. Default 0: who finds none is refused at once. */
  readonly queueMax?: number;
  /** How long each may wait, in milliseconds; kept to within about 12 ms, never sooner. Default 50. */
  readonly queueTimeoutMs?: number;
  readonly clock?: Clock;
}

/** A request that was let in. */
export interface Place {
  /**
   * It has ended: well; too late to be of use; when its client would not wait any more, which is too late only where others are
   * done by then; or so that its time says nothing. Further calls do nothing.
   */
  leave(how: 'done' | 'overdue' | 'given up' | 'unknown'): void;
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

/** The share of the limit up to which each priority is let in, so that the lowest is shed first. */
const shares: Readonly<Record<Priority, number>> = { critical: 1, normal: 0.9, low: 0.6 };

/** A window ends when it has both: as many requests as give a mean, and enough time. */
const windowCount = 100;
const windowMs = 100;

/**
 * Makes a limiter for one service, or for one kind of request of similar length: what it heeds is their mean. By default
 * between 4 and 1,000 at once, with a tolerance of 1.5, measured anew every 30 seconds.
 *
 * @throws LoadlineError RESILIENCE_OPTIONS_INVALID
 */
export function createConcurrencyLimiter(options: LimiterOptions = {}): ConcurrencyLimiter {
  const { limitFirst, queueMax, queueTimeoutMs, ...limits } = parseLimiter(options);
  const { clock = systemClock } = options;
  let state: AdaptiveState = firstState(limitFirst, clock.monotonicMs());
  let inFlight = 0;
  let window = openWindow(clock.monotonicMs(), inFlight);
  const line = new WaitingLine<Waiter>(queueMax);
  const wheel = new TimerWheel(clock);

  function endWindow(endMs: number): void {
    const { count, totalMs, inFlightMax, hasOverdue } = window;
    state = nextState(state, { endMs, meanMs: totalMs / count, inFlightMax, hasOverdue }, limits);
    window = openWindow(endMs, inFlight);
  }

  /** Everyone gets at least one at a time: a small limit must not shut out a priority for good. */
  function hasRoom(priority: Priority): boolean {
    return inFlight < Math.max(1, Math.floor(state.limit * shares[priority]));
  }

  function begin(): Place {
    inFlight++;
    if (inFlight > window.inFlightMax) window.inFlightMax = inFlight;
    const beganMs = clock.monotonicMs();
    const began = window;
    let isIn = true;
    return {
      leave(how) {
        if (!isIn) return;
        isIn = false;
        inFlight--;
        const tookMs = clock.monotonicMs() - beganMs;
        const isTooLate = how === 'overdue' || (how === 'given up' && tookMs >= patienceMs());
        // What began under another limit says nothing of this one.
        if ((how === 'done' || isTooLate) && began === window) count(tookMs, isTooLate);
        if (line.length > 0) letIn();
      },
    };
  }

  /** So long a request may take on average; until that is known, nobody is too late by a client's word. */
  function patienceMs(): number {
    return (state.aloneMs ?? Number.POSITIVE_INFINITY) * limits.tolerance;
  }

  function count(tookMs: number, isOverdue: boolean): void {
    const nowMs = clock.monotonicMs();
    window.count++;
    window.totalMs += tookMs;
    if (isOverdue) window.hasOverdue = true;
    if (window.count >= windowCount && nowMs - window.startMs >= windowMs) endWindow(nowMs);
  }

  /** Those who wait, as far as there is room for them. */
  function letIn(): void {
    for (const priority of priorities) {
      while (hasRoom(priority)) {
        const waiter = line.take(priority, clock.monotonicMs());
        if (waiter === undefined) break;
        wheel.remove(waiter);
        waiter.resolve(begin());
      }
    }
  }

  function wait(priority: Priority, waitMs: number): Promise<Place | undefined> {
    return new Promise((resolve) => {
      const nowMs = clock.monotonicMs();
      const waiter: Waiter = {
        nextTimed: undefined,
        previousTimed: undefined,
        dueTick: -1,
        resolve,
        onDue() {
          line.remove(waiter, priority);
          resolve(undefined);
        },
      };
      wheel.set(waiter, waitMs, nowMs);
      const turnedAway = line.add(waiter, priority, nowMs);
      if (turnedAway === undefined) return;
      wheel.remove(turnedAway);
      turnedAway.resolve(undefined);
    });
  }

  return {
    get limit() {
      return Math.floor(state.limit);
    },
    get inFlight() {
      return inFlight;
    },
    get waiting() {
      return line.length;
    },
    enter: (priority) => (hasRoom(priority) ? begin() : undefined),
    enterOrWait(priority, waitMsMax = Number.POSITIVE_INFINITY) {
      if (hasRoom(priority)) return begin();
      return queueMax === 0 ? undefined : wait(priority, Math.min(queueTimeoutMs, waitMsMax));
    },
  };
}

interface Waiter extends Timed {
  resolve(place: Place | undefined): void;
}

interface OpenWindow {
  readonly startMs: number;
  count: number;
  totalMs: number;
  inFlightMax: number;
  hasOverdue: boolean;
}

function openWindow(startMs: number, inFlight: number): OpenWindow {
  return { startMs, count: 0, totalMs: 0, inFlightMax: inFlight, hasOverdue: false };
}

interface ParsedLimiter extends AdaptiveLimits {
  readonly limitFirst: number;
  readonly queueMax: number;
  readonly queueTimeoutMs: number;
}

function parseLimiter(input: LimiterOptions): ParsedLimiter {
  const parsed = parse(input, (root) => {
    const options = root.object([
      'limitMin',
      'limitMax',
      'tolerance',
      'measureEveryMs',
      'limitFirst',
      'queueMax',
      'queueTimeoutMs',
      'clock',
    ]);
    const limitMin = options.optional('limitMin')?.number({ atLeast: 1, whole: true }) ?? 4;
    const limitMax = options.optional('limitMax')?.number({ atLeast: limitMin, whole: true }) ?? 1000;
    return {
      limitMin,
      limitMax,
      tolerance: options.optional('tolerance')?.number({ above: 1, atMost: 10 }) ?? 1.5,
      measureEveryMs: options.optional('measureEveryMs')?.number({ atLeast: 1000 }) ?? 30_000,
      limitFirst:
        options.optional('limitFirst')?.number({ atLeast: limitMin, atMost: limitMax }) ??
        Math.min(limitMax, Math.max(limitMin, 20)),
      queueMax: options.optional('queueMax')?.number({ atLeast: 0, atMost: 10_000, whole: true }) ?? 0,
      queueTimeoutMs: options.optional('queueTimeoutMs')?.number({ above: 0, atMost: 60_000 }) ?? 50,
    };
  });
  if (parsed.ok) return parsed.value;
  const found = parsed.problems.map(({ path, message }) => `${formatPath(path)} ${message}`);
  throw resilienceError('RESILIENCE_OPTIONS_INVALID', `Cannot limit requests: ${found.join('; ')}.`, {
    facts: { problems: parsed.problems },
  });
}
