import type { SeenUpstream, WantedUpstream } from './upstream.ts';

/**
 * Something that spreads requests over upstreams, and is told which: the embedded proxy, HAProxy, nginx.
 * Whatever is asked of it may be asked again: the same list twice changes nothing.
 */
export interface ProxyDriver {
  /** For people and for reasons: `haproxy at /run/haproxy.sock`. */
  readonly name: string;
  /** What is there, as the proxy itself says it; throws where it does not answer. */
  observe(signal: AbortSignal): Promise<readonly SeenUpstream[]>;
  /**
   * Brings the proxy to this list: adds who is missing, drains who is `draining`, takes out who is not listed.
   * May do a part of it and throw; the next call goes on from what is there.
   */
  apply(wanted: readonly WantedUpstream[], signal: AbortSignal): Promise<void>;
}
