import { once } from 'node:events';
import {
  createServer as createHttpServer,
  type IncomingMessage,
  type RequestListener,
  type ServerResponse,
} from 'node:http';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { createRandom, systemClock } from 'loadline/base';
import {
  type EmbeddedProxy,
  type EmbeddedProxyOptions,
  openEmbeddedProxy,
  type WantedUpstream,
} from 'loadline/traffic';

/** A server of the test that ends with it. */
export interface TestServer extends AsyncDisposable {
  readonly port: number;
  /** Connections that are open. */
  readonly sockets: ReadonlySet<Socket>;
  /** Ends at once, as a process that is killed does. */
  kill(): Promise<void>;
}

export async function serve(listener: RequestListener): Promise<TestServer> {
  return await started(createHttpServer({ keepAliveTimeout: 60_000 }, listener));
}

/** Speaks for itself: gets what comes on each connection, as text. */
export async function serveRaw(onText: (socket: Socket, text: string) => void): Promise<TestServer> {
  return await started(
    createServer((socket) => {
      socket.on('error', () => {});
      socket.on('data', (bytes) => onText(socket, bytes.toString('latin1')));
    }),
  );
}

/** Has it listen, and end with the test. */
export async function started(server: Server): Promise<TestServer> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  async function kill(): Promise<void> {
    for (const socket of sockets) socket.resetAndDestroy();
    if (!server.listening) return;
    server.close();
    await once(server, 'close');
  }
  return { port: (server.address() as AddressInfo).port, sockets, kill, [Symbol.asyncDispose]: kill };
}

/** A port at which nobody listens. */
export async function deadPort(): Promise<number> {
  const server = await serve(() => {});
  await server.kill();
  return server.port;
}

export function upstream(
  id: string,
  { port }: { readonly port: number },
  more: Partial<WantedUpstream> = {},
): WantedUpstream {
  return { id, host: '127.0.0.1', port, mode: 'serving', ...more };
}

/** A proxy before these servers, called `a`, `b`, … */
export async function proxyBefore(
  servers: readonly { readonly port: number }[],
  options: Partial<EmbeddedProxyOptions> = {},
): Promise<EmbeddedProxy> {
  const proxy = await openEmbeddedProxy({ clock: systemClock, random: createRandom(7), ...options });
  const wanted = servers.map((server, at) => upstream(String.fromCharCode(97 + at), server));
  await proxy.apply(wanted, new AbortController().signal);
  return proxy;
}

/** A client that writes what it likes, and keeps all that it hears. */
export class RawClient {
  heard = '';
  isEnded = false;
  error: Error | undefined;
  readonly socket: Socket;
  readonly #changed: (() => void)[] = [];

  constructor(port: number) {
    this.socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
    this.socket.on('data', (bytes) => {
      this.heard += bytes.toString('latin1');
      this.#tell();
    });
    this.socket.on('end', () => this.#end());
    this.socket.on('error', (error) => {
      this.error = error;
    });
    this.socket.on('close', () => this.#end());
  }

  send(text: string): this {
    this.socket.write(text, 'latin1');
    return this;
  }

  /** Waits until it has heard this. */
  async hears(wanted: string | RegExp): Promise<string> {
    await this.#until(() =>
      typeof wanted === 'string' ? this.heard.includes(wanted) : wanted.test(this.heard),
    );
    return this.heard;
  }

  /** Waits until the other side has ended, and says all that it heard. */
  async ends(): Promise<string> {
    await this.#until(() => this.isEnded);
    this.socket.destroy();
    return this.heard;
  }

  async #until(isSo: () => boolean): Promise<void> {
    while (!isSo()) {
      if (this.isEnded) throw new Error(`It ended, and all that was heard is ${JSON.stringify(this.heard)}.`);
      await new Promise<void>((resolve) => this.#changed.push(resolve));
    }
  }

  #end(): void {
    this.isEnded = true;
    this.#tell();
  }

  #tell(): void {
    for (const resolve of this.#changed.splice(0)) resolve();
  }
}

/** Says all of one request to a new connection, and gives what was heard when that is over. */
export async function exchange(port: number, text: string): Promise<string> {
  return await new RawClient(port).send(text).ends();
}

export const get = (path = '/', lines = ''): string => `GET ${path} HTTP/1.1\r\nHost: test\r\n${lines}\r\n`;

/** The same, and the connection ends with the answer. */
export const getOnce = (path = '/', lines = ''): string => get(path, `Connection: close\r\n${lines}`);

/** What a request said, whole. */
export async function bodyOf(request: IncomingMessage): Promise<string> {
  let text = '';
  for await (const piece of request.setEncoding('latin1')) text += piece;
  return text;
}

/** Answers with what was asked. */
export async function echo(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { method, url, rawHeaders } = request;
  const body = await bodyOf(request);
  response.setHeader('content-type', 'application/json');
  response.end(JSON.stringify({ method, url, rawHeaders, body, rawTrailers: request.rawTrailers }));
}

/** Waits for something that becomes true within some turns of the event loop. */
export async function eventually(isSo: () => boolean | Promise<boolean>): Promise<void> {
  for (let turn = 0; turn < 2000; turn++) {
    if (await isSo()) return;
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  throw new Error('It did not become so.');
}
