import { statSync } from 'node:fs';
import { getuid } from 'node:process';
import type { LoadlineError } from '../../base/index.ts';
import { trafficError } from '../errors.ts';
import { type HaproxyAddress, ordersLine, showAddress } from './haproxy-address.ts';

/** To whom a socket belongs, and who may do what with it. */
export interface SocketOwner {
  readonly uid: number;
  readonly gid: number;
  /** As `stat` gives it. */
  readonly mode: number;
}

/** A HAProxy that does not answer, with what is wrong there and what to do. */
export function haproxyUnreachable(where: HaproxyAddress, cause: NodeJS.ErrnoException): LoadlineError {
  const address = showAddress(where);
  const owner = cause.code === 'EACCES' && 'socketPath' in where ? ownerOf(where.socketPath) : undefined;
  return trafficError(
    'TRAFFIC_PROXY_UNREACHABLE',
    `Cannot ask HAProxy at ${address}: ${whyUnreachable(where, cause, { owner, user: getuid?.() })}`,
    { facts: { address }, cause },
  );
}

/** What was found, and in a second sentence what to do. Pure. */
export function whyUnreachable(
  where: HaproxyAddress,
  { code, message }: NodeJS.ErrnoException,
  { owner, user }: { readonly owner: SocketOwner | undefined; readonly user: number | undefined },
): string {
  const start = `Start HAProxy, as by \`haproxy -W -f FILE\`, with this line in the \`global\` section of the file: \`${ordersLine(where)}\`.`;
  switch (code) {
    case 'ENOENT':
      return `there is no such socket. ${start}`;
    case 'ECONNREFUSED':
      return `nobody listens there. ${start}`;
    case 'EACCES': {
      const whose = owner === undefined ? 'is out of reach for it' : `is ${describe(owner)}`;
      return `this process, of user ${user}, may not write to the socket, which ${whose}. Start this process as the user of HAProxy, or let others in by \`user\`, \`group\` and \`mode 660\` in the line \`stats socket\` of its configuration.`;
    }
    default:
      return `${message}.`;
  }
}

/** Undefined where its folder lets this process not even look. */
function ownerOf(path: string): SocketOwner | undefined {
  try {
    return statSync(path);
  } catch {
    return undefined;
  }
}

function describe({ uid, gid, mode }: SocketOwner): string {
  return `of user ${uid} and group ${gid}, with mode ${(mode & 0o777).toString(8)}`;
}
