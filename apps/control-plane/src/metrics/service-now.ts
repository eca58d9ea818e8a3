import type { InstanceNow, ServiceNow } from '../contract/index.ts';
import { figuresOf, present, ratioOf } from './figures-now.ts';
import { healthOf } from './health-now.ts';
import { apdexOf, cacheOf, databaseOf, distributionOf, networkOf, ratingsOf, vitalsOf } from './parts-now.ts';
import type { Recent, Seen } from './seen.ts';

/** What is known of one service. */
export interface ServiceSeen {
  readonly service: string;
  readonly instances: readonly Seen[];
  /** Of the last minute. */
  readonly recent: Recent;
  /** Of the last hour. */
  readonly vitals: Recent;
  readonly activeUsers: number | undefined;
  readonly apdexTargetMs: number;
}

/** What a service does now, and how well it is. What is not known is absent. Pure. */
export function serviceNowOf(seen: ServiceSeen): ServiceNow {
  const { service, instances, recent, vitals, activeUsers } = seen;
  const figures = figuresOf(instances);
  const count = (state: Seen['view']['state']): number =>
    instances.filter(({ view }) => view.state === state).length;
  const requests = recent.perSecond('requests');
  // Who counts its requests and shows no error has had none.
  const errors = requests === undefined ? undefined : (recent.perSecond('errors') ?? 0);
  const measured = present({
    apdex: apdexOf(recent, seen.apdexTargetMs),
    activeUsers,
    requestsPerSecond: requests,
    errorsPerSecond: errors,
    errorRatio: ratioOf(recent.total('errors'), recent.total('requests')),
    requestsInFlight: figures.sum('requests_in_flight'),
    latencyMs: distributionOf(recent.histogram('latency_ms')),
    cpuRatio: figures.mean('cpu_ratio'),
    cpuRatioMax: figures.max('cpu_ratio'),
    eventLoopRatio: figures.mean('event_loop_ratio'),
    eventLoopRatioMax: figures.max('event_loop_ratio'),
    memoryBytes: figures.sum('memory_bytes'),
    heapBytes: figures.sum('heap_bytes'),
    memoryRatioMax: figures.max('memory_ratio'),
    network: networkOf(figures),
    database: databaseOf(figures, recent),
    cache: cacheOf(recent),
    webVitals: vitalsOf(vitals),
    speedRatings: ratingsOf(vitals),
  });
  return {
    service,
    instancesUp: count('up'),
    instancesStale: count('stale'),
    instancesDown: count('down'),
    health: healthOf(measured, instances),
    ...measured,
  };
}

/** What an instance said last. Pure. */
export function instanceNowOf({ view, figures }: Seen): InstanceNow {
  return {
    instance: view.instance,
    state: view.state,
    ...present({
      cpuRatio: figures.get('cpu_ratio'),
      eventLoopRatio: figures.get('event_loop_ratio'),
      memoryBytes: figures.get('memory_bytes'),
      memoryRatio: figures.get('memory_ratio'),
      heapBytes: figures.get('heap_bytes'),
      requestsPerSecond: figures.get('requests'),
      errorsPerSecond: figures.get('errors'),
      requestsInFlight: figures.get('requests_in_flight'),
      connections: figures.get('connections'),
      receivedBytesPerSecond: figures.get('network_received'),
      sentBytesPerSecond: figures.get('network_sent'),
    }),
  };
}
