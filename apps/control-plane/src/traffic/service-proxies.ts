import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { bracketed, type Clock } from 'loadline/base';
import { createProcessDriver, type ScalingDriver, type TrafficGate } from 'loadline/scaling';
import {
  createHaproxyDriver,
  createNginxDriver,
  type ListenPlace,
  openPool,
  type Pool,
  type ProxyDriver,
  writeNginxConfiguration,
} from 'loadline/traffic';
import { controlPlaneError } from '../problems/index.ts';
import type { NginxPlace, ProxyView, ServiceDescription } from '../scaling/index.ts';
import { followProxy } from './followed-proxy.ts';
import { type ClientSide, proxyCommand } from './proxy-command.ts';
import { proxyKeyIn } from './proxy-key.ts';

/** What is known of groups that several share a proxy: builds of one service. */
export interface SharedGroups {
  /** The service before whose proxies instances of this group are. */
  serviceOf(group: string): string;
  /** Of an instance that comes into the traffic now; undefined: what proxies take where nothing is said. */
  weightOf(group: string): number | undefined;
}

export interface ServiceProxiesOptions {
  readonly clock: Clock;
  readonly services: readonly ServiceDescription[];
  readonly groups: SharedGroups;
  /** What the proxies write down, and their key. */
  readonly folder: string;
}

/** The proxies before those services that have some. Closed after their instances, which leave through them. */
export interface ServiceProxies extends AsyncDisposable {
  /** For the driver of the instances. Services that have no proxy pass it at once. */
  readonly gate: TrafficGate;
  /** Starts ours, or takes up those that a control plane before us has left running. */
  begin(): void;
  /** The proxies that a service has, together; undefined where it has none. */
  poolOf(service: string): Pool | undefined;
  /** Undefined where the service has none. */
  viewsOf(service: string): readonly ProxyView[] | undefined;
}

/** Between two looks at a proxy: one that was started again is told its upstreams so soon. */
const lookEveryMs = 1000;

export function startServiceProxies({
  clock,
  services,
  groups,
  folder,
}: ServiceProxiesOptions): ServiceProxies {
  // Before anything is opened that would have to be closed where that is refused.
  for (const { name, nginx } of services) if (nginx !== undefined) writeFirstConfiguration(name, nginx);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const key = proxyKeyIn(folder);
  const ours = services.flatMap((service) => {
    const { name } = service;
    const side = clientSideOf(service);
    return side === undefined ? [] : [{ name, side, group: groupOf(name, side) }];
  });
  const processes = createProcessDriver({
    clock,
    services: Object.fromEntries(
      ours.map(({ group, side }) => [
        group,
        proxyCommand({ ...side, state: join(folder, `${group}.json`), key }),
      ]),
    ),
    folder,
    isHeld: true,
  });
  const pools = new Map(
    services.flatMap((service): readonly [string, Pool][] => {
      const drivers = driversOf(service, { clock, processes, key });
      if (drivers.length === 0) return [];
      return [[service.name, openPool({ clock, drivers, intervalMs: lookEveryMs })]];
    }),
  );
  const urls = new Map(ours.map(({ name, side }) => [nameOfOurs(name), urlOf(side.listen)]));
  return {
    gate: gateOf(pools, groups),
    poolOf: (service) => pools.get(service),
    begin() {
      processes.begin();
      for (const { group } of ours) void processes.apply(group, 1, never);
    },
    viewsOf(service) {
      const pool = pools.get(service);
      return pool?.status().proxies.map(({ name, isAnswering, trouble }) => {
        const url = urls.get(name);
        return {
          name,
          ...(url === undefined ? {} : { url }),
          isAnswering,
          ...(trouble === undefined ? {} : { trouble }),
        };
      });
    },
    async [Symbol.asyncDispose]() {
      await Promise.all([...pools.values()].map((pool) => pool.close()));
      await processes.close();
    },
  };
}

const never = new AbortController().signal;

interface Reach {
  readonly clock: Clock;
  readonly processes: ScalingDriver;
  readonly key: string;
}

function driversOf(service: ServiceDescription, { clock, processes, key }: Reach): ProxyDriver[] {
  const { name, haproxy, nginx, slowStartMs = 0, requestsMax } = service;
  const drivers: ProxyDriver[] = [];
  const side = clientSideOf(service);
  if (side !== undefined) {
    const group = groupOf(name, side);
    drivers.push(followProxy({ name: nameOfOurs(name), processes, group, key }));
  }
  if (haproxy !== undefined) {
    const { socketPath, backend } = haproxy;
    const limit = requestsMax === undefined ? {} : { requestsMax };
    drivers.push(createHaproxyDriver({ clock, runtime: { socketPath }, backend, slowStartMs, ...limit }));
  }
  if (nginx !== undefined) {
    drivers.push(createNginxDriver({ clock, ...nginx }));
  }
  return drivers;
}

/** An nginx cannot start without one, and then have it changed. @throws CONTROL_PLANE_START_REFUSED */
function writeFirstConfiguration(service: string, nginx: NginxPlace): void {
  const path = join(nginx.folder, 'nginx.conf');
  try {
    mkdirSync(nginx.folder, { recursive: true });
    if (!existsSync(path)) writeFileSync(path, writeNginxConfiguration(nginx), { mode: 0o600 });
  } catch (error) {
    const said = (error as Error).message;
    throw controlPlaneError(
      'CONTROL_PLANE_START_REFUSED',
      `Cannot start the control plane: the nginx of ${service} has no configuration, and ${path} cannot be written (${said}). Name another folder at services.${service}.nginx.folder, or make this one for the user who starts the control plane.`,
      { cause: error, facts: { service, path } },
    );
  }
}

function nameOfOurs(service: string): string {
  return `the proxy of ${service}`;
}

/** Of the proxy of ours; undefined where the service has none. */
function clientSideOf({
  listen,
  deadlineMs,
  slowStartMs = 0,
  requestsMax,
  queueTimeoutMs,
  trustsForwarded = false,
}: ServiceDescription): ClientSide | undefined {
  return listen && { listen, deadlineMs, slowStartMs, requestsMax, queueTimeoutMs, trustsForwarded };
}

/** Of how it was started too: one that goes on from before, and was started otherwise, is another one. */
function groupOf(
  service: string,
  {
    listen: { host, port },
    deadlineMs,
    slowStartMs,
    requestsMax,
    queueTimeoutMs,
    trustsForwarded,
  }: ClientSide,
): string {
  const within = deadlineMs === undefined ? '' : `-within-${deadlineMs}ms`;
  const slowly = slowStartMs === 0 ? '' : `-slowly-${slowStartMs}ms`;
  const atMost = requestsMax === undefined ? '' : `-at-most-${requestsMax}`;
  const queued = queueTimeoutMs === undefined ? '' : `-queued-${queueTimeoutMs}ms`;
  const trusting = trustsForwarded ? '-trusting' : '';
  return `${service}-at-${host.replaceAll(/[.:]+/g, '-')}-${port}${within}${slowly}${atMost}${queued}${trusting}`;
}

function urlOf({ host, port }: ListenPlace): string {
  return `http://${bracketed(host)}:${port}`;
}

function gateOf(pools: ReadonlyMap<string, Pool>, { serviceOf, weightOf }: SharedGroups): TrafficGate {
  const poolOf = (group: string): Pool | undefined => pools.get(serviceOf(group));
  return {
    async admit({ group, id, host, port }, signal) {
      const weight = weightOf(group);
      await poolOf(group)?.join({ id, host, port, ...(weight === undefined ? {} : { weight }) }, signal);
    },
    async withdraw({ group, id, graceMs }, signal) {
      return (await poolOf(group)?.leave(id, { graceMs }, signal)) ?? { kind: 'drained' };
    },
    whyOutside({ group, id }) {
      const { upstreams = [] } = poolOf(group)?.status() ?? {};
      const because = upstreams.find(({ upstream }) => upstream.id === id)?.because ?? [];
      return because.length === 0 ? undefined : because.join('; ');
    },
    inFlight({ group, id }) {
      const proxies = poolOf(group)?.status().proxies ?? [];
      const counts = proxies.map(({ seen }) => seen?.find((each) => each.id === id)?.inFlight);
      return counts.reduce(
        (sum, count) => (sum === undefined || count === undefined ? undefined : sum + count),
        0,
      );
    },
  };
}
