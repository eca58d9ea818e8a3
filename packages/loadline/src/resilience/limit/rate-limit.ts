import { createHash } from 'node:crypto';
import type { Clock } from '../../base/index.ts';
import { resilienceError } from '../errors.ts';

/** How often something may be done by one key: so often on average, and so many at once. */
export interface Rate {
  readonly ratePerSecond: number;
  /** At least 1. */
  readonly burst: number;
}

/** Whether one more may come now. */
export type RateVerdict =
  | { readonly allowed: true }
  /** When there will be room for one more, if nothing else comes. */
  | { readonly allowed: false; readonly retryAfterMs: number };

/** Limits how often each key may. */
export interface RateLimiter {
  /** Takes one token of the key, where there is one. May reject where the count is kept elsewhere. */
  take(key: string): RateVerdict | Promise<RateVerdict>;
}

/** What `spend` concludes. */
interface Spent {
  readonly verdict: RateVerdict;
  /** To be kept for the key. */
  readonly fullAtMs: number;
}

/**
 * A token bucket in one number: the time at which the bucket would be full again (the generic cell rate algorithm of ATM). One
 * more moves it on by what one token takes to come back. Pure.
 *
 * @param fullAtMs what was kept for the key; undefined for one that has not been seen, or not lately.
 */
function spend(fullAtMs: number | undefined, nowMs: number, { ratePerSecond, burst }: Rate): Spent {
  const tokenMs = 1000 / ratePerSecond;
  const fromMs = Math.max(fullAtMs ?? nowMs, nowMs);
  const missingMs = fromMs + tokenMs - nowMs - burst * tokenMs;
  // A millionth of a millisecond is rounding, not haste.
  if (missingMs > 1e-6) return { verdict: { allowed: false, retryAfterMs: missingMs }, fullAtMs: fromMs };
  return { verdict: allowed, fullAtMs: fromMs + tokenMs };
}

const allowed: RateVerdict = { allowed: true };

/** What keys of this process may, for itself alone. */
export interface LocalRateLimit extends RateLimiter {
  take(key: string): RateVerdict;
  /** Keys that were forgotten before their time, because there were too many. */
  readonly forgotten: number;
}

/**
 * Checks a rate, which may come from a file.
 *
 * @throws LoadlineError RESILIENCE_OPTIONS_INVALID
 */
export function checkRate({ ratePerSecond, burst }: Rate): void {
  const problems = [
    ...(ratePerSecond > 0 && Number.isFinite(ratePerSecond)
      ? []
      : [`ratePerSecond must be above 0, got ${ratePerSecond}`]),
    ...(burst >= 1 && Number.isFinite(burst) ? [] : [`burst must be at least 1, got ${burst}`]),
  ];
  if (problems.length === 0) return;
  throw resilienceError('RESILIENCE_OPTIONS_INVALID', `Cannot limit a rate: ${problems.join('; ')}.`, {
    facts: { problems },
  });
}

/** A key is what a client says, and as long as that likes: 100,000 of a header's length would be a gigabyte. */
function keptAs(key: string): string {
  return key.length <= keyLengthMax ? key : createHash('sha256').update(key).digest('base64url');
}

const keyLengthMax = 64;

/**
 * Limits in memory. At most `keysMax` keys are kept, by default 100,000, some 10 MB: beyond them the one that has been quiet
 * for longest is forgotten, and starts anew with a full bucket. Long keys are kept as digests.
 *
 * @throws LoadlineError RESILIENCE_OPTIONS_INVALID
 */
export function createLocalRateLimit(
  rate: Rate,
  { clock, keysMax = 100_000 }: { readonly clock: Clock; readonly keysMax?: number },
): LocalRateLimit {
  checkRate(rate);
  /** In the order of their last visit. */
  const fullAt = new Map<string, number>();
  let forgotten = 0;
  return {
    take(key) {
      const nowMs = clock.monotonicMs();
      const kept = keptAs(key);
      const { verdict, fullAtMs } = spend(fullAt.get(kept), nowMs, rate);
      fullAt.delete(kept);
      fullAt.set(kept, fullAtMs);
      if (fullAt.size > keysMax) {
        const [oldest, oldestMs] = fullAt.entries().next().value as [string, number];
        fullAt.delete(oldest);
        // A bucket that is full again is as good as none.
        if (oldestMs > nowMs) forgotten++;
      }
      return verdict;
    },
    get forgotten() {
      return forgotten;
    },
  };
}
