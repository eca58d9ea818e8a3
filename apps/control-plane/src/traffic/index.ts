/** A proxy before each service that listens: it goes on while the control plane is away, and is kept in step while it is there. */
export { startServiceProxies } from './service-proxies.ts';
