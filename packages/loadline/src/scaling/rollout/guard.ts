import { formatDuration } from '../../base/index.ts';
import type { RolloutGuard } from './plan.ts';
import type { BuildSpan, Counted, TrafficSpan } from './traffic-seen.ts';

/** How the baseline did while it still had traffic: what the candidate is held against when it has all of it. */
export interface Usual {
  readonly errorRatio: number;
  /** In microseconds. */
  readonly latencyP95: number;
}

/** What is usual for a span of the baseline's; undefined where too little was answered to say. Pure. */
export function usualOf({ whole }: BuildSpan): Usual | undefined {
  if (whole.requests < usualRequestsMin) return undefined;
  return { errorRatio: whole.errors / whole.requests, latencyP95: whole.latency.quantile(0.95) };
}

const usualRequestsMin = 100;

/**
 * Why the candidate must go at once, to follow `the candidate's`; undefined where nothing is so bad. A few requests
 * are enough where nearly all of them are bad, and a few bad ones among many are not: both limits must be passed by
 * four standard errors. Pure.
 *
 * @param recent what was answered within the guard's window.
 * @param usual how the baseline did before, for where it has too little traffic now.
 */
export function breachOf(
  recent: TrafficSpan,
  guard: RolloutGuard,
  usual: Usual | undefined,
): string | undefined {
  const whole = breachIn('requests', recent.candidate.whole, guard, usualOf(recent.baseline) ?? usual);
  if (whole !== undefined) return whole;
  for (const [endpoint, counted] of recent.candidate.endpoints) {
    const other = recent.baseline.endpoints.get(endpoint);
    const own = other === undefined ? undefined : usualOf({ whole: other, endpoints: new Map() });
    const breach = own === undefined ? undefined : breachIn(endpoint, counted, guard, own);
    if (breach !== undefined) return breach;
  }
  return undefined;
}

function breachIn(
  what: string,
  { requests, errors, latency }: Counted,
  { errorRatio, latencyTimes, latencyMsAbove }: RolloutGuard,
  usual: Usual | undefined,
): string | undefined {
  const allowed = Math.min(1, (usual?.errorRatio ?? 0) + errorRatio);
  if (surelyAbove(errors, requests, allowed)) {
    return `${what} failed: ${errors} of ${requests}, where ${percent(allowed)} are the limit`;
  }
  if (usual === undefined) return undefined;
  const limit = Math.max(usual.latencyP95 * latencyTimes, usual.latencyP95 + latencyMsAbove * 1000);
  const slow = latency.count - latency.countAtOrBelow(limit);
  if (!surelyAbove(slow, latency.count, 0.05)) return undefined;
  return `${what} are slow: ${slow} of ${latency.count} took longer than ${formatDuration(limit / 1000)}, where the baseline's p95 is ${formatDuration(usual.latencyP95 / 1000)}`;
}

/** Whether a share is above a limit even at the lower end of its interval (E. B. Wilson, JASA 22, 1927). */
function surelyAbove(hits: number, tries: number, limit: number): boolean {
  if (tries < triesMin) return false;
  // Where somebody counts errors that were never timed, there are more of them than requests.
  const share = Math.min(1, hits / tries);
  const square = errorsApart ** 2;
  const center = share + square / (2 * tries);
  const reach = errorsApart * Math.sqrt((share * (1 - share)) / tries + square / (4 * tries * tries));
  return (center - reach) / (1 + square / tries) > limit;
}

const errorsApart = 4;
const triesMin = 5;

function percent(ratio: number): string {
  return `${Number((ratio * 100).toPrecision(3))} %`;
}
