import type { OutgoingRequest, Response } from '../transports/transport.ts';

/** Another host than the target was never judged by the address guard: nobody is loaded by a redirect. */
export interface RefusedRedirect {
  readonly problem: string;
}

/**
 * The request that a redirect leads to (RFC 9110, section 15.4); undefined where the response is none. 303, and
 * 301 and 302 after anything but GET and HEAD, are followed by GET without a body, as browsers do. The host
 * must be the target's: a redirect elsewhere is a failure.
 */
export function followRedirect(
  request: OutgoingRequest,
  response: Response,
  target: URL,
): OutgoingRequest | RefusedRedirect | undefined {
  const location = redirectStatuses.has(response.status) ? response.header('location') : undefined;
  if (location === undefined || location === '') return undefined;
  const basePath = target.pathname.replace(/\/$/, '');
  const from = new URL(`${target.origin}${basePath}${request.path}`);
  if (!URL.canParse(location, from)) return { problem: 'a redirect to what is no address' };
  const to = new URL(location, from);
  if (to.origin !== target.origin)
    return { problem: `a redirect to ${to.origin}, which is not the target; it was not followed` };
  if (!to.pathname.startsWith(`${basePath}/`) && to.pathname !== basePath)
    return { problem: `a redirect to ${to.pathname}, outside of the target's ${basePath}` };
  const path = `${to.pathname.slice(basePath.length) || '/'}${to.search}`;
  const isSafe = request.method === 'GET' || request.method === 'HEAD';
  const keepsMethod =
    response.status === 307 || response.status === 308 || (isSafe && response.status !== 303);
  if (keepsMethod) return { ...request, path, isConstant: false };
  const headers = request.headers.replace(/^content-type:.*\r\n/gim, '');
  const method = request.method === 'HEAD' ? 'HEAD' : 'GET';
  return { ...request, method, path, headers, body: undefined, isConstant: false };
}

const redirectStatuses: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);
