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
  /** From arrival to the end. */
  readonly latenciesMs: number[];
  limit: number;
}

/** A clock that a simulation moves on by hand. */
export interface HandClock extends Clock {
  nowMs: number;
  /** Calls whoever is due. */
  fire(): void;
}

export function createHandClock(): HandClock {
  const due = new Map<() => void, number>();
  const clock: HandClock = {
    nowMs: 0,
    now: () => clock.nowMs,
    monotonicMs: () => clock.nowMs,
    setTimer(callback, delayMs) {
      due.set(callback, clock.nowMs + delayMs);
      return { cancel: () => due.delete(callback) };
    },
    fire() {
      for (const [callback, atMs] of due) {
        if (atMs > clock.nowMs) continue;
        due.delete(callback);
        callback();
      }
    },
  };
  return clock;
}

/**
 * Runs the model behind a limiter for so many seconds. Exponential times have no memory: which of those at work ends next is
 * as good as drawn, and so is whether somebody arrives before.
 */
export async function simulate(
  model: Model,
  { seconds, clock, limiter }: { seconds: number; clock: HandClock; limiter: ConcurrencyLimiter },
): Promise<Second[]> {
  const { random, servers } = model;
  const result = Array.from({ length: seconds }, newSecond);
  const busy: Waiting[] = [];
  const queue: Waiting[] = [];
  const settle = (place: Place | undefined, beganMs: number, turnedAway: () => void): void => {
    if (place === undefined) turnedAway();
    else (busy.length < servers ? busy : queue).push({ place, beganMs });
  };
  for (;;) {
    // Who waits hears of it in a turn of their own.
    if (limiter.waiting > 0) await null;
    const arrivals = model.ratePerSecondAt(clock.nowMs) / 1000;
    const ends = busy.length / model.serviceMsAt(clock.nowMs);
    clock.nowMs += exponential(random, 1 / (arrivals + ends));
    const second = result[Math.floor(clock.nowMs / 1000)];
    if (second === undefined) return result;
    second.limit = limiter.limit;
    clock.fire();
    if (random() * (arrivals + ends) < ends) {
      const at = Math.floor(random() * busy.length);
      const { place, beganMs } = busy[at] as Waiting;
      second.done++;
      second.latenciesMs.push(clock.nowMs - beganMs);
      const next = queue.shift();
      if (next === undefined) busy.splice(at, 1);
      else busy[at] = next;
      const wereWaiting = limiter.waiting > 0;
      place.leave('done');
      if (wereWaiting) await null;
      continue;
    }
    const priority = model.priorityOf?.(random) ?? 'critical';
    second.offered[priority]++;
    const beganMs = clock.nowMs;
    const turnedAway = (): void => {
      second.shed[priority]++;
    };
    const entered = limiter.enterOrWait(priority);
    if (entered instanceof Promise) void entered.then((place) => settle(place, beganMs, turnedAway));
    else settle(entered, beganMs, turnedAway);
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
