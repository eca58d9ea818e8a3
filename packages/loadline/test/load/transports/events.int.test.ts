import { once } from 'node:events';
import { createServer as createHttpServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { type AddressInfo, createServer as createTcpServer, type Server, type Socket } from 'node:net';
import { systemClock } from 'loadline/base';
import { describe, expect, it } from 'vitest';
import { createEventsTransport, type EventsOptions } from '../../../src/load/transports/events.ts';
import { describeSessions } from '../../contracts/session-contract.ts';
import { openAsker } from './asking.ts';
import { ca, cert, key } from './certificate.ts';

for (const isSecure of [false, true]) {
  describeSessions(isSecure ? 'server-sent events over TLS' : 'server-sent events', async () => {
    const server = await serve(() => undefined, isSecure);
    return { ...server, transport: createTransport(server.target, { ca, inboxMessagesMax: 3 }) };
  });
}

describe('server-sent events', () => {
  it('are asked for with path under the base, host and headers, and never compressed', async () => {
    const seen: unknown[] = [];
    const server = await serve((_, { method, url, headers }) => {
      seen.push([method, url, headers.host, headers.accept, headers['x-name'], headers['accept-encoding']]);
    });
    const transport = createTransport(new URL(`${server.target.origin}/base/`));
    await openAsker(transport).connect('/open?of=1', 5000, 'x-name: Zo\r\nAccept-Encoding: gzip\r\n');
    transport.close();
    await server.stop();
    const { host } = server.target;
    expect(seen).toEqual([['GET', '/base/open?of=1', host, 'text/event-stream', 'Zo', undefined]]);
  });

  it('have a type and lines, come in pieces, and comments are none', async () => {
    const server = await serve((response) => {
      response.write('\ufeff: a comment\n\nevent: price\nid: 7\ndata: 1');
      setTimeout(() => response.write('2\ndata: 🥕\r\n\r\nretry: 5\nunknown: x\ndata\n\n'), 20);
    });
    const transport = createTransport(server.target);
    const user = openAsker(transport);
    await user.connect('/open');
    expect(await user.wait({ matches: (_, event) => event === 'price' })).toMatchObject({ text: '12\n🥕' });
    expect(await user.wait()).toMatchObject({ text: '', event: undefined });
    transport.close();
    await server.stop();
  });

  it('take nothing to the server', async () => {
    const server = await serve(() => undefined);
    const transport = createTransport(server.target);
    const user = openAsker(transport);
    await user.connect('/open');
    expect(user.send('x')).toMatchObject({ reason: 'internal' });
    transport.close();
    await server.stop();
  });

  it('take no more memory when a million come that nobody waits for', async () => {
    const thousandTicks = 'data: tick\n\n'.repeat(1000);
    const server = await serve(async (response) => {
      for (let piece = 0; piece < 1000; piece++) {
        if (!response.write(thousandTicks)) await once(response, 'drain');
      }
      response.write('data: the end\n\n');
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

  it.each<[does: string, expected: object, answer: (socket: Socket) => void]>([
    ['answers with a page', { reason: 'malformed' }, head('200 OK', 'text/html')],
    ['answers with what has no type', { reason: 'malformed' }, head('200 OK')],
    [
      'answers compressed',
      { reason: 'malformed' },
      head('200 OK', `${eventStream}\r\ncontent-encoding: gzip`),
    ],
    ['has nothing to say', { isOpen: false, status: 204 }, head('204 No Content')],
    [
      'changes the protocol',
      { reason: 'malformed' },
      head('101 x', `${eventStream}\r\nupgrade: x\r\nconnection: upgrade`),
    ],
    ['sends garbage', { reason: 'malformed' }, (socket) => socket.write('garbage\r\n\r\n')],
    [
      'sends a head that never ends',
      { reason: 'too large' },
      (socket) => socket.write(`HTTP/1.1 200 OK\r\nx: ${'x'.repeat(100_000)}`),
    ],
    ['hangs up', { reason: 'closed' }, (socket) => socket.end()],
    ['cuts the connection', { reason: 'reset' }, (socket) => socket.resetAndDestroy()],
  ])('are answered as they should when the server %s', async (_, expected, answer) => {
    const server = createTcpServer((socket) => {
      socket.on('error', () => socket.destroy());
      socket.once('data', () => answer(socket));
    });
    const transport = createTransport(await targetOf(server));
    const user = openAsker(transport);
    expect(await user.connect('/open', 1000)).toMatchObject(expected);
    expect(user.answers).toBe(1);
    transport.close();
    server.close();
  });

  it.each<[does: string, reason: string, answer: (response: ServerResponse) => void]>([
    ['dies', 'closed', (response) => response.destroy()],
    ['ends', 'closed', (response) => response.end()],
    ['sends an event that never ends', 'too large', (response) => sendEndlessly(response, 'data: x\n')],
    ['sends a line that never ends', 'too large', (response) => sendEndlessly(response, 'data: x')],
    ['sends no events', 'timeout', (response) => response.write(Buffer.alloc(1_000_000, 0xff))],
    ['says nothing more', 'timeout', () => undefined],
  ])('fail as they should when the server %s in mid-session: %s', async (_, reason, answer) => {
    const server = await serve((response) => answer(response));
    const transport = createTransport(server.target, { messageCharactersMax: 100_000 });
    const user = openAsker(transport);
    expect(await user.connect('/open')).toMatchObject({ isOpen: true, status: 200 });
    expect(await user.wait({ timeoutMs: 500 })).toMatchObject({ reason });
    expect(user.answers).toBe(2);
    transport.close();
    await server.stop();
  });

  it('fail as refused where nobody listens', async () => {
    const server = createTcpServer();
    const target = await targetOf(server);
    server.close();
    await once(server, 'close');
    expect(await openAsker(createTransport(target)).connect('/open')).toMatchObject({ reason: 'refused' });
  });

  it('fail as tls where nobody known has signed the certificate', async () => {
    const server = await serve(() => undefined, true);
    const transport = createTransport(server.target);
    expect(await openAsker(transport).connect('/open')).toMatchObject({ reason: 'tls' });
    transport.close();
    await server.stop();
  });
});

function createTransport(target: URL, options: Partial<EventsOptions> = {}) {
  return createEventsTransport({ target, address: '127.0.0.1', clock: systemClock, ...options });
}

const eventStream = 'text/event-stream';

async function serve(
  onOpen: (response: ServerResponse, request: IncomingMessage) => unknown,
  isSecure = false,
) {
  const streams = new Set<ServerResponse>();
  const answer = (request: IncomingMessage, response: ServerResponse): void => {
    if (request.url === '/silent') return;
    if (request.url === '/refused') {
      response.writeHead(403).end();
      return;
    }
    streams.add(response);
    response.on('close', () => streams.delete(response));
    response.writeHead(200, { 'content-type': `${eventStream}; charset=utf-8` }).flushHeaders();
    // A reader that has gone while it was written to ends the stream, and the test.
    response.on('error', () => response.destroy());
    onOpen(response, request);
  };
  const server = isSecure ? createHttpsServer({ key, cert }, answer) : createHttpServer(answer);
  return {
    target: await targetOf(server, isSecure),
    say(text: string) {
      for (const stream of streams) stream.write(`data: ${text}\n\n`);
    },
    leave() {
      for (const stream of streams) stream.end();
    },
    connected: () => streams.size,
    async stop() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

function head(status: string, type?: string): (socket: Socket) => void {
  const lines = type === undefined ? '' : `content-type: ${type}\r\n`;
  return (socket) => socket.write(`HTTP/1.1 ${status}\r\n${lines}\r\n`);
}

function sendEndlessly(response: ServerResponse, line: string): void {
  const piece = line.repeat(1000);
  const send = (): void => {
    while (!response.destroyed && response.write(piece));
  };
  response.on('drain', send);
  send();
}

async function targetOf(server: Server, isSecure = false): Promise<URL> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return new URL(`${isSecure ? 'https' : 'http'}://127.0.0.1:${(server.address() as AddressInfo).port}`);
}
