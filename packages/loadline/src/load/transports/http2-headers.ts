import type { OutgoingHttpHeaders } from 'node:http2';
import { readHeaderLines } from './header-lines.ts';
import type { OutgoingRequest } from './transport.ts';

/** A request's headers as HTTP/2 has them: method, scheme, authority and path are among them. */
export function createHttp2Headers(request: OutgoingRequest, target: URL): OutgoingHttpHeaders {
  const headers: OutgoingHttpHeaders = {
    ':method': request.method,
    ':scheme': target.protocol.slice(0, -1),
    ':authority': target.host,
    ':path': target.pathname.replace(/\/$/, '') + request.path,
  };
  for (const [name, value] of readHeaderLines(request.headers)) {
    if (name === 'host') headers[':authority'] = value;
    else if (!connectionHeaders.has(name)) add(headers, name, value);
  }
  if (request.body !== undefined) headers['content-length'] = String(Buffer.byteLength(request.body));
  return headers;
}

/** They steer an HTTP/1.1 connection and must not be sent over HTTP/2 (RFC 9113, section 8.2.2): left out. */
const connectionHeaders: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'transfer-encoding',
  'upgrade',
]);

function add(headers: OutgoingHttpHeaders, name: string, value: string): void {
  const before = headers[name];
  headers[name] = before === undefined ? value : [before, value].flat().map(String);
}
