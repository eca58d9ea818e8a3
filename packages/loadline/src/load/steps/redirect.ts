import type { OutgoingRequest, Response } from '../transports/transport.ts';
import { headerText } from './header-text.ts';

/** A redirect that nobody follows. */
export interface RefusedRedirect {
  readonly problem: string;
}

/** Where a redirect leads. */
export interface Redirected {
  readonly request: OutgoingRequest;
  /** Where it goes; undefined where that is the target. */
  readonly origin: URL | undefined;
}

/**
 * What a redirect leads to (RFC 9110, section 15.4); undefined where the response is none. As in browsers
 * (Fetch, section 4.4), 303 after anything but GET and HEAD, and 301 and 302 after POST, are followed by GET without
 * a body, and credentials stay with the origin that they were meant for. Whether another origin may be reached
 * is for the caller to know. The time limit is that of the whole step, so what the redirect took is gone.
 *
 * @param from the origin that has answered, where that was not the target.
 */
export function followRedirect(
  request: OutgoingRequest,
  response: Response,
  target: URL,
  from?: URL,
): Redirected | RefusedRedirect | undefined {
  const header = redirectStatuses.has(response.status) ? response.header('location') : undefined;
  if (header === undefined || header === '') return undefined;
  const location = headerText(header);
  const basePath = target.pathname.replace(/\/$/, '');
  const here = from === undefined ? `${target.origin}${basePath}` : from.origin;
  if (!URL.canParse(location, `${here}${request.path}`))
    return { problem: 'a redirect to what is no address' };
  const to = new URL(location, `${here}${request.path}`);
  const isTarget = to.origin === target.origin;
  if (isTarget && !to.pathname.startsWith(`${basePath}/`) && to.pathname !== basePath)
    return { problem: `a redirect to ${to.pathname}, outside of the target's ${basePath}` };
  const pathname = isTarget ? to.pathname.slice(basePath.length) : to.pathname;
  const timeoutMs = Math.max(1, Math.round(request.timeoutMs - (response.receivedMs - response.sentMs)));
  const isSameOrigin = to.origin === (from ?? target).origin;
  const next = {
    ...request,
    path: `${pathname || '/'}${to.search}`,
    headers: isSameOrigin ? request.headers : without('authorization|cookie', request.headers),
    timeoutMs,
    isConstant: false,
  };
  const origin = isTarget ? undefined : to;
  if (keepsMethod(response.status, request.method)) return { request: next, origin };
  const headers = without('content-(?:type|encoding|language|location)', next.headers);
  return { request: { ...next, method: 'GET', headers, body: undefined }, origin };
}

/** Headers without those of these names. */
function without(names: string, headers: string): string {
  return headers.replace(new RegExp(`^(?:${names}):.*\\r\\n`, 'gim'), '');
}

function keepsMethod(status: number, method: string): boolean {
  if (status === 303) return method === 'GET' || method === 'HEAD';
  return method !== 'POST' || status === 307 || status === 308;
}

const redirectStatuses: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);
