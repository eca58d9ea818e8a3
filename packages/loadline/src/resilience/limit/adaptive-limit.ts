/** Within which the limit is sought; complete. */
export interface AdaptiveLimits {
  /** The limit is never lower; from 1. */
  readonly limitMin: number;
  /** The limit is never higher. */
  readonly limitMax: number;
  /** How much longer than without a queue a request may take on average, as a factor above 1, at most 10. */
  readonly tolerance: number;
  /** How often the time without a queue is measured anew, in milliseconds, at least 1,000. */
  readonly measureEveryMs: number;
}

/** What is known so far. */
export interface AdaptiveState {
  /** How many requests may be under way; not rounded. */
  readonly limit: number;
  /** How long a request takes on average when none waits; undefined before the first window. */
  readonly aloneMs: number | undefined;
  /** When `aloneMs` was last measured with few requests under way. */
  readonly measuredMs: number;
  /** The limit before a measurement that is under way. */
  readonly limitBefore: number | undefined;
  /** The mean and the limit of the window before. */
  readonly meanMsBefore: number | undefined;
  readonly limitOfMean: number;
}

/** Requests that began and ended under one limit. */
export interface LimitWindow {
  readonly endMs: number;
  readonly meanMs: number;
  /** The most that were under way at once. */
  readonly inFlightMax: number;
  /** Whether one of them was given up because it took too long. */
  readonly hasOverdue: boolean;
}

export function firstState(limit: number, nowMs: number): AdaptiveState {
  return {
    limit,
    aloneMs: undefined,
    measuredMs: nowMs,
    limitBefore: undefined,
    meanMsBefore: undefined,
    limitOfMean: limit,
  };
}

/**
 * Finds how many requests a service can work on at once without knowing anything of it but how long they take. Pure.
 *
 * While none waits, one more makes none of them slower; beyond the knee each one more only waits. So the limit grows by its
 * root as long as requests take about as long as they do alone, and shrinks in proportion to how much longer they take: the
 * gradient of Netflix' limiter. Two traps are known of it. What a request takes alone drifts up with a lasting overload:
 * it is measured only with half as many under way, from time to time. And a service that has become slower for another
 * reason would be throttled down to nothing: time that does not shrink with the limit is no wait, but how long it takes now.
 */
export function nextState(state: AdaptiveState, window: LimitWindow, limits: AdaptiveLimits): AdaptiveState {
  const seen = { meanMsBefore: window.meanMs, limitOfMean: state.limit };
  if (state.limitBefore !== undefined) {
    // Half as many were under way: whatever they took now is what they take alone.
    const measured = { aloneMs: window.meanMs, measuredMs: window.endMs, limitBefore: undefined };
    return { ...state, ...measured, ...seen, limit: state.limitBefore };
  }
  const aloneMs = aloneMsNow(state, window);
  const isUsed = window.inFlightMax >= state.limit * 0.7;
  if (isUsed && window.endMs - state.measuredMs >= limits.measureEveryMs) {
    const limit = bounded(state.limit / 2, limits);
    return { ...state, ...seen, aloneMs, limit, limitBefore: state.limit };
  }
  const gradient = window.hasOverdue ? 0.7 : Math.max(0.5, (limits.tolerance * aloneMs) / window.meanMs);
  // Whoever does not use the limit tells nothing about a higher one.
  const higher = isUsed ? state.limit + Math.sqrt(state.limit) : state.limit;
  const limit = gradient < 1 ? state.limit * gradient : higher;
  return { ...state, ...seen, aloneMs, limit: bounded(limit, limits) };
}

function aloneMsNow(state: AdaptiveState, { meanMs }: LimitWindow): number {
  const { aloneMs, meanMsBefore, limitOfMean, limit } = state;
  if (aloneMs === undefined) return meanMs;
  // By a third of the way, since the lowest of many means is lower than what it is the mean of.
  if (meanMs < aloneMs) return aloneMs + (meanMs - aloneMs) / 3;
  const hasShrunk = limit < limitOfMean * 0.75;
  return hasShrunk && meanMsBefore !== undefined && meanMs > meanMsBefore ? meanMs : aloneMs;
}

function bounded(limit: number, { limitMin, limitMax }: AdaptiveLimits): number {
  return Math.min(limitMax, Math.max(limitMin, limit));
}
