import { createHash } from 'node:crypto';
import { type Clock, systemClock } from '../../base/index.ts';
import {
  checkRate,
  createLocalRateLimit,
  protect,
  type Rate,
  type RateLimiter,
  type RateVerdict,
} from '../../resilience/index.ts';
import type { Valkey, ValkeyScript } from '../../valkey/index.ts';

/** The rate of each key at all instances together, and where they count it. */
export interface SharedRateLimitOptions extends Rate {
  /** Belongs to whoever made it. */
  readonly valkey: Pick<Valkey, 'evaluate'>;
  /** Distinguishes limits on one server: `api`. */
  readonly name: string;
  /** How many instances share the limit now: while Valkey is away each allows its part. */
  readonly instances: () => number;
  /** How long a request may wait for Valkey's word, in milliseconds. Default 50. */
  readonly waitMs?: number;
  /** Default: this machine's. */
  readonly clock?: Clock;
}

/** A limit that all instances keep together. */
export interface SharedRateLimit extends RateLimiter {
  take(key: string): Promise<RateVerdict>;
  /** Verdicts since the start: by all instances together, and by this one alone. */
  readonly usage: { readonly shared: number; readonly local: number };
}

/**
 * A rate limit that all instances share through Valkey. While it is away or too slow each instance allows its share by its own
 * count: no request fails and none waits longer than `waitMs`, and after some that did none waits at all until Valkey answers
 * again. At such a change, a key may at most have its burst twice.
 *
 * Keys are kept as digests: they may be secrets of users, and as long as users like.
 *
 * @throws LoadlineError RESILIENCE_OPTIONS_INVALID
 */
export function createSharedRateLimit(options: SharedRateLimitOptions): SharedRateLimit {
  const { valkey, name, ratePerSecond, burst, instances, waitMs = 50, clock = systemClock } = options;
  checkRate(options);
  let verdicts = 0;
  let local = 0;
  const calls = protect({
    clock,
    timeLimitMs: waitMs,
    breaker: { windowMs: 1000, callsMin: 5, openMs: 500, openMsMax: 2000, probesNeeded: 1 },
  });
  let share = shareOf(1);
  let shares = 1;

  function shareOf(count: number): RateLimiter {
    return createLocalRateLimit(
      { ratePerSecond: ratePerSecond / count, burst: Math.max(1, burst / count) },
      { clock },
    );
  }

  /** A service's own function must not break its requests: where it says nothing of use, what it said before holds. */
  function instancesNow(): number {
    try {
      const count = Math.floor(instances());
      return Number.isFinite(count) ? Math.max(1, count) : shares;
    } catch {
      return shares;
    }
  }

  function takeLocally(key: string): RateVerdict | Promise<RateVerdict> {
    const count = instancesNow();
    if (count !== shares) {
      shares = count;
      share = shareOf(count);
    }
    local++;
    return share.take(key);
  }

  async function takeShared(key: string): Promise<RateVerdict> {
    const digest = createHash('sha256').update(key).digest('base64url').slice(0, 22);
    const waitedMs = await valkey.evaluate(takeScript, {
      keys: [`rate:${name}:${digest}`],
      values: [1000 / ratePerSecond, burst],
    });
    return waitedMs === 0 ? { allowed: true } : { allowed: false, retryAfterMs: Number(waitedMs) };
  }

  return {
    async take(key) {
      const verdict = await calls.run(() => takeShared(key), { fallback: () => takeLocally(key) });
      verdicts++;
      return verdict;
    },
    // Not counted where the answer comes: it may come when nobody waits for it any more.
    get usage() {
      return { shared: verdicts - local, local };
    },
  };
}

/**
 * The same arithmetic as in memory, by the server's own clock, so that no instance's is heard. Gives 0, or for how many
 * milliseconds to wait. What would be full again is forgotten by the server.
 */
const takeText = `
local time = redis.call('TIME')
local now = time[1] * 1000 + time[2] / 1000
local token = tonumber(ARGV[1])
local full_at = tonumber(redis.call('GET', KEYS[1])) or now
if full_at < now then full_at = now end
local missing = full_at + token - now - tonumber(ARGV[2]) * token
if missing > 0.000001 then return math.ceil(missing) end
full_at = full_at + token
redis.call('SET', KEYS[1], string.format('%.3f', full_at), 'PX', math.ceil(full_at - now))
return 0
`;

/** By hand: with more of that room than its types, whoever shares no limit would need a client of Valkey. */
const takeScript: ValkeyScript = {
  text: takeText,
  sha1: createHash('sha1').update(takeText).digest('hex'),
};
