/** Picks a healthy upstream, sheds what cannot be served, drains before it stops. */
export type { ProxyDriver } from './proxy-driver.ts';
export type { SeenUpstream, Upstream, WantedUpstream } from './upstream.ts';
