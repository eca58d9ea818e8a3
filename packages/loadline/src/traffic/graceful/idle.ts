/** What is known of a connection on which no request is under way. */
export interface Resting {
  /** Since when, on the monotonic clock; since it was opened, where nothing has come yet. */
  readonly sinceMs: number;
  /** Bytes that had come by then, and that have come by now. */
  readonly bytesThen: number;
  readonly bytesNow: number;
}

/**
 * Whether a resting connection can be closed without a race. Bytes that have come since are the beginning of a request.
 * One that was busy a moment ago may be about to carry the next request, on the wire already: it gets a moment more, and
 * the answer to that request then says goodbye. One that has long been silent is closed at once.
 */
export function mayClose({ sinceMs, bytesThen, bytesNow }: Resting, nowMs: number, quietMs: number): boolean {
  return bytesNow === bytesThen && nowMs - sinceMs >= quietMs;
}
