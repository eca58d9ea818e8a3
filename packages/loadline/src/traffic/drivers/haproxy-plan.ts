import { bracketed } from '../../base/index.ts';
import type { HealthCheckPolicy } from '../balance/health-check.ts';
import type { WantedUpstream } from '../upstream.ts';
import type { HaproxyServer } from './haproxy-servers.ts';

/** How HAProxy treats each server; all of it is said again for every one, since those that are added inherit nothing. */
export interface HaproxyServerSettings {
  readonly healthCheck: HealthCheckPolicy;
  /** For how long the share of one that comes up grows to its whole one; 0 for at once. */
  readonly slowStartMs: number;
  /** Requests at once; further ones wait. */
  readonly requestsMax: number;
  /** Servers of other zones get requests when none of this one is up. */
  readonly zone: string | undefined;
}

/** What is to be said of one server, in this order. Where one order fails, those after it are not given. */
export interface HaproxySteps {
  readonly id: string;
  readonly orders: readonly string[];
}

/**
 * What brings a backend from what is there to what is wanted. Pure. Those that come are first, so that there is always
 * somebody to send requests to.
 */
export function planHaproxy(
  backend: string,
  servers: readonly HaproxyServer[],
  {
    wanted,
    settings,
  }: { readonly wanted: readonly WantedUpstream[]; readonly settings: HaproxyServerSettings },
): HaproxySteps[] {
  const there = new Map(servers.map((server) => [server.id, server]));
  const listed = new Set(wanted.map(({ id }) => id));
  const stay = wanted.map((upstream): HaproxySteps => {
    const name = `${backend}/${upstream.id}`;
    const server = there.get(upstream.id);
    return { id: upstream.id, orders: ordersFor(name, server, { upstream, settings }) };
  });
  const go = servers
    .filter(({ id }) => !listed.has(id))
    .map(({ id }): HaproxySteps => ({ id, orders: removal(`${backend}/${id}`) }));
  return [...stay, ...go].filter(({ orders }) => orders.length > 0);
}

function ordersFor(
  name: string,
  server: HaproxyServer | undefined,
  { upstream, settings }: { readonly upstream: WantedUpstream; readonly settings: HaproxyServerSettings },
): string[] {
  const isNew = server === undefined;
  const isElsewhere = !isNew && (server.host !== upstream.host || server.port !== upstream.port);
  if (isNew || isElsewhere) {
    // Who leaves and is not here is done with; a fresh HAProxy is not told of it at all.
    const isLeaving = upstream.mode === 'draining';
    return [...(isElsewhere ? removal(name) : []), ...(isLeaving ? [] : addition(name, upstream, settings))];
  }
  const weight = weightOf(upstream);
  const { requestsMax } = settings;
  const orders = [
    ...(server.weight === weight ? [] : [`set server ${name} weight ${weight}`]),
    ...(server.requestsMax === requestsMax ? [] : [`set maxconn server ${name} ${requestsMax}`]),
  ];
  if (upstream.mode === 'draining') {
    return server.isDraining || server.isInMaintenance
      ? orders
      : [...orders, `set server ${name} state drain`];
  }
  if (server.isInMaintenance) return [...orders, entrance(name)];
  return server.isDraining ? [...orders, `set server ${name} state ready`] : orders;
}

function addition(name: string, upstream: WantedUpstream, settings: HaproxyServerSettings): string[] {
  return [`add server ${name} ${serverParameters(upstream, settings)}`, entrance(name)];
}

/**
 * A server that leaves maintenance is up at once, and down only when a check fails. So it is let out with the drain on, is
 * said to be down, and has the drain taken off: its own checks then bring it up. All in one go, which is one connection
 * instead of four.
 */
function entrance(name: string): string {
  return [
    `enable health ${name}`,
    `set server ${name} state drain`,
    `set server ${name} health down`,
    `set server ${name} state ready`,
  ].join('; ');
}

/** Whoever still has a request there loses it: who is to go is drained before, and left out when that is done. */
function removal(name: string): string[] {
  return [`set server ${name} state maint`, `shutdown sessions server ${name}`, `del server ${name}`];
}

/** What follows a server's name, in the configuration as in `add server`. */
export function serverParameters(upstream: WantedUpstream, settings: HaproxyServerSettings): string {
  const { healthCheck, slowStartMs, requestsMax, zone } = settings;
  const { intervalMs, startIntervalMs, up, down } = healthCheck;
  const isElsewhere = zone !== undefined && upstream.zone !== undefined && upstream.zone !== zone;
  return [
    addressOf(upstream),
    `weight ${weightOf(upstream)}`,
    `maxconn ${requestsMax}`,
    `check inter ${intervalMs}ms fastinter ${startIntervalMs}ms downinter ${startIntervalMs}ms rise ${up} fall ${down}`,
    ...(slowStartMs > 0 ? [`slowstart ${slowStartMs}ms`] : []),
    ...(isElsewhere ? ['backup'] : []),
  ].join(' ');
}

function addressOf({ host, port }: WantedUpstream): string {
  return `${bracketed(host)}:${port}`;
}

/** HAProxy has whole ones. Above 0 is never rounded to none. */
function weightOf({ weight = 1 }: WantedUpstream): number {
  return weight === 0 ? 0 : Math.max(1, Math.round(weight));
}
