import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { describe, expect, it } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { eventually, get, proxyBefore, RawClient, serve, serveRaw } from './proxied.ts';

async function serveWebSockets(): Promise<
  { readonly port: number; readonly sockets: WebSocketServer } & AsyncDisposable
> {
  const server = createServer((_, response) => response.end('no socket'));
  const sockets = new WebSocketServer({ server, perMessageDeflate: false });
  sockets.on('connection', (socket) =>
    socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary })),
  );
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const stop = async (): Promise<void> => {
    for (const client of sockets.clients) client.terminate();
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  };
  return { port: (server.address() as AddressInfo).port, sockets, [Symbol.asyncDispose]: stop };
}

async function nothing(): Promise<AbortSignal> {
  return new AbortController().signal;
}

describe('a WebSocket through the embedded proxy', () => {
  it('carries messages both ways, small and large, and the codes of its end', async () => {
    await using server = await serveWebSockets();
    await using proxy = await proxyBefore([server]);
    const socket = new WebSocket(`ws://127.0.0.1:${proxy.port}/chat`);
    await once(socket, 'open');
    for (const message of ['hello', 'x'.repeat(1_000_000)]) {
      socket.send(message);
      const [echoed] = (await once(socket, 'message')) as [Buffer];
      expect(echoed.toString() === message).toBe(true);
    }
    expect(await proxy.observe(await nothing())).toMatchObject([{ inFlight: 1 }]);
    for (const client of server.sockets.clients) client.close(4321, 'that was all');
    const [code, reason] = (await once(socket, 'close')) as [number, Buffer];
    expect([code, reason.toString()]).toEqual([4321, 'that was all']);
    await eventually(async () => (await proxy.observe(await nothing()))[0]?.inFlight === 0);
  });

  it('ends for both when one of them is gone', async () => {
    await using server = await serveWebSockets();
    await using proxy = await proxyBefore([server]);
    const socket = new WebSocket(`ws://127.0.0.1:${proxy.port}/`);
    await once(socket, 'open');
    socket.terminate();
    await eventually(() => server.sockets.clients.size === 0);
    const other = new WebSocket(`ws://127.0.0.1:${proxy.port}/`);
    await once(other, 'open');
    for (const client of server.sockets.clients) client.terminate();
    const [code] = (await once(other, 'close')) as [number];
    expect(code).toBe(1006);
  });

  it('delivers what is on its way one way, when the other way has ended', async () => {
    let got = 0;
    let socketOfServer: Socket | undefined;
    await using server = await serveRaw((socket, text) => {
      if (socketOfServer !== undefined) {
        got += text.length;
        return;
      }
      socketOfServer = socket;
      socket.end('HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n');
      socket.pause();
    });
    await using proxy = await proxyBefore([server]);
    const client = new RawClient(proxy.port).send(get('/', 'Connection: Upgrade\r\nUpgrade: websocket\r\n'));
    await client.hears('101 Switching Protocols');
    client.socket.end(Buffer.alloc(8_000_000, 'x'));
    await eventually(() => client.isEnded);
    socketOfServer?.resume();
    await eventually(() => got === 8_000_000);
  });

  it('hears the answer of who does not want one', async () => {
    await using server = await serve((_, response) => {
      response.statusCode = 403;
      response.end('no');
    });
    await using proxy = await proxyBefore([server]);
    const client = new RawClient(proxy.port).send(
      get('/', 'Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n'),
    );
    await client.hears(/^HTTP\/1.1 403 [\s\S]*no$/);
    client.socket.destroy();
  });
});
