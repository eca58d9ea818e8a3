import type { Random } from '../../base/index.ts';

/** A message is tried this often before it is dropped: some eight seconds, when nobody asks for more. */
export const attemptsMax = 6;

const firstDelayMs = 250;
const delayMsMax = 10_000;
/** A receiver may ask for a longer pause than we would make, but not for one as long as it likes. */
const askedDelayMsMax = 30_000;

/**
 * How long to wait before the next attempt: 250 ms, and twice as long each time, to 10 s, from half of it to
 * the whole, so that many senders do not come back at once. A receiver that asks for longer by `Retry-After`
 * gets up to 30 s.
 *
 * @param attempt how many have failed, from 1.
 * @param nowMs the wall time, for a `Retry-After` that is a date.
 */
export function retryDelayMs(
  attempt: number,
  { retryAfter, nowMs, random }: { retryAfter: string | undefined; nowMs: number; random: Random },
): number {
  const ownMs = Math.min(delayMsMax, firstDelayMs * 2 ** (attempt - 1)) * (0.5 + random() / 2);
  return Math.max(ownMs, Math.min(askedDelayMsMax, askedDelayMs(retryAfter, nowMs)));
}

/** Whole seconds or an HTTP date (RFC 9110, 10.2.3); anything else asks for nothing. */
function askedDelayMs(retryAfter: string | undefined, nowMs: number): number {
  const text = retryAfter?.trim() ?? '';
  if (/^\d+$/.test(text)) return Number(text) * 1000;
  const dateMs = Date.parse(text);
  return Number.isNaN(dateMs) ? 0 : Math.max(0, dateMs - nowMs);
}
