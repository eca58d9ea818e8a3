import type { SeenUpstream, Upstream, WantedUpstream } from '../upstream.ts';

/** One that somebody has asked for, and its wish to go, once that was asked for too. */
export interface Member {
  readonly upstream: Upstream;
  readonly isLeaving: boolean;
}

/** One that a proxy has and nobody here has asked for: another pool's, or one from before a restart of this one. */
export interface Stranger {
  readonly sinceMs: number;
  /** Undefined while it is let be. */
  readonly drainingSinceMs: number | undefined;
}

/** What becomes of strangers; defaults are those of `PoolOptions.strangers`. */
export interface StrangerPolicy {
  /** How long a stranger is let be, in milliseconds: whoever has been started again asks for its own within this time. */
  readonly keepMs: number;
  /** How long it may then take to end what it has, in milliseconds. */
  readonly graceMs: number;
}

export interface ProxySituation {
  readonly members: ReadonlyMap<string, Member>;
  /** What the proxy says that it has. */
  readonly seen: readonly SeenUpstream[];
  readonly strangers: ReadonlyMap<string, Stranger>;
  /** Those that have left the pool and go without further ado. */
  readonly released: ReadonlySet<string>;
  readonly policy: StrangerPolicy;
  readonly nowMs: number;
}

export interface ProxyPlan {
  readonly wanted: readonly WantedUpstream[];
  readonly strangers: ReadonlyMap<string, Stranger>;
}

/**
 * What one proxy is to have now. Pure. A stranger is let be for a while, then drained, then left out; and it stays for as
 * long as no member is up there: a pool that knows nobody yet must not empty a proxy that serves.
 */
export function planProxy({ members, seen, strangers, released, policy, nowMs }: ProxySituation): ProxyPlan {
  const wanted = [...members.values()].map(
    ({ upstream, isLeaving }): WantedUpstream => ({ ...upstream, mode: isLeaving ? 'draining' : 'serving' }),
  );
  const isServed = seen.some((each) => {
    const member = members.get(each.id);
    return member !== undefined && !member.isLeaving && isUp(member.upstream, each);
  });
  const still = new Map<string, Stranger>();
  for (const each of seen) {
    if (members.has(each.id) || released.has(each.id)) continue;
    const stranger = strangers.get(each.id) ?? { sinceMs: nowMs, drainingSinceMs: undefined };
    const next = judgeStranger(stranger, { isServed, policy, nowMs });
    if (next.drainingSinceMs !== undefined && isOver(each, next.drainingSinceMs, { policy, nowMs })) continue;
    still.set(each.id, next);
    const { id, host, port, weight } = each;
    const mode = next.drainingSinceMs === undefined ? 'serving' : 'draining';
    // Whoever gave it a share may come back for it.
    wanted.push({ id, host, port, mode, ...(weight === undefined ? {} : { weight }) });
  }
  return { wanted, strangers: still };
}

function judgeStranger(
  stranger: Stranger,
  { isServed, policy, nowMs }: { isServed: boolean; policy: StrangerPolicy; nowMs: number },
): Stranger {
  const { sinceMs, drainingSinceMs } = stranger;
  if (!isServed) return { sinceMs, drainingSinceMs: undefined };
  if (drainingSinceMs !== undefined || nowMs - sinceMs < policy.keepMs) return stranger;
  return { sinceMs, drainingSinceMs: nowMs };
}

function isOver(
  seen: SeenUpstream,
  drainingSinceMs: number,
  { policy, nowMs }: { policy: StrangerPolicy; nowMs: number },
): boolean {
  return isIdle(seen) || nowMs - drainingSinceMs >= policy.graceMs;
}

/** Whether a proxy sends requests to it, at the address that it is to have. */
export function isUp(upstream: Upstream, seen: SeenUpstream | undefined): boolean {
  return seen !== undefined && seen.status === 'up' && isAtAddress(upstream, seen);
}

function isAtAddress({ host, port }: Upstream, seen: SeenUpstream): boolean {
  return host === seen.host && port === seen.port;
}

/** Whether it takes nothing new, and is known to be busy with nothing. One that is down may be draining as well. */
function isIdle({ status, inFlight }: SeenUpstream): boolean {
  return (status === 'draining' || status === 'down') && inFlight === 0;
}

/** What is left to do at one that leaves, over all proxies. */
export type Rest =
  | { readonly kind: 'none' }
  /** `inFlight` is undefined where a proxy does not tell, or does not answer. */
  | { readonly kind: 'some'; readonly inFlight: number | undefined };

/**
 * How busy one is that leaves. Pure.
 *
 * @param views what each proxy has said since that was asked for, by id; undefined for one that has not.
 */
export function restOf(id: string, views: readonly (ReadonlyMap<string, SeenUpstream> | undefined)[]): Rest {
  let isDone = true;
  let inFlight: number | undefined = 0;
  for (const view of views) {
    const seen = view?.get(id);
    if (view !== undefined && seen === undefined) continue;
    if (seen === undefined || !isIdle(seen)) isDone = false;
    inFlight = inFlight === undefined || seen?.inFlight === undefined ? undefined : inFlight + seen.inFlight;
  }
  return isDone ? { kind: 'none' } : { kind: 'some', inFlight };
}

/** Whether a proxy has just what it is to have, as far as it tells: weights and zones it does not. Pure. */
export function isInStep(seen: readonly SeenUpstream[], wanted: readonly WantedUpstream[]): boolean {
  if (seen.length !== wanted.length) return false;
  const there = new Map(seen.map((each) => [each.id, each]));
  return wanted.every((each) => {
    const found = there.get(each.id);
    if (found === undefined || !isAtAddress(each, found)) return false;
    // What is down may be draining as well, and not say so.
    return found.status === 'down' || (found.status === 'draining') === (each.mode === 'draining');
  });
}

/** Why one is not up at a proxy, for people; undefined where it is. */
export function whyNotUp(upstream: Upstream, seen: SeenUpstream | undefined): string | undefined {
  if (seen === undefined) return 'is not there yet';
  if (!isAtAddress(upstream, seen)) return `is still there as ${seen.host}:${seen.port}`;
  return seen.status === 'up' ? undefined : whyByStatus[seen.status];
}

const whyByStatus = {
  starting: 'has not passed its checks yet',
  down: 'does not pass its checks',
  draining: 'is still draining',
} as const;
