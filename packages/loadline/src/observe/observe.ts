import { createHmac, randomBytes } from 'node:crypto';
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { type Clock, createRandom, systemClock } from '../base/index.ts';
import { createRegistry, type Registry, type Sketches } from '../metrics/index.ts';
import {
  createHeapSnapshots,
  createInspectorProfiler,
  createWorkLog,
  type Profiler,
} from '../profiling/index.ts';
import { type Door, type HonoContext, type HonoMiddleware, pathOf } from '../traffic/index.ts';
import { createExchanges } from './adapters/exchanges.ts';
import {
  type ExpressMiddleware,
  type ExpressOptions,
  type ExpressRequest,
  expressMiddleware,
} from './adapters/express.ts';
import { type FastifyPlugin, type FastifyRequestShape, fastifyPlugin } from './adapters/fastify.ts';
import { type HonoOptions, honoMiddleware } from './adapters/hono.ts';
import { type NodeOptions, watchHandler } from './adapters/node.ts';
import type { UserOf, Watcher } from './adapters/watcher.ts';
import {
  type Announcement,
  type AnnounceOptions,
  Announcer,
  controlPlaneAt,
  parseAnnounce,
} from './announce/index.ts';
import { beaconDoor, scriptDoor } from './doors/beacon-door.ts';
import { answering } from './doors/door.ts';
import { addressGuard, keyGuard } from './doors/guard.ts';
import { liveDoor, readyDoor } from './doors/health-door.ts';
import { metricsDoor } from './doors/metrics-door.ts';
import { profilesDoor, profilesPath } from './doors/profiles-door.ts';
import { observeUsers, usersSketchName } from './meters/active-users.ts';
import { observeDisk } from './meters/disk-metrics.ts';
import { observeHeap } from './meters/heap-metrics.ts';
import { observeHttp } from './meters/http-metrics.ts';
import { observeMachineNetwork } from './meters/machine-network-metrics.ts';
import { type ConnectingServer, observeNetwork } from './meters/network-metrics.ts';
import { observeProcess } from './meters/process-metrics.ts';
import { type Access, type ObserveOptions, parseAccess, valueOrRefuse } from './options.ts';

/** A service that is being watched. Whoever made it closes it: until then its timers keep the process alive. */
export interface Observer extends AsyncDisposable {
  /** For metrics of the service's own. */
  readonly registry: Registry;
  /** Profiles this process, as the control plane does. */
  readonly profiler: Profiler;
  /** `createServer(observer.node(handler))` */
  node(
    handler: RequestListener,
    options?: NodeOptions,
  ): (request: IncomingMessage, response: ServerResponse) => void;
  /** `app.use(observer.express())`, before everything else. */
  express<Request extends ExpressRequest>(options?: ExpressOptions<Request>): ExpressMiddleware;
  /** `app.register(observer.fastify())`, before any route. */
  fastify<Request extends FastifyRequestShape>(options?: {
    readonly userOf?: UserOf<Request>;
  }): FastifyPlugin<Request>;
  /** `app.use(observer.hono({ routeOf: (c) => routePath(c, -1) }))`, before everything else. */
  hono<Context extends HonoContext>(options: HonoOptions<Context>): HonoMiddleware<Context>;
  /** Counts also connections on which no request comes. Fastify needs no such word. */
  watch(server: ConnectingServer): void;
  /**
   * Tells a control plane that this process is there, best once it listens: for one that no list, name, pod or driver leads to. It
   * registers, sends a heartbeat every 30 s, and registers anew where it was forgotten; while the control plane is away it tries
   * again after 1 s to 30 s. Closed with the observer.
   *
   * @throws LoadlineError OBSERVE_OPTIONS_INVALID; what goes wrong later is told to `onProblem`.
   */
  announce(options: AnnounceOptions): Announcement;
  /** Takes leave of the control plane, ends the sampling, counts no request that begins from now on, and aborts a profile that is being taken. */
  close(): Promise<void>;
}

/**
 * Watches a service: its process, its heap, its disk, its machine's network, its requests, its connections, its users; and opens its doors, `/metrics`,
 * `/loadline/profiles` and what the options ask for. Everything but the browsers' door and health wants a key, or for
 * the metrics an address.
 *
 * @example
 * const observer = observe({ service: 'shop', controlKey: settings.controlKey });
 * app.register(observer.fastify());
 * @throws LoadlineError OBSERVE_OPTIONS_INVALID
 */
export function observe(options: ObserveOptions = {}): Observer {
  const access = parseAccess(options);
  const { registry = createRegistry(), clock = systemClock } = options;
  tellBuild(registry, access);
  const stops = [observeProcess(registry, clock), observeHeap(registry)];
  observeMachineNetwork(registry, { clock });
  observeDisk(registry, { clock });
  const http = observeHttp(registry);
  const usersKey = options.usersKey ?? usersKeyOf(access);
  const users = observeUsers(registry, usersKey ?? randomBytes(32).toString('hex'), clock);
  const workLog = createWorkLog(clock, () => ({ units: http.answered, cpuUs: cpuUsOfProcess() }));
  const profiler = createInspectorProfiler({ clock, workLog, readCpuUs: cpuUsOfProcess });
  // With a key of this process alone, a user of two instances would be two in the union of their sketches.
  const sketches = (): Sketches =>
    usersKey === undefined ? new Map() : new Map([[usersSketchName, users.recent().encode()]]);
  const doors = doorsOf(options, access, { registry, clock, profiler, sketches });
  const network = observeNetwork(registry);
  const exchanges = createExchanges(network);
  const watcher: Watcher = {
    clock,
    exchanges,
    http,
    users,
    network,
    userFailures: registry.counter({
      name: 'http_user_lookup_failures_total',
      help: 'Requests of which the service could not say who they were from.',
    }),
    routeFailures: registry.counter({
      name: 'http_route_lookup_failures_total',
      help: 'Requests of which the service could not say which route they fit.',
    }),
    doorAt: finderOf(doors),
  };
  const announcements = new Set<Announcement>();
  const announce = (announceOptions: AnnounceOptions): Announcement => {
    const { url, instance, onProblem, ...where } = valueOrRefuse(
      'Cannot announce this process',
      parseAnnounce(announceOptions),
    );
    const announcement = new Announcer({
      controlPlane: controlPlaneAt(where),
      name: where.controlPlane.host,
      presence: { service: access.service, url, instance },
      clock,
      random: createRandom(randomBytes(4).readUInt32LE()),
      onProblem,
    });
    announcements.add(announcement);
    return announcement;
  };
  const close = async (): Promise<void> => {
    await Promise.all(Array.from(announcements, (each) => each.close()));
    for (const stop of stops) stop();
    exchanges.close();
    workLog.close();
    await profiler.close();
  };
  return {
    registry,
    profiler,
    node: (handler, nodeOptions) => watchHandler(watcher, handler, nodeOptions),
    express: (expressOptions) => expressMiddleware(watcher, expressOptions),
    fastify: (fastifyOptions) => fastifyPlugin(watcher, fastifyOptions),
    hono: (honoOptions) => honoMiddleware(watcher, honoOptions),
    watch: (server) => watcher.network.watch(server),
    announce,
    close,
    [Symbol.asyncDispose]: close,
  };
}

interface Behind {
  readonly registry: Registry;
  readonly clock: Clock;
  readonly profiler: Profiler;
  readonly sketches: () => Sketches;
}

/** Doors by their path. That of profiles is there only where a key can open it. */
function doorsOf(
  { beacon, health }: ObserveOptions,
  { controlKeys, metricsKeys, metricsAddresses }: Access,
  { registry, clock, profiler, sketches }: Behind,
): ReadonlyMap<string, Door> {
  const hasKey = keyGuard([...controlKeys, ...metricsKeys]);
  const hasAddress = addressGuard(metricsAddresses);
  const guard = (request: Parameters<typeof hasKey>[0]): boolean => hasAddress(request) || hasKey(request);
  const doors = new Map([['/metrics', metricsDoor({ registry, sketches, guard, clock })]]);
  if (controlKeys.length > 0) {
    const door = profilesDoor({ profiler, snapshots: createHeapSnapshots(), guard: keyGuard(controlKeys) });
    doors.set(profilesPath, door);
  }
  if (beacon !== undefined) {
    doors.set('/loadline/vitals', beaconDoor(beacon, registry, clock));
    doors.set('/loadline/vitals.js', scriptDoor());
  }
  if (health !== undefined) {
    doors.set('/health/live', liveDoor);
    doors.set('/health/ready', readyDoor(health, clock));
  }
  return new Map(Array.from(doors, ([path, door]) => [path, answering(door)]));
}

/** Asked for every request: a bit for the first letter tells most of them apart, without a look at anything else. */
function finderOf(doors: ReadonlyMap<string, Door>): Watcher['doorAt'] {
  let letters = 0;
  for (const path of doors.keys()) letters |= 1 << path.charCodeAt(1);
  return (url = '/') => {
    if ((letters & (1 << url.charCodeAt(1))) === 0) return undefined;
    const path = pathOf(url);
    return doors.get(path) ?? (path.startsWith(`${profilesPath}/`) ? doors.get(profilesPath) : undefined);
  };
}

function tellBuild(registry: Registry, { service, version, commit }: Access): void {
  registry
    .gauge({
      name: 'service_build_info',
      help: 'What runs here, in the labels; always 1.',
      labels: ['service', 'version', 'commit', 'node_version'],
    })
    .with({ service, version, commit, node_version: process.version })
    .set(1);
}

/** A key of its own, so that hashes of users tell nothing of the control key. */
function usersKeyOf({ controlKeys: [first] }: Access): string | undefined {
  return first === undefined ? undefined : createHmac('sha256', first).update('active users').digest('hex');
}

function cpuUsOfProcess(): number {
  const { user, system } = process.cpuUsage();
  return user + system;
}
