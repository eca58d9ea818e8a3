import { type Clock, pause } from 'loadline/base';
import type { ScalingDriver } from 'loadline/scaling';
import type { ProxyView } from './proxy-view.ts';
import { crashesOf, proxyTroublesOf } from './service-troubles.ts';
import { followTroubles, type KnownTroubles, type Notice } from './troubles.ts';

export interface TroubleWatchOptions {
  readonly clock: Clock;
  readonly driver: Pick<ScalingDriver, 'observe'>;
  readonly services: readonly string[];
  readonly groupsOf: (service: string) => readonly string[];
  /** Undefined where a service has none. */
  readonly proxiesOf: (service: string) => readonly ProxyView[] | undefined;
  readonly onNotice: (notice: Notice) => void;
  readonly onFailure: (error: unknown) => void;
}

/** Shorter than any pause between a crash and the next start. */
const lookEveryMs = 500;

/** Tells whoever operates services when their instances begin to crash and when a proxy is away, and when that is over. */
export function watchTroubles(options: TroubleWatchOptions): { close(): void } {
  const { clock, driver, services, groupsOf, proxiesOf, onNotice, onFailure } = options;
  const closing = new AbortController();
  const { signal } = closing;

  async function watch(): Promise<void> {
    let known: KnownTroubles = new Map();
    while (!signal.aborted) {
      const groups = services.flatMap(groupsOf);
      const fleets = await Promise.all(groups.map(async (group) => crashesAt(group)));
      if (signal.aborted) return;
      const proxies = services.map((service) => proxyTroublesOf(service, proxiesOf(service) ?? []));
      const after = followTroubles(known, [...fleets, ...proxies].flat(), clock.monotonicMs());
      known = after.known;
      after.notices.forEach(onNotice);
      await pause(clock, lookEveryMs, signal);
    }
  }

  async function crashesAt(group: string): Promise<ReturnType<typeof crashesOf>> {
    const fleet = await driver.observe(group, signal);
    return fleet.kind === 'unseen' ? [] : crashesOf(group, fleet);
  }

  if (services.length > 0) watch().catch(onFailure);
  return { close: () => closing.abort() };
}
