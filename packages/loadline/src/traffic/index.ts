/** Picks a healthy upstream, sheds what cannot be served, drains before it stops. */
export { trafficError, trafficErrorTable } from './errors.ts';
export { parseUpstreams } from './parse-upstreams.ts';
export type { ProxyDriver } from './proxy-driver.ts';
export { type ProxyDoorOptions, proxyDoor } from './remote/proxy-door.ts';
export { createRemoteProxy, type RemoteProxyOptions } from './remote/remote-proxy.ts';
export type { SeenUpstream, Upstream, WantedUpstream } from './upstream.ts';
