/** Picks a healthy upstream, sheds what cannot be served, drains before it stops. */
export { type AdmissionOptions, createAdmission } from './admission/admission.ts';
export { clientAddress } from './admission/client-address.ts';
export type { AdmissionRate } from './admission/options.ts';
export { deadlineOf } from './admission/request-deadline.ts';
export {
  createSharedRateLimit,
  type SharedRateLimit,
  type SharedRateLimitOptions,
} from './admission/shared-rate-limit.ts';

export type { EjectionPolicy } from './balance/ejection.ts';
export { guideHealthCheck, type HealthCheckPolicy } from './balance/health-check.ts';
export { type BalancePolicy, balancePolicies } from './balance/policy.ts';
export { createHaproxyDriver, writeHaproxyConfiguration } from './drivers/haproxy.ts';
export type { HaproxyAddress } from './drivers/haproxy-address.ts';
export type {
  HaproxyBalance,
  HaproxyConfigurationOptions,
  HaproxyFileOptions,
  HaproxyOptions,
} from './drivers/haproxy-options.ts';
export { createNginxDriver, writeNginxConfiguration } from './drivers/nginx.ts';
export type { NginxOptions } from './drivers/nginx-options.ts';
export {
  createSimulatedProxy,
  type SimulatedProxy,
  type SimulatedProxyFault,
  type SimulatedProxyOptions,
} from './drivers/simulated.ts';
export type { CacheOptions } from './embedded/cache/cache-options.ts';
export { type EmbeddedProxy, openEmbeddedProxy } from './embedded/embedded-proxy.ts';
export type { EmbeddedProxyOptions, ProxyLimits, RetryPolicy } from './embedded/options.ts';
export { trafficError, trafficErrorTable } from './errors.ts';
export type { Door, DoorAnswer, DoorRequest } from './gate/door.ts';
export {
  type ExpressMiddleware,
  type FastifyPlugin,
  type FastifyReplyShape,
  type FastifyRequestShape,
  type FastifyShape,
  forAllRoutes,
  type Gated,
} from './gate/frameworks.ts';
export { clientWent, type GateRequest, pathOf } from './gate/gate.ts';
export { type HonoContext, type HonoMiddleware, type NodeBindings, nodeOf } from './gate/hono.ts';
export { answerAtHono } from './gate/hono-door.ts';
export { answerAtNode } from './gate/node-door.ts';
export type { Drain, Unfinished } from './graceful/drain.ts';
export { createGracefulStop, type GracefulStop, type GracefulStopOptions } from './graceful/graceful-stop.ts';
export { type SignalledProcess, type SignalOptions, stopOnSignals } from './graceful/stop-on-signals.ts';
export {
  describeStop,
  exitCodeOf,
  type StopFailure,
  type StopReport,
  type StopStep,
} from './graceful/stop-report.ts';
export { drainWebSockets, type WebSocketServerShape, type WebSocketShape } from './graceful/web-sockets.ts';
export { createHealth, type Health, type HealthOptions } from './health/health.ts';
export type { HealthCheck } from './health/options.ts';
export {
  type CheckResult,
  type HealthReport,
  type HealthStatus,
  isReady,
  type Phase,
} from './health/report.ts';
export { type ListenPlace, parseListenPlace } from './listen-place.ts';
export { parseUpstreams } from './parse-upstreams.ts';
export type { LaneCounts } from './pool/lane.ts';
export type { Left } from './pool/member.ts';
export type { StrangerPolicy } from './pool/plan.ts';
export { openPool, type Pool, type PoolOptions } from './pool/pool.ts';
export type { PoolStatus, ProxyStatus, UpstreamStatus } from './pool/status.ts';
export type { ProxyDriver } from './proxy-driver.ts';
export {
  chooseRegion,
  type RegionChoice,
  type RegionQuestion,
  type SeenRegion,
} from './regions/choose-region.ts';
export { stepsByLatency } from './regions/nearest.ts';
export { writeRegionConfiguration } from './regions/region-configuration.ts';
export type { RegionConfigurationOptions } from './regions/region-configuration-options.ts';
export { type Region, type RegionPlan, readRegionPlan, type Steps } from './regions/region-plan.ts';
export {
  type DnsEndpoint,
  type DnsRecord,
  type RegionRecordsOptions,
  regionRecords,
} from './regions/region-records.ts';
export { type KeepingProxy, keepUpstreams } from './remote/kept-upstreams.ts';
export { type ProxyDoorOptions, proxyDoor } from './remote/proxy-door.ts';
export { createRemoteProxy, type RemoteProxyOptions } from './remote/remote-proxy.ts';
export type { SeenUpstream, Upstream, WantedUpstream } from './upstream.ts';
