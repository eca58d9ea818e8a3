import { once } from 'node:events';
import { type AddressInfo, createServer as createTcpServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { systemClock } from 'loadline/base';
import { createHttp1Transport, type Http1Options, type Transport } from 'loadline/load';
import { ca, cert, key } from './certificate.ts';

/** A server of bare sockets on loopback, with transports for it. */
export interface SocketServer {
  readonly target: URL;
  /** How many connections there ever were. */
  readonly connections: number;
  /** How many are open. */
  readonly open: number;
  transport(given?: Partial<Http1Options>): Transport;
  stop(): Promise<void>;
}

/** What a server does with a request's head; `path` is that of the first line, `count` that of the connection. */
export type Respond = (socket: Socket, path: string, count: number) => void;

/** Calls `respond` with each head that arrives. Bodies are read and thrown away. */
export async function serveHeads(respond: Respond, isTls = false): Promise<SocketServer> {
  return serveSockets((socket) => {
    let count = 0;
    socket.on('data', (bytes: Buffer) => {
      const path = /^[A-Z]+ (\S+) HTTP\/1\.1\r\n/.exec(bytes.toString('latin1'))?.[1];
      if (path !== undefined) respond(socket, path, ++count);
    });
  }, isTls);
}

export async function serveSockets(accept: (socket: Socket) => void, isTls = false): Promise<SocketServer> {
  const sockets = new Set<Socket>();
  const transports: Transport[] = [];
  let connections = 0;
  const onConnection = (socket: Socket): void => {
    connections++;
    sockets.add(socket.setNoDelay(true));
    socket.on('error', () => undefined);
    socket.on('close', () => sockets.delete(socket));
    accept(socket);
  };
  const server: Server = isTls ? createTlsServer({ key, cert }, onConnection) : createTcpServer(onConnection);
  server.on('tlsClientError', () => undefined);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const target = new URL(`${isTls ? 'https' : 'http'}://127.0.0.1:${(server.address() as AddressInfo).port}`);
  return {
    target,
    get connections() {
      return connections;
    },
    get open() {
      return sockets.size;
    },
    transport(given = {}) {
      const options = {
        target,
        address: '127.0.0.1',
        clock: systemClock,
        ...(isTls ? { ca } : {}),
        ...given,
      };
      const transport = createHttp1Transport(options);
      transports.push(transport);
      return transport;
    },
    async stop() {
      for (const transport of transports) transport.close();
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

/** A response by length. */
export function plain(body: string | Buffer, ...headers: string[]): Buffer {
  const bytes = Buffer.from(body as string);
  const lines = [`content-length: ${bytes.length}`, ...headers].map((line) => `${line}\r\n`).join('');
  return Buffer.concat([Buffer.from(`HTTP/1.1 200 OK\r\n${lines}\r\n`), bytes]);
}

/** A response in chunks of these sizes, over and over. */
export function inChunks(body: string | Buffer, sizes: readonly number[], ...headers: string[]): Buffer {
  const bytes = Buffer.from(body as string);
  const pieces = [
    Buffer.from(`HTTP/1.1 200 OK\r\n${['transfer-encoding: chunked', ...headers].join('\r\n')}\r\n\r\n`),
  ];
  for (let at = 0, turn = 0; at < bytes.length; turn++) {
    const piece = bytes.subarray(at, at + Math.max(1, sizes[turn % sizes.length] as number));
    pieces.push(Buffer.from(`${piece.length.toString(16)}\r\n`), piece, Buffer.from('\r\n'));
    at += piece.length;
  }
  return Buffer.concat([...pieces, Buffer.from('0\r\n\r\n')]);
}

export const pass = (durationMs: number): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, durationMs));
