/** A lease as it is kept somewhere that all can see. */
export interface KeptLease {
  /** Who has it; undefined where it was given up. */
  readonly holder: string | undefined;
  /** For how long after each renewal. */
  readonly durationMs: number;
  /** How often it has gone from one to another. */
  readonly transitions: number;
  /** Another one after every change. */
  readonly version: string;
}

/**
 * Where a lease is kept: an object of Kubernetes, a row of a database. It owes one thing: of two writes that replace the
 * same version, one is a conflict.
 */
export interface LeaseBook {
  /** Undefined where there is none yet. */
  read(signal: AbortSignal): Promise<KeptLease | undefined>;
  /** @returns what is kept now, or that somebody else was quicker. */
  write(lease: LeaseWish, signal: AbortSignal): Promise<KeptLease | 'conflict'>;
}

/** A lease as it is to be kept, and the one that it replaces. */
export interface LeaseWish {
  readonly holder: string | undefined;
  readonly durationMs: number;
  readonly transitions: number;
  /** Undefined where there is to be none yet. */
  readonly replaces: KeptLease | undefined;
}

export interface LeaseQuestion {
  readonly identity: string;
  /** What was read just now. */
  readonly lease: KeptLease | undefined;
  /** Since when this process has seen it unchanged, by its own clock, monotonic. */
  readonly unchangedSinceMs: number;
  readonly nowMs: number;
}

export type LeaseVerdict =
  | { readonly kind: 'renew' | 'take' }
  | { readonly kind: 'wait'; readonly holder: string };

/**
 * What is to be done about a lease. Pure. When it was renewed is told by nobody's clock but one's own: a lease is over
 * when it was seen unchanged for as long as it is given for. So clocks may differ as they like; only that one runs half as
 * fast again as the other would do harm.
 */
export function judgeLease({ identity, lease, unchangedSinceMs, nowMs }: LeaseQuestion): LeaseVerdict {
  if (lease?.holder === undefined) return { kind: 'take' };
  if (lease.holder === identity) return { kind: 'renew' };
  if (nowMs - unchangedSinceMs >= lease.durationMs) return { kind: 'take' };
  return { kind: 'wait', holder: lease.holder };
}
