import { type Clock, formatPath, parse, systemClock } from '../../base/index.ts';
import { resilienceError } from '../errors.ts';
import { type AdaptiveLimits, type AdaptiveState, firstState, nextState } from './adaptive-limit.ts';

/** How much a request matters. Where there is room for some only, the others make room. */
export type Priority = 'critical' | 'normal' | 'low';

/** How many requests may be under way. */
export interface LimiterOptions extends Partial<AdaptiveLimits> {
  /** Where the search begins. Default 20. */
  readonly limitFirst?: number;
  readonly clock?: Clock;
}

/** A request that was let in. */
export interface Place {
  /** It has ended: well, or too late to be of use, or so that its time says nothing. Further calls do nothing. */
  leave(how: 'done' | 'overdue' | 'unknown'): void;
}

/** Lets in as many as the service can work on, which it finds out by itself. */
export interface ConcurrencyLimiter {
  /** A place, or undefined where there is none for this priority. */
  enter(priority: Priority): Place | undefined;
  readonly limit: number;
  readonly inFlight: number;
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
  const { limitFirst, ...limits } = parseLimiter(options);
  const { clock = systemClock } = options;
  let state: AdaptiveState = firstState(limitFirst, clock.monotonicMs());
  let inFlight = 0;
  let window = openWindow(clock.monotonicMs(), inFlight);

  function endWindow(endMs: number): void {
    const { count, totalMs, inFlightMax, hasOverdue } = window;
    state = nextState(state, { endMs, meanMs: totalMs / count, inFlightMax, hasOverdue }, limits);
    window = openWindow(endMs, inFlight);
  }

  return {
    get limit() {
      return Math.floor(state.limit);
    },
    get inFlight() {
      return inFlight;
    },
    enter(priority) {
      // Everyone gets at least one at a time: a small limit must not shut out a priority for good.
      if (inFlight >= Math.max(1, Math.floor(state.limit * shares[priority]))) return undefined;
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
          // What began under another limit says nothing of this one.
          if (how === 'unknown' || began !== window) return;
          const nowMs = clock.monotonicMs();
          window.count++;
          window.totalMs += nowMs - beganMs;
          if (how === 'overdue') window.hasOverdue = true;
          if (window.count >= windowCount && nowMs - window.startMs >= windowMs) endWindow(nowMs);
        },
      };
    },
  };
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

function parseLimiter(input: LimiterOptions): AdaptiveLimits & { readonly limitFirst: number } {
  const parsed = parse(input, (root) => {
    const options = root.object([
      'limitMin',
      'limitMax',
      'tolerance',
      'measureEveryMs',
      'limitFirst',
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
    };
  });
  if (parsed.ok) return parsed.value;
  const found = parsed.problems.map(({ path, message }) => `${formatPath(path)} ${message}`);
  throw resilienceError('RESILIENCE_OPTIONS_INVALID', `Cannot limit requests: ${found.join('; ')}.`, {
    facts: { problems: parsed.problems },
  });
}
