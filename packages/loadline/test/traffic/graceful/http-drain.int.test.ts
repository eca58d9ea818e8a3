import { once } from 'node:events';
import { createServer, type RequestListener, type Server, type ServerResponse } from 'node:http';
import { connect as connectHttp2, createServer as createHttp2Server } from 'node:http2';
import { createServer as createTlsServer } from 'node:https';
import { type AddressInfo, connect, type Server as NetServer, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { createVirtualClock, type VirtualClock } from 'loadline/base';
import {
  createGracefulStop,
  drainWebSockets,
  exitCodeOf,
  type GracefulStop,
  type GracefulStopOptions,
} from 'loadline/traffic';
import { describe, expect, it } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { ca, cert, key } from '../../load/transports/certificate.ts';

interface Instance extends AsyncDisposable {
  readonly clock: VirtualClock;
  readonly graceful: GracefulStop;
  readonly server: NetServer;
  /** What has come in on all connections. */
  bytesRead(): number;
  /** A connection of its own, and all that came back on it so far. */
  open(): Promise<Line>;
}

interface Line {
  readonly socket: Socket;
  readonly received: () => string;
  readonly isEnded: () => boolean;
}

async function start(
  service: RequestListener | NetServer,
  options: GracefulStopOptions = {},
): Promise<Instance> {
  const clock = createVirtualClock();
  const server = typeof service === 'function' ? createServer(service) : service;
  const accepted: Socket[] = [];
  server.on('connection', (socket) => accepted.push(socket));
  const graceful = createGracefulStop({ clock, servers: [server], ...options });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const sockets: Socket[] = [];
  return {
    clock,
    graceful,
    server,
    bytesRead: () => accepted.reduce((sum, socket) => sum + socket.bytesRead, 0),
    async open() {
      const socket = connect(port, '127.0.0.1');
      sockets.push(socket);
      let text = '';
      let isEnded = false;
      socket.on('data', (chunk: Buffer) => {
        text += chunk.toString('latin1');
      });
      socket.on('end', () => {
        isEnded = true;
      });
      await once(socket, 'connect');
      return { socket, received: () => text, isEnded: () => isEnded };
    },
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      (server as Server).closeAllConnections?.();
      server.close();
    },
  };
}

const get = (path: string): string => `GET ${path} HTTP/1.1\r\nhost: a\r\n\r\n`;

/** Answers when the test says so, in the order in which requests came. */
function createService() {
  const waiting: ((text: string) => void)[] = [];
  const handler: RequestListener = (_request, response) => {
    waiting.push((text) => response.end(text));
  };
  return {
    handler,
    waiting,
    async answer(text = 'a dish') {
      await expect.poll(() => waiting.length).toBeGreaterThan(0);
      waiting.shift()?.(text);
    },
  };
}

/** Lets time pass as it does: in small steps, in each of which the sockets have their turn. */
async function pass(clock: VirtualClock, durationMs: number): Promise<void> {
  for (let passedMs = 0; passedMs < durationMs; passedMs += 10) await clock.advance(10);
}

/** Moves the clock on until the stop has ended, so that it is not the time that decides. */
async function finish(clock: VirtualClock, stopping: Promise<unknown>): Promise<void> {
  let isDone = false;
  void stopping.then(() => {
    isDone = true;
  });
  await expect
    .poll(async () => {
      await clock.advance(20);
      return isDone;
    })
    .toBe(true);
}

describe('a server that drains', () => {
  it('completes what is under way, says goodbye with it, and takes no new connections', async () => {
    const service = createService();
    await using instance = await start(service.handler);
    const line = await instance.open();
    line.socket.write(get('/slow'));
    await expect.poll(() => service.waiting.length).toBe(1);
    const stopping = instance.graceful.stop();
    await instance.clock.advance(1000);
    await expect(instance.open()).rejects.toMatchObject({ code: 'ECONNREFUSED' });
    await service.answer();
    await finish(instance.clock, stopping);
    expect(line.received()).toMatch(/^HTTP\/1.1 200 OK\r\n(?:.+\r\n)*connection: close\r\n[\s\S]*a dish/i);
    expect(await stopping).toMatchObject({ unfinishedCount: 0, failures: [] });
  });

  it('goes on taking requests while balancers have not noticed, each with a goodbye', async () => {
    const service = createService();
    await using instance = await start(service.handler, { noticeMs: 1000 });
    const stopping = instance.graceful.stop();
    const line = await instance.open();
    line.socket.write(get('/late'));
    await service.answer();
    await expect.poll(line.isEnded).toBe(true);
    expect(line.received()).toMatch(/connection: close[\s\S]*a dish/i);
    await instance.clock.advance(1000);
    await finish(instance.clock, stopping);
  });

  it('closes at once what has long been silent, and what was opened in advance', async () => {
    const service = createService();
    await using instance = await start(service.handler);
    const [used, unused] = [await instance.open(), await instance.open()];
    used.socket.write(get('/'));
    await service.answer();
    await expect.poll(used.received).toContain('a dish');
    await instance.clock.advance(1000);
    const stopping = instance.graceful.stop();
    await instance.clock.advance(0);
    await expect.poll(() => [used.isEnded(), unused.isEnded()]).toEqual([true, true]);
    await finish(instance.clock, stopping);
  });

  it('still answers the next request of a connection that was busy a moment ago, whoever else has long been silent', async () => {
    const service = createService();
    await using instance = await start(service.handler);
    const [silent, line] = [await instance.open(), await instance.open()];
    silent.socket.write(get('/'));
    await service.answer();
    await expect.poll(silent.received).toContain('a dish');
    await instance.clock.advance(1000);
    line.socket.write(get('/1'));
    await service.answer('first');
    await expect.poll(line.received).toContain('first');
    const stopping = instance.graceful.stop();
    await pass(instance.clock, 200);
    line.socket.write(get('/2'));
    await service.answer('second');
    await expect.poll(line.isEnded).toBe(true);
    expect(line.received()).toMatch(/keep-alive[\s\S]*first[\s\S]*connection: close[\s\S]*second$/i);
    await finish(instance.clock, stopping);
  });

  it('waits for a request of which only the beginning has come', async () => {
    const service = createService();
    await using instance = await start(service.handler);
    const line = await instance.open();
    const [head, tail] = [get('/slow-sender').slice(0, 20), get('/slow-sender').slice(20)];
    line.socket.write(head);
    await expect.poll(() => instance.bytesRead()).toBe(20);
    const stopping = instance.graceful.stop();
    await pass(instance.clock, 1000);
    line.socket.write(tail);
    await service.answer();
    await expect.poll(line.received).toMatch(/connection: close[\s\S]*a dish/i);
    await finish(instance.clock, stopping);
  });

  it('waits for the rest of a request whose beginning has come on a connection that was used before', async () => {
    const service = createService();
    await using instance = await start(service.handler);
    const line = await instance.open();
    line.socket.write(get('/1'));
    await service.answer('first');
    await expect.poll(line.received).toContain('first');
    const before = instance.bytesRead();
    const [head, tail] = [get('/2').slice(0, 20), get('/2').slice(20)];
    line.socket.write(head);
    await expect.poll(() => instance.bytesRead()).toBe(before + 20);
    await instance.clock.advance(1000);
    const stopping = instance.graceful.stop();
    await pass(instance.clock, 1000);
    line.socket.write(tail);
    await service.answer('second');
    await expect.poll(line.received).toMatch(/connection: close[\s\S]*second$/i);
    await finish(instance.clock, stopping);
  });

  it('does not take an empty line behind a request, as old clients send it, for the beginning of another', async () => {
    const service = createService();
    await using instance = await start(service.handler);
    const [old, other] = [await instance.open(), await instance.open()];
    for (const line of [old, other]) {
      line.socket.write(get('/'));
      await service.answer();
      await expect.poll(line.received).toContain('a dish');
    }
    const before = instance.bytesRead();
    old.socket.write('\r\n');
    await expect.poll(() => instance.bytesRead()).toBe(before + 2);
    await instance.clock.advance(1000);
    other.socket.write(get('/half').slice(0, 20));
    await expect.poll(() => instance.bytesRead()).toBe(before + 22);
    const stopping = instance.graceful.stop();
    await pass(instance.clock, 100);
    await expect.poll(old.isEnded).toBe(true);
    expect(other.isEnded()).toBe(false);
    other.socket.destroy();
    await finish(instance.clock, stopping);
  });

  it('lets somebody slow read an answer to its end, whoever else has long been silent', async () => {
    const sizeBytes = 20_000_000;
    const answered: ServerResponse[] = [];
    await using instance = await start((request, response) => {
      answered.push(response);
      response.end(request.url === '/large' ? Buffer.alloc(sizeBytes) : 'a dish');
    });
    const [silent, slow] = [await instance.open(), await instance.open()];
    silent.socket.write(get('/'));
    await expect.poll(silent.received).toContain('a dish');
    slow.socket.pause();
    slow.socket.write(get('/large'));
    await expect.poll(() => answered.length).toBe(2);
    await instance.clock.advance(1000);
    const stopping = instance.graceful.stop();
    await pass(instance.clock, 100);
    expect(answered[1]?.writableFinished).toBe(false);
    slow.socket.resume();
    await finish(instance.clock, stopping);
    await expect.poll(silent.isEnded).toBe(true);
    expect(slow.received().length).toBeGreaterThan(sizeBytes);
  });

  it('answers all requests that were sent one after the other without waiting', async () => {
    const service = createService();
    await using instance = await start(service.handler);
    const line = await instance.open();
    line.socket.write(get('/1') + get('/2'));
    await expect.poll(() => service.waiting.length).toBe(2);
    const stopping = instance.graceful.stop();
    await instance.clock.advance(20);
    line.socket.write(get('/3'));
    await expect.poll(() => service.waiting.length).toBe(3);
    for (const text of ['first', 'second', 'third']) await service.answer(text);
    await expect.poll(line.isEnded).toBe(true);
    expect(line.received()).toMatch(/first[\s\S]*second[\s\S]*connection: close[\s\S]*third$/i);
    expect(line.received().match(/connection: close/gi)).toHaveLength(1);
    await finish(instance.clock, stopping);
  });

  it('answers once more where an answer had begun before the stop', async () => {
    const ends: (() => void)[] = [];
    await using instance = await start((_request, response) => {
      response.writeHead(200, { 'content-length': 6 });
      response.write('abc');
      ends.push(() => response.end('def'));
    });
    const line = await instance.open();
    line.socket.write(get('/1'));
    await expect.poll(line.received).toContain('abc');
    const stopping = instance.graceful.stop();
    await instance.clock.advance(20);
    ends.shift()?.();
    await expect.poll(line.received).toContain('def');
    line.socket.write(get('/2'));
    await expect.poll(() => ends.length).toBe(1);
    ends.shift()?.();
    await expect.poll(line.isEnded).toBe(true);
    expect(line.received()).toMatch(/abcdef[\s\S]*connection: close[\s\S]*abcdef$/i);
    await finish(instance.clock, stopping);
  });

  it('ends event streams cleanly, and survives a service that writes on', async () => {
    const noted = { isStalled: false, late: 0 };
    await using instance = await start((_request, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' }).write('data: 1\n\n');
      (function writeOn() {
        if (response.closed || noted.late > 0) return;
        noted.isStalled = response.writableNeedDrain;
        if (response.writableEnded) noted.late++;
        if (response.writableEnded || !noted.isStalled) response.write(`data: ${'x'.repeat(100_000)}\n\n`);
        setImmediate(writeOn);
      })();
    });
    const line = await instance.open();
    line.socket.write(get('/events').replace('\r\n\r\n', '\r\naccept: text/event-stream\r\n\r\n'));
    await expect.poll(line.received).toContain('data: 1');
    // With a client that reads slowly, the stream stays open for a while after its end was written.
    line.socket.pause();
    await expect.poll(() => noted.isStalled).toBe(true);
    const stopping = instance.graceful.stop();
    await pass(instance.clock, 100);
    await expect.poll(() => noted.late).toBe(1);
    line.socket.resume();
    await finish(instance.clock, stopping);
    await expect.poll(line.received).toMatch(/\r\n0\r\n\r\n$/);
    expect(await stopping).toMatchObject({ unfinishedCount: 0 });
  });

  it('names what was cut off, by its path and without its query', async () => {
    let arrived = 0;
    await using instance = await start(() => void arrived++, { graceMs: 300 });
    const line = await instance.open();
    line.socket.on('error', () => undefined);
    line.socket.write(get('/report?token=secret'));
    await instance.clock.advance(100);
    await expect.poll(() => arrived).toBe(1);
    const stopping = instance.graceful.stop();
    await finish(instance.clock, stopping);
    const report = await stopping;
    expect(report).toMatchObject({ unfinishedCount: 1, unfinished: [{ name: 'GET /report' }] });
    await expect.poll(() => line.socket.destroyed).toBe(true);
  });

  it('names a request of which only a part had come when it was cut off, and nobody who was silent', async () => {
    const service = createService();
    await using instance = await start(service.handler, { graceMs: 300 });
    const [half, silent, unused] = [await instance.open(), await instance.open(), await instance.open()];
    for (const { socket } of [half, silent, unused]) socket.on('error', () => undefined);
    silent.socket.write(get('/'));
    await service.answer();
    await expect.poll(silent.received).toContain('a dish');
    const before = instance.bytesRead();
    half.socket.write(get('/half').slice(0, 20));
    await expect.poll(() => instance.bytesRead()).toBe(before + 20);
    // Before anybody has been quiet for long enough.
    const stopping = instance.graceful.stop();
    await pass(instance.clock, 50);
    instance.graceful.force('SIGINT');
    await finish(instance.clock, stopping);
    expect(await stopping).toMatchObject({ unfinishedCount: 1, unfinished: [{ name: 'part of a request' }] });
  });

  it('names a request by its path where the rest of its body was cut off behind its answer', async () => {
    await using instance = await start((_request, response) => void response.end('too large'), {
      graceMs: 300,
    });
    const line = await instance.open();
    line.socket.on('error', () => undefined);
    line.socket.write('POST /upload?token=secret HTTP/1.1\r\nhost: a\r\ncontent-length: 10\r\n\r\nabc');
    await expect.poll(line.received).toContain('too large');
    await instance.clock.advance(1000);
    const stopping = instance.graceful.stop();
    await finish(instance.clock, stopping);
    const report = await stopping;
    expect(report).toMatchObject({ unfinishedCount: 1, unfinished: [{ name: 'POST /upload' }] });
    expect(exitCodeOf(report)).toBe(1);
  });

  it('names an answer that somebody slow was still reading when it was cut off', async () => {
    const answered: ServerResponse[] = [];
    await using instance = await start(
      (_request, response) => {
        answered.push(response);
        response.end(Buffer.alloc(20_000_000));
      },
      { graceMs: 300 },
    );
    const line = await instance.open();
    line.socket.on('error', () => undefined);
    line.socket.pause();
    line.socket.write(get('/large'));
    await expect.poll(() => answered.length).toBe(1);
    const stopping = instance.graceful.stop();
    await finish(instance.clock, stopping);
    expect(await stopping).toMatchObject({ unfinishedCount: 1, unfinished: [{ name: 'GET /large' }] });
  });

  it('names what was cut off of TLS once, and no connection whose handshake never ended', async () => {
    const service = createService();
    const server = createTlsServer({ key, cert }, service.handler);
    await using instance = await start(server, { graceMs: 300 });
    const { port } = server.address() as AddressInfo;
    const clients = [
      connectTls({ port, host: '127.0.0.1', ca }),
      connectTls({ port, host: '127.0.0.1', ca }),
    ];
    for (const client of clients) client.on('error', () => undefined);
    await Promise.all(clients.map((client) => once(client, 'secureConnect')));
    const handshake = await instance.open();
    handshake.socket.on('error', () => undefined);
    const before = instance.bytesRead();
    handshake.socket.write(Buffer.from([22, 3, 1, 2, 0, 1]));
    await expect.poll(() => instance.bytesRead()).toBe(before + 6);
    clients[0]?.write(get('/half').slice(0, 20));
    await expect.poll(() => instance.bytesRead()).toBeGreaterThan(before + 6);
    const stopping = instance.graceful.stop();
    await finish(instance.clock, stopping);
    expect(await stopping).toMatchObject({ unfinishedCount: 1, unfinished: [{ name: 'part of a request' }] });
    for (const client of clients) client.destroy();
  });

  it('closes WebSockets with 1001 once what they are busy with is done', async () => {
    const live = new WebSocketServer({ noServer: true });
    const server = createServer();
    server.on('upgrade', (request, socket, head) => {
      live.handleUpgrade(request, socket, head, (client) => live.emit('connection', client));
    });
    const drains = {
      live: drainWebSockets(live, async (socket) => socket.send('last words')),
    };
    await using instance = await start(server, { drains });
    const { port } = server.address() as AddressInfo;
    const client = new WebSocket(`ws://127.0.0.1:${port}/live`);
    await once(client, 'open');
    const message = once(client, 'message');
    const closed = once(client, 'close');
    const stopping = instance.graceful.stop();
    await finish(instance.clock, stopping);
    expect(String((await message)[0])).toBe('last words');
    const [code, reason] = (await closed) as [number, Buffer];
    expect([code, reason.toString()]).toEqual([1001, 'going away']);
    expect(await stopping).toMatchObject({ unfinishedCount: 0 });
  });

  it('ends and names a connection that was upgraded and that nobody drains', async () => {
    const server = createServer();
    server.on('upgrade', (_request, socket) => socket.write('HTTP/1.1 101 Switching Protocols\r\n\r\n'));
    await using instance = await start(server);
    const line = await instance.open();
    line.socket.write('GET /live HTTP/1.1\r\nhost: a\r\nconnection: upgrade\r\nupgrade: chat\r\n\r\n');
    await expect.poll(line.received).toContain('101');
    const stopping = instance.graceful.stop();
    await finish(instance.clock, stopping);
    expect(await stopping).toMatchObject({ unfinished: [{ name: 'chat' }] });
  });

  it('leaves an upgrade that the service does not want to be answered as any request', async () => {
    const service = createService();
    await using instance = await start(service.handler);
    const line = await instance.open();
    line.socket.write('GET / HTTP/1.1\r\nhost: a\r\nconnection: upgrade\r\nupgrade: h2c\r\n\r\n');
    await service.answer();
    await expect.poll(line.received).toContain('a dish');
  });

  it('drains connections with TLS as it does others', async () => {
    const service = createService();
    const server = createTlsServer({ key, cert }, service.handler);
    await using instance = await start(server);
    const { port } = server.address() as AddressInfo;
    const client = connectTls({ port, host: '127.0.0.1', ca });
    await once(client, 'secureConnect');
    const unused = await instance.open();
    let received = '';
    client.on('data', (chunk: Buffer) => {
      received += chunk.toString();
    });
    client.write(get('/slow'));
    await expect.poll(() => service.waiting.length).toBe(1);
    const stopping = instance.graceful.stop();
    await pass(instance.clock, 1000);
    await expect.poll(unused.isEnded).toBe(true);
    await service.answer();
    await expect.poll(() => received).toMatch(/connection: close[\s\S]*a dish/i);
    await finish(instance.clock, stopping);
    expect(await stopping).toMatchObject({ unfinishedCount: 0 });
  });

  it('completes the streams of HTTP/2 and says goodbye to its sessions', async () => {
    const answers: (() => void)[] = [];
    const server = createHttp2Server((_request, response) => void answers.push(() => response.end('a dish')));
    await using instance = await start(server);
    const session = connectHttp2(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    const goodbye = once(session, 'goaway');
    const stream = session.request({ ':path': '/slow' });
    await expect.poll(() => answers.length).toBe(1);
    const stopping = instance.graceful.stop();
    await pass(instance.clock, 1000);
    await goodbye;
    answers[0]?.();
    let text = '';
    for await (const chunk of stream) text += chunk;
    expect(text).toBe('a dish');
    await finish(instance.clock, stopping);
    expect(await stopping).toMatchObject({ unfinishedCount: 0 });
  });
});
