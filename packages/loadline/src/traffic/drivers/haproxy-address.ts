import { bracketed } from '../../base/index.ts';

/** Where a HAProxy takes orders: its `stats socket`, with level admin. */
export type HaproxyAddress =
  | { readonly socketPath: string }
  | { readonly host: string; readonly port: number };

/** For people: `/run/haproxy.sock`, `127.0.0.1:9999`. */
export function showAddress(where: HaproxyAddress): string {
  return 'socketPath' in where ? where.socketPath : `${where.host}:${where.port}`;
}

/** The line by which a HAProxy takes its orders there. A socket is for the user of HAProxy alone: who may write to it may do everything. */
export function ordersLine(where: HaproxyAddress): string {
  return `stats socket ${placeOf(where)} level admin`;
}

function placeOf(where: HaproxyAddress): string {
  if ('socketPath' in where) return `${where.socketPath} mode 600 expose-fd listeners`;
  const { host, port } = where;
  return `${host.includes(':') ? 'ipv6' : 'ipv4'}@${bracketed(host)}:${port}`;
}
