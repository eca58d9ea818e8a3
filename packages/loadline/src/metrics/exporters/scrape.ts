import type { Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { bracketed, type Clock, systemClock } from '../../base/index.ts';
import { metricsError } from '../errors.ts';
import { prometheusContentType, renderPrometheus } from '../prometheus.ts';
import type { Registry } from '../registry.ts';

/** Where Prometheus comes in. */
export interface ScrapeDoorOptions {
  /** 0 takes any that is free. */
  readonly port: number;
  /** The address to listen on; 127.0.0.1 by default, so that nobody else can look. */
  readonly host?: string;
  /** Default: this machine's. */
  readonly clock?: Clock;
}

/** An address where Prometheus, or anyone on this machine, can read a registry. */
export interface ScrapeDoor extends AsyncDisposable {
  /** `http://127.0.0.1:9464/metrics` */
  readonly url: string;
  /** How often the metrics were read to the end. */
  readonly scrapes: number;
  /** Stops listening; who is reading gets a second to finish. */
  close(): Promise<void>;
}

/**
 * Serves a registry as Prometheus text at `/metrics`, to at most 20 readers at a time.
 *
 * @throws LoadlineError METRICS_SCRAPE_UNAVAILABLE where the port is taken or may not be used.
 */
export async function openScrapeDoor(registry: Registry, options: ScrapeDoorOptions): Promise<ScrapeDoor> {
  const { port, host = '127.0.0.1', clock = systemClock } = options;
  const { createServer } = await import('node:http');
  let scrapes = 0;
  const server = createServer((request, response) => {
    const { method = '', url = '' } = request;
    if (!/^\/metrics(?:\?|$)/.test(url)) return refuse(response, 404, 'The metrics are at /metrics.\n');
    if (!['GET', 'HEAD'].includes(method)) return refuse(response, 405, 'The metrics can only be read.\n');
    response.setHeader('content-type', prometheusContentType);
    if (method === 'HEAD') return response.end();
    pipeline(Readable.from(renderPrometheus(registry, { clock })), response).then(
      () => scrapes++,
      // A reader that went away was not served, and has nothing more to be told.
      () => response.destroy(),
    );
  });
  server.maxConnections = connectionsMax;
  await listen(server, host, port);
  const { port: actualPort } = server.address() as AddressInfo;
  let closing: Promise<void> | undefined;
  const close = (): Promise<void> => (closing ??= closeServer(server, clock));
  return {
    url: `http://${bracketed(host)}:${actualPort}/metrics`,
    get scrapes() {
      return scrapes;
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}

const connectionsMax = 20;
const closeMs = 1000;

function refuse(response: ServerResponse, status: 404 | 405, text: string): void {
  if (status === 405) response.setHeader('allow', 'GET, HEAD');
  response.writeHead(status, { 'content-type': 'text/plain' }).end(text);
}

function listen(server: Server, host: string, port: number): Promise<void> {
  const listening = new Promise<void>((resolve, reject) => {
    server.once('listening', resolve);
    server.once('error', reject);
    // A port that is none is thrown, within the promise.
    server.listen(port, host);
  });
  return listening.catch((error: NodeJS.ErrnoException) => {
    const found = error.code === 'EADDRINUSE' ? 'the port is in use' : (error.code ?? error.message);
    throw metricsError(
      'METRICS_SCRAPE_UNAVAILABLE',
      `Cannot serve metrics on ${host}:${port}: ${found}. Choose another port, or 0 for any that is free.`,
      { facts: { host, port }, cause: error },
    );
  });
}

async function closeServer(server: Server, clock: Clock): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  server.closeIdleConnections();
  const timer = clock.setTimer(() => server.closeAllConnections(), closeMs);
  await closed;
  timer.cancel();
}
