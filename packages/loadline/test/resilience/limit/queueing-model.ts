import { type Clock, exponential, type Random } from 'loadline/base';
import type { ConcurrencyLimiter, Place, Priority } from 'loadline/resilience';

/** A service as queueing theory has it: so many servers, and in front of them one queue without an end. */
export interface Model {
  readonly random: Random;
  readonly servers: number;
  /** How long one server takes for a request on average, at this time. */
  readonly serviceMsAt: (nowMs: number) => number;
  /** Requests that arrive a second, at this time. */
  readonly ratePerSecondAt: (nowMs: number) => number;
  readonly priorityOf?: (random: Random) => Priority;
}

/** What happened within a second. */
export interface Second {
  done: number;
  readonly shed: Record<Priority, number>;
  readonly offered: Record<Priority, number>;
  /** From admission to the end. */
  readonly latenciesMs: number[];
  limit: number;
}

/** A clock that a simulation moves on by hand; it has no timers. */
export function createHandClock(): Clock & { nowMs: number } {
  const clock = {
    nowMs: 0,
    now: () => clock.nowMs,
    monotonicMs: () => clock.nowMs,
    setTimer: () => {
      throw new Error('a limiter needs no timers');
    },
  };
  return clock;
}

/**
 * Runs the model behind a limiter for so many seconds. Exponential times have no memory: which of those at work ends next is
 * as good as drawn, and so is whether somebody arrives before.
 */
export function simulate(
  model: Model,
  { seconds, clock, limiter }: { seconds: number; clock: { nowMs: number }; limiter: ConcurrencyLimiter },
): Second[] {
  const { random, servers } = model;
  const result = Array.from({ length: seconds }, newSecond);
  const busy: Waiting[] = [];
  const queue: Waiting[] = [];
  for (;;) {
    const arrivals = model.ratePerSecondAt(clock.nowMs) / 1000;
    const ends = busy.length / model.serviceMsAt(clock.nowMs);
    clock.nowMs += exponential(random, 1 / (arrivals + ends));
    const second = result[Math.floor(clock.nowMs / 1000)];
    if (second === undefined) return result;
    second.limit = limiter.limit;
    if (random() * (arrivals + ends) < ends) {
      const at = Math.floor(random() * busy.length);
      const { place, beganMs } = busy[at] as Waiting;
      place.leave('done');
      second.done++;
      second.latenciesMs.push(clock.nowMs - beganMs);
      const next = queue.shift();
      if (next === undefined) busy.splice(at, 1);
      else busy[at] = next;
      continue;
    }
    const priority = model.priorityOf?.(random) ?? 'critical';
    second.offered[priority]++;
    const place = limiter.enter(priority);
    if (place === undefined) second.shed[priority]++;
    else (busy.length < servers ? busy : queue).push({ place, beganMs: clock.nowMs });
  }
}

interface Waiting {
  readonly place: Place;
  readonly beganMs: number;
}

function newSecond(): Second {
  const none = { critical: 0, normal: 0, low: 0 };
  return { done: 0, shed: { ...none }, offered: { ...none }, latenciesMs: [], limit: 0 };
}
