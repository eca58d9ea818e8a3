import type { SeenUpstream, Upstream } from '../upstream.ts';
import type { Lane, LaneCounts } from './lane.ts';
import { type Member, whyNotUp } from './plan.ts';

/** How far a pool has come. */
export interface PoolStatus {
  readonly upstreams: readonly UpstreamStatus[];
  readonly proxies: readonly ProxyStatus[];
}

/** How far one upstream is on its way into the proxies, or out of them. */
export interface UpstreamStatus {
  readonly upstream: Upstream;
  readonly mode: 'serving' | 'draining';
  /** Whether every proxy was seen to send requests to it. */
  readonly isUp: boolean;
  /** Why it is not, a sentence for each proxy that keeps it from that. */
  readonly because: readonly string[];
}

/** How one proxy stands. */
export interface ProxyStatus {
  readonly name: string;
  /** Whether it answered last, also where that was a refusal. */
  readonly isAnswering: boolean;
  /** What it has, as it said at `seenAtMs`, of the epoch; undefined where it did not say so last. */
  readonly seen: readonly SeenUpstream[] | undefined;
  readonly seenAtMs: number | undefined;
  /** Why it is unseen, or why it did not take up the last list; undefined where all is well. */
  readonly trouble: string | undefined;
  /** Those that it has and nobody has asked for here. */
  readonly strangers: readonly string[];
  readonly counts: LaneCounts;
}

export function statusOf(members: ReadonlyMap<string, Member>, lanes: readonly Lane[]): PoolStatus {
  const upstreams = [...members.values()].map(({ upstream, isLeaving }): UpstreamStatus => {
    const because = isLeaving ? ['it is leaving'] : lanes.flatMap((lane) => whyNot(upstream, lane));
    return { upstream, mode: isLeaving ? 'draining' : 'serving', isUp: because.length === 0, because };
  });
  const proxies = lanes.map(
    ({ driver, view, isAnswering, trouble, strangers, counts }): ProxyStatus => ({
      name: driver.name,
      isAnswering,
      seen: view?.seen,
      seenAtMs: view?.atMs,
      trouble,
      strangers: [...strangers.keys()],
      counts: { ...counts },
    }),
  );
  return { upstreams, proxies };
}

/** Why a proxy does not answer, or cannot tell, is said of the proxy. */
function whyNot(upstream: Upstream, { driver, view, isAnswering, trouble }: Lane): string[] {
  if (view === undefined && trouble === undefined) return [`${driver.name} was not asked yet`];
  if (view === undefined)
    return [`${driver.name} ${isAnswering ? 'cannot say what it has' : 'does not answer'}`];
  const why = whyNotUp(upstream, view.byId.get(upstream.id));
  if (why === undefined) return [];
  return [`at ${driver.name} it ${why}${trouble === undefined ? '' : ` (${trouble})`}`];
}
