import type { Random } from '../../base/index.ts';

/** A message is tried once and at most five times more. */
export const attemptsMax = 6;

/** A receiver may ask for a longer pause than ours, but not for one as long as it likes. */
const askedDelayMsMax = 60_000;

/**
 * How long to wait after a failed attempt: 1, 2, 4, 8 and 16 seconds, and up to a quarter more by chance, so that many
 * senders do not come back at once. Who asks for longer by `Retry-After` gets up to a minute.
 *
 * @param failed how many attempts have failed, from 1.
 * @param nowMs the wall time, for a `Retry-After` that is a date.
 */
export function backoffMs(
  failed: number,
  { retryAfter, nowMs, random }: { retryAfter: string | undefined; nowMs: number; random: Random },
): number {
  const ownMs = 1000 * 2 ** (failed - 1) * (1 + random() / 4);
  return Math.max(ownMs, Math.min(askedDelayMsMax, askedDelayMs(retryAfter, nowMs)));
}

/** Whole seconds or an HTTP date (RFC 9110, 10.2.3); anything else asks for nothing. */
function askedDelayMs(retryAfter: string | undefined, nowMs: number): number {
  const text = retryAfter?.trim() ?? '';
  if (/^\d+$/.test(text)) return Number(text) * 1000;
  const dateMs = Date.parse(text);
  return Number.isNaN(dateMs) ? 0 : Math.max(0, dateMs - nowMs);
}
