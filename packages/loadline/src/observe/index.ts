/** What a service adds in one line: its metrics, its health, a guarded door for profiles, and what browsers tell. */

export type { ExpressMiddleware, ExpressOptions, ExpressRequest } from './adapters/express.ts';
export type {
  FastifyPlugin,
  FastifyRequestShape,
  FastifyShape,
} from './adapters/fastify.ts';
export type { HonoOptions } from './adapters/hono.ts';
export type { NodeOptions } from './adapters/node.ts';
export type { UserOf } from './adapters/watcher.ts';
export type { Announcement, AnnounceOptions } from './announce/index.ts';
export type { BeaconOptions } from './doors/beacon-door.ts';
export type { HealthOptions } from './doors/health-door.ts';
export { observeError, observeErrorTable } from './errors.ts';
export { type ActiveUsers, observeUsers, usersSketchName } from './meters/active-users.ts';
export { type DiskOptions, type DiskSpace, observeDisk } from './meters/disk-metrics.ts';
export { observeHeap } from './meters/heap-metrics.ts';
export type { HttpObserver, ObservedRequest } from './meters/http-metrics.ts';
export { observeHttp } from './meters/http-metrics.ts';
export {
  type MachineNetworkOptions,
  observeMachineNetwork,
} from './meters/machine-network-metrics.ts';
export type { ConnectingServer, CountedSocket, NetworkObserver } from './meters/network-metrics.ts';
export { observeNetwork } from './meters/network-metrics.ts';
export { observeProcess } from './meters/process-metrics.ts';
export { UserSketch } from './meters/user-sketch.ts';
export { type Observer, observe } from './observe.ts';
export type { ObserveOptions } from './options.ts';
export { type Apdex, type ApdexOptions, apdex } from './scores/apdex.ts';
export {
  type HealthPart,
  type HealthReadings,
  type HealthScale,
  type HealthScore,
  healthScales,
  healthScore,
} from './scores/health-score.ts';
export {
  type Beacon,
  fastShare,
  judgeVital,
  parseBeacon,
  type SpeedRating,
  type VitalName,
  type VitalVerdict,
  vitalNames,
  vitals,
} from './vitals/vitals.ts';
