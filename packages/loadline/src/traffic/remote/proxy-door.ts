import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { pipeline } from 'node:stream/promises';
import { formatPath } from '../../base/index.ts';
import { prometheusContentType } from '../../metrics/index.ts';
import { parseUpstreams } from '../parse-upstreams.ts';
import type { ProxyDriver } from '../proxy-driver.ts';

/** Which proxy takes orders, and from whom. */
export interface ProxyDoorOptions {
  readonly proxy: ProxyDriver;
  /** Who sends it as `Authorization: Bearer KEY` may give orders. */
  readonly key: string;
  /** The proxy's own metrics, as Prometheus text; without it there is no `/metrics`. */
  readonly metrics?: () => AsyncIterable<string>;
}

/** Of 10,000 upstreams with names as long as they may be. */
const bodyBytesMax = 4 * 2 ** 20;

/**
 * Where a proxy that is a process of its own takes orders: `GET` and `PUT /upstreams` for `createRemoteProxy`, and for whoever
 * runs it `GET /health/ready` and `GET /metrics`, which need no key. For `createServer` of node:http; let it listen on loopback.
 */
export function proxyDoor({ proxy, key, metrics }: ProxyDoorOptions): RequestListener {
  const isKnown = keyCheck(key);
  return (request, response) => {
    const path = request.url?.split('?')[0];
    if (request.method === 'GET' && path === '/health/ready') return say(response, 200, { status: 'ready' });
    if (request.method === 'GET' && path === '/metrics' && metrics !== undefined)
      return show(response, metrics());
    if (path !== '/upstreams') return refuse(response, 404, 'There is nothing here.');
    if (!isKnown(request.headers.authorization))
      return refuse(response, 401, 'Orders need the key that the proxy was started with.');
    const gone = new AbortController();
    response.once('close', () => gone.abort());
    const answering =
      request.method === 'GET'
        ? tell(proxy, response, gone.signal)
        : request.method === 'PUT'
          ? order({ proxy, request, response, signal: gone.signal })
          : Promise.resolve(refuse(response, 405, 'It takes GET and PUT.'));
    answering.catch((error: unknown) => {
      if (!response.headersSent)
        refuse(response, 500, error instanceof Error ? error.message : String(error));
    });
  };
}

function show(response: ServerResponse, metrics: AsyncIterable<string>): void {
  response.setHeader('content-type', prometheusContentType);
  // Whoever asked and went away has nothing to be told.
  pipeline(metrics, response).catch(() => undefined);
}

async function tell(proxy: ProxyDriver, response: ServerResponse, signal: AbortSignal): Promise<void> {
  say(response, 200, { upstreams: await proxy.observe(signal) });
}

interface Order {
  readonly proxy: ProxyDriver;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly signal: AbortSignal;
}

async function order({ proxy, request, response, signal }: Order): Promise<void> {
  const body = await readJson(request);
  if ('because' in body) return refuse(response, body.status, body.because);
  const parsed = parseUpstreams(body.value);
  if (!parsed.ok) {
    const told = parsed.problems.map(({ path, message }) => `${formatPath(path)} ${message}`);
    return refuse(response, 422, told.join('; '));
  }
  await proxy.apply(parsed.value, signal);
  response.writeHead(204).end();
}

async function readJson(
  request: IncomingMessage,
): Promise<{ readonly value: unknown } | { readonly status: number; readonly because: string }> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Uint8Array>) {
    bytes += chunk.length;
    if (bytes > bodyBytesMax) return { status: 413, because: `It takes ${bodyBytesMax} bytes at most.` };
    chunks.push(chunk);
  }
  try {
    return { value: JSON.parse(Buffer.concat(chunks).toString()) };
  } catch {
    return { status: 400, because: 'What came is no JSON.' };
  }
}

function say(response: ServerResponse, status: number, body: unknown, type = 'application/json'): void {
  response.writeHead(status, { 'content-type': type }).end(JSON.stringify(body));
}

/** As RFC 9457 has it. */
function refuse(response: ServerResponse, status: number, detail: string): void {
  // What was not read of the request would be taken for the next one.
  response.setHeader('connection', 'close');
  say(response, status, { status, detail }, 'application/problem+json');
}

/** Digests are compared, so that how long it takes tells neither the key nor its length. */
function keyCheck(key: string): (authorization: string | undefined) => boolean {
  const digest = digestOf(key);
  return (authorization) => {
    const found = /^Bearer +(\S+) *$/i.exec(authorization ?? '')?.[1];
    return found !== undefined && timingSafeEqual(digest, digestOf(found));
  };
}

function digestOf(key: string): Buffer {
  return createHash('sha256').update(key).digest();
}
