/** A ping and its answer: when it left and came back by our clock, and what the other one showed meanwhile. */
export interface Ping {
  readonly sentMs: number;
  readonly receivedMs: number;
  readonly theirMs: number;
}

/** How another clock goes beside ours. */
export interface ClockOffset {
  /** How far theirs was ahead when it showed `atMs`. */
  readonly offsetMs: number;
  readonly atMs: number;
  /** By how much more theirs goes ahead in each of its milliseconds; 1e-4 is a bad quartz. */
  readonly drift: number;
  /** The offset is right to within so much: half of the shortest way there and back. */
  readonly errorMs: number;
}

/**
 * Estimates another clock from pings, as NTP does (RFC 5905, section 10): those that were quickest there and
 * back are the truest, because least of their way can have been uneven. The drift is the slope between the
 * best ping of the earlier and of the later half, where they are far enough apart to tell one.
 */
export function estimateOffset(pings: readonly Ping[]): ClockOffset {
  const half = Math.ceil(pings.length / 2);
  const early = quickest(pings.slice(0, half));
  const late = quickest(pings.slice(half).toReversed()) ?? early;
  if (early === undefined || late === undefined)
    return { offsetMs: 0, atMs: 0, drift: 0, errorMs: Number.POSITIVE_INFINITY };
  const spanMs = late.theirMs - early.theirMs;
  const errorMs = (wayOf(early) + wayOf(late)) / 2;
  const drift = spanMs > driftSpanMs ? (offsetOf(late) - offsetOf(early)) / spanMs : 0;
  // A slope that the pings' own errors could have made is none.
  const isReal = Math.abs(drift) * spanMs > errorMs;
  const best = isReal || wayOf(late) <= wayOf(early) ? late : early;
  return {
    offsetMs: offsetOf(best),
    atMs: best.theirMs,
    drift: isReal ? drift : 0,
    errorMs: wayOf(best) / 2,
  };
}

/** Pings that are further apart than this tell a drift. */
const driftSpanMs = 5000;

/** Of equals, the first. */
function quickest(pings: readonly Ping[]): Ping | undefined {
  return pings.reduce<Ping | undefined>(
    (best, ping) => (best === undefined || wayOf(ping) < wayOf(best) ? ping : best),
    undefined,
  );
}

function wayOf({ sentMs, receivedMs }: Ping): number {
  return receivedMs - sentMs;
}

function offsetOf({ sentMs, receivedMs, theirMs }: Ping): number {
  return theirMs - (sentMs + receivedMs) / 2;
}
