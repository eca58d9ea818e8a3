/** The proxies before services: our own, HAProxy, nginx. They go on while the control plane is away, and are kept in step while it is there. */
export { startServiceProxies } from './service-proxies.ts';
