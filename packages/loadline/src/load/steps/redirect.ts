import type { OutgoingRequest, Response } from '../transports/transport.ts';
import { headerText } from './header-text.ts';

/** Another host than the target was never judged by the address guard: nobody is loaded by a redirect. */
export interface RefusedRedirect {
  readonly problem: string;
}

/**
 * The request that a redirect leads to (RFC 9110, section 15.4); undefined where the response is none. As in
 * browsers (Fetch, section 4.4), 303 after anything but GET and HEAD, and 301 and 302 after POST, are followed
 * by GET without a body. The host must be the target's: a redirect elsewhere is a failure. The time limit is that
 * of the whole step, so what the redirect took is gone.
 */
export function followRedirect(
  request: OutgoingRequest,
  response: Response,
  target: URL,
): OutgoingRequest | RefusedRedirect | undefined {
  const header = redirectStatuses.has(response.status) ? response.header('location') : undefined;
  if (header === undefined || header === '') return undefined;
  const location = headerText(header);
  const basePath = target.pathname.replace(/\/$/, '');
  const from = new URL(`${target.origin}${basePath}${request.path}`);
  if (!URL.canParse(location, from)) return { problem: 'a redirect to what is no address' };
  const to = new URL(location, from);
  if (to.origin !== target.origin)
    return { problem: `a redirect to ${to.origin}, which is not the target; it was not followed` };
  if (!to.pathname.startsWith(`${basePath}/`) && to.pathname !== basePath)
    return { problem: `a redirect to ${to.pathname}, outside of the target's ${basePath}` };
  const path = `${to.pathname.slice(basePath.length) || '/'}${to.search}`;
  const timeoutMs = Math.max(1, Math.round(request.timeoutMs - (response.receivedMs - response.sentMs)));
  const next = { ...request, path, timeoutMs, isConstant: false };
  if (keepsMethod(response.status, request.method)) return next;
  const headers = request.headers.replace(/^content-(?:type|encoding|language|location):.*\r\n/gim, '');
  return { ...next, method: 'GET', headers, body: undefined };
}

function keepsMethod(status: number, method: string): boolean {
  if (status === 303) return method === 'GET' || method === 'HEAD';
  return method !== 'POST' || status === 307 || status === 308;
}

const redirectStatuses: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);
