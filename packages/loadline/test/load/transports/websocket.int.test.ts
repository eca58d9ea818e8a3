import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer as createHttpServer, type IncomingMessage } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { type AddressInfo, createServer as createTcpServer, type Server } from 'node:net';
import type { Duplex } from 'node:stream';
import { systemClock } from 'loadline/base';
import { describe, expect, it } from 'vitest';
import { type WebSocket, WebSocketServer } from 'ws';
import { createWebSocketTransport, type WebSocketOptions } from '../../../src/load/transports/websocket.ts';
import { describeSessions } from '../../contracts/session-contract.ts';
import { openAsker } from './asking.ts';
import { ca, cert, key } from './certificate.ts';

for (const isSecure of [false, true]) {
  describeSessions(isSecure ? 'a WebSocket over TLS' : 'a WebSocket', async () => {
    const server = await serve(() => undefined, isSecure);
    return {
      ...server,
      transport: createTransport(server.target, { ca, inboxMessagesMax: 3 }),
    };
  });
}

describe('a WebSocket', () => {
  it('sends path under the base, host, headers and subprotocols', async () => {
    const seen: unknown[] = [];
    const server = await serve((socket, { url, headers }) => {
      seen.push([url, headers.host, headers['x-name'], socket.protocol]);
    });
    const transport = createTransport(new URL(`${server.target.origin}/base/`));
    await openAsker(transport).connect(
      '/open?room=1',
      5000,
      'x-name: Zo\r\nSec-WebSocket-Protocol: chat, other\r\n',
    );
    transport.close();
    await server.stop();
    expect(seen).toEqual([['/base/open?room=1', server.target.host, 'Zo', 'chat']]);
  });

  it('sends messages as they are, and gives the answers', async () => {
    const server = await serve((socket) => socket.on('message', (data) => socket.send(`${data}!`)));
    const transport = createTransport(server.target);
    const user = openAsker(transport);
    await user.connect('/open');
    for (const text of ['Zoë 🥕', '', 'x'.repeat(100_000)]) {
      expect(user.send(text)).toBeUndefined();
      expect(await user.wait({ takesEarlier: false })).toMatchObject({ text: `${text}!` });
    }
    transport.close();
    await server.stop();
  });

  it('says of a message without a connection that it could not be sent', () => {
    const transport = createTransport(new URL('http://127.0.0.1:1'));
    expect(openAsker(transport).send('x')).toMatchObject({ reason: 'closed' });
  });

  it('refuses a header that cannot be sent', async () => {
    const transport = createTransport(new URL('http://127.0.0.1:1'));
    expect(await openAsker(transport).connect('/open', 5000, 'x-name: \u0001\r\n')).toMatchObject({
      reason: 'internal',
    });
  });

  it('fails a message that a server does not read while more than the limit lies before it', async () => {
    const server = await serve((socket) => socket.pause());
    const transport = createTransport(server.target, { unsentBytesMax: 100_000 });
    const user = openAsker(transport);
    await user.connect('/open');
    let failure: unknown;
    for (let sent = 0; failure === undefined && sent < 1000; sent++) failure = user.send('x'.repeat(100_000));
    expect(failure).toMatchObject({ reason: 'timeout', message: 'the target does not read what it is sent' });
    transport.close();
    await server.stop();
  });

  it('does not wait for a server that does not answer its farewell, once all is closed', async () => {
    let closed: Promise<unknown> | undefined;
    const server = await serveRaw((socket) => {
      closed = once(socket.resume(), 'end');
    });
    const transport = createTransport(server.target);
    const user = openAsker(transport);
    await user.connect('/open');
    user.disconnect();
    const leftMs = performance.now();
    transport.close();
    await closed;
    expect(performance.now() - leftMs).toBeLessThan(1500);
    await server.stop();
  });

  it('takes no more memory for a million messages that nobody waits for', async () => {
    const pieces = 1000;
    const thousandTicks = Buffer.concat(new Array<Buffer>(1000).fill(textFrame('tick')));
    const server = await serveRaw(async (socket) => {
      for (let piece = 0; piece < pieces; piece++) {
        if (!socket.write(thousandTicks)) await once(socket, 'drain');
      }
      socket.write(textFrame('the end'));
    });
    const transport = createTransport(server.target);
    const user = openAsker(transport);
    await user.connect('/open');
    const before = process.memoryUsage();
    let heapMax = 0;
    const watch = setInterval(() => {
      const { heapUsed, external } = process.memoryUsage();
      heapMax = Math.max(heapMax, heapUsed + external);
    }, 20);
    expect(await user.wait({ matches: (text) => text === 'the end', timeoutMs: 50_000 })).toMatchObject({
      text: 'the end',
    });
    clearInterval(watch);
    expect(transport.counts).toMatchObject({ messagesIn: 1_000_001, messagesDropped: 1_000_000 - 100 });
    expect(heapMax - before.heapUsed - before.external).toBeLessThan(100 * 1024 * 1024);
    transport.close();
    await server.stop();
  });

  it.each<[does: string, reason: string, onUpgrade: (socket: Duplex) => void]>([
    ['dies', 'reset', (socket) => socket.destroy()],
    ['sends garbage', 'malformed', (socket) => socket.write(Buffer.alloc(100, 0xff))],
    ['sends text that is none', 'malformed', (socket) => socket.write(Buffer.of(0x81, 2, 0xff, 0xff))],
    ['sends a masked message', 'malformed', (socket) => socket.write(Buffer.of(0x81, 0x81, 1, 2, 3, 4, 5))],
    [
      'announces a message of exabytes',
      'malformed',
      (socket) => socket.write(Buffer.of(0x81, 127, 0x7f, 255, 255, 255, 255, 255, 255, 255)),
    ],
    [
      'announces a message of 2 MiB',
      'too large',
      (socket) => socket.write(Buffer.of(0x81, 127, 0, 0, 0, 0, 0, 0x20, 0, 0)),
    ],
    [
      'sends a message in too many pieces',
      'too large',
      (socket) => {
        const pieces = new Array<Buffer>(1200).fill(continuation(Buffer.alloc(1000)));
        socket.write(Buffer.concat([Buffer.of(0x01, 0), ...pieces]));
      },
    ],
    ['takes leave with an error', 'closed', (socket) => socket.end(Buffer.of(0x88, 2, 0x03, 0xf3))],
    ['says nothing more', 'timeout', () => undefined],
  ])('fails as it should when the server %s in mid-session: %s', async (_, reason, onUpgrade) => {
    const server = await serveRaw((socket) => onUpgrade(socket));
    const transport = createTransport(server.target);
    const user = openAsker(transport);
    expect(await user.connect('/open')).toMatchObject({ isOpen: true, status: 101 });
    expect(await user.wait({ timeoutMs: 500 })).toMatchObject({ reason });
    expect(user.answers).toBe(2);
    transport.close();
    await server.stop();
  });

  it.each<[does: string, expected: object, answer: string]>([
    ['does not switch', { isOpen: false, status: 200 }, 'HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n'],
    [
      'leads elsewhere',
      { isOpen: false, status: 302 },
      'HTTP/1.1 302 Found\r\nlocation: http://10.0.0.1/\r\n\r\n',
    ],
    [
      'proves nothing',
      { reason: 'malformed' },
      'HTTP/1.1 101 OK\r\nconnection: upgrade\r\nupgrade: websocket\r\nsec-websocket-accept: no\r\n\r\n',
    ],
    ['sends garbage', { reason: 'malformed' }, 'garbage\r\n\r\n'],
    ['sends a head that never ends', { reason: 'too large' }, `HTTP/1.1 101 OK\r\nx: ${'x'.repeat(100_000)}`],
    ['hangs up', { reason: 'closed' }, ''],
  ])('is answered as it should when the server %s at the handshake', async (_, expected, answer) => {
    const server = createTcpServer((socket) => {
      socket.on('error', () => socket.destroy());
      socket.once('data', () => (answer === '' ? socket.end() : socket.write(answer)));
    });
    const transport = createTransport(await targetOf(server));
    const user = openAsker(transport);
    expect(await user.connect('/open', 1000)).toMatchObject(expected);
    expect(user.answers).toBe(1);
    transport.close();
    server.close();
  });

  it('fails as refused where nobody listens', async () => {
    const server = createTcpServer();
    const target = await targetOf(server);
    server.close();
    await once(server, 'close');
    expect(await openAsker(createTransport(target)).connect('/open')).toMatchObject({ reason: 'refused' });
  });

  it('fails as tls where nobody known has signed the certificate', async () => {
    const server = await serve(() => undefined, true);
    const transport = createTransport(server.target);
    expect(await openAsker(transport).connect('/open')).toMatchObject({ reason: 'tls' });
    transport.close();
    await server.stop();
  });
});

function createTransport(target: URL, options: Partial<WebSocketOptions> = {}) {
  return createWebSocketTransport({ target, address: '127.0.0.1', clock: systemClock, ...options });
}

async function serve(onConnection: (socket: WebSocket, request: IncomingMessage) => void, isSecure = false) {
  const webSockets = new WebSocketServer({ noServer: true });
  const server = isSecure ? createHttpsServer({ key, cert }) : createHttpServer();
  const sockets = new Set<Duplex>();
  server.on('connection', (socket) => sockets.add(socket));
  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    if (request.url === '/silent') return;
    if (request.url === '/refused') socket.end('HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n');
    else webSockets.handleUpgrade(request, socket, head, (webSocket) => onConnection(webSocket, request));
  });
  const target = await targetOf(server, isSecure);
  return {
    target,
    say(text: string) {
      for (const client of webSockets.clients) client.send(text);
    },
    leave() {
      for (const client of webSockets.clients) client.close(1001);
    },
    connected: () => webSockets.clients.size,
    async stop() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

/** Shakes hands (RFC 6455, section 4.2.2), and leaves the rest to the caller. */
async function serveRaw(onUpgrade: (socket: Duplex) => void) {
  const server = createHttpServer();
  const sockets = new Set<Duplex>();
  server.on('upgrade', ({ headers }: IncomingMessage, socket: Duplex) => {
    sockets.add(socket);
    socket.on('error', () => socket.destroy());
    const proof = createHash('sha1')
      .update(`${headers['sec-websocket-key']}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`)
      .digest('base64');
    const lines = ['connection: upgrade', 'upgrade: websocket', `sec-websocket-accept: ${proof}`];
    socket.write(`HTTP/1.1 101 Switching Protocols\r\n${lines.join('\r\n')}\r\n\r\n`);
    onUpgrade(socket);
  });
  return {
    target: await targetOf(server),
    async stop() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

async function targetOf(server: Server, isSecure = false): Promise<URL> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return new URL(`${isSecure ? 'https' : 'http'}://127.0.0.1:${(server.address() as AddressInfo).port}`);
}

function textFrame(text: string): Buffer {
  return Buffer.concat([Buffer.of(0x81, text.length), Buffer.from(text)]);
}

function continuation(payload: Buffer): Buffer {
  return Buffer.concat([Buffer.of(0, 126, payload.length >> 8, payload.length & 255), payload]);
}
