import { once } from 'node:events';
import {
  createSecureServer,
  createServer,
  type Http2SecureServer,
  type Http2Server,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from 'node:http2';
import { createServer as createHttpsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { gzipSync } from 'node:zlib';
import { systemClock } from 'loadline/base';
import { describe, expect, it } from 'vitest';
import { createHttp2Transport, type Http2Options } from '../../../src/load/transports/http2.ts';
import type { Failure, Response } from '../../../src/load/transports/transport.ts';
import { describeTransport, openChannel } from '../../contracts/transport-contract.ts';
import { ca, cert, key } from './certificate.ts';
import { openSender, outgoing } from './sending.ts';

type Answer = (stream: ServerHttp2Stream, headers: Readonly<Record<string, unknown>>) => void;

const contractAnswers: Answer = (stream, { ':path': path }) => {
  if (path === '/ok') {
    stream.respond({ ':status': 200, 'x-answer': 'yes' });
    stream.end('fine');
  } else if (path === '/missing') stream.respond({ ':status': 404 }, { endStream: true });
};

for (const [name, streamsPerConnection, isSecure] of [
  ['HTTP/2 without TLS', 1, false],
  ['HTTP/2 with eight users a connection', 8, false],
  ['HTTP/2 over TLS', 1, true],
] as const) {
  describeTransport(name, async () => {
    const server = await serve(contractAnswers, isSecure);
    return {
      transport: createTransport(server.target, { streamsPerConnection, ca }),
      pass: (durationMs) => new Promise((resolve) => setTimeout(resolve, durationMs)),
      stop: server.stop,
    };
  });
}

describe('HTTP/2', () => {
  it('sends method, path under the base, authority, headers and body', async () => {
    const server = await serve(echo);
    const transport = createTransport(new URL(`${server.target.origin}/base/`));
    const user = openSender(transport);
    const headers = 'X-Name: Zo\r\nconnection: close\r\nx-twice: 1\r\nx-twice: 2\r\n';
    const seen = [];
    for (const [method, body] of [
      ['POST', '{"name":"Zoë 🥕"}'],
      ['PATCH', Buffer.from('bytes')],
      ['GET', undefined],
      ['PUT', ''],
    ] as const) {
      const answer = await user.send({ method, body, headers, path: '/x?q=1' });
      seen.push('body' in answer ? JSON.parse(answer.body) : answer);
    }
    transport.close();
    await server.stop();
    const common = {
      ':path': '/base/x?q=1',
      ':authority': server.target.host,
      ':scheme': 'http',
      'x-name': 'Zo',
      'x-twice': '1, 2',
    };
    expect(seen).toEqual([
      [{ ...common, ':method': 'POST', 'content-length': '20' }, '{"name":"Zoë 🥕"}'],
      [{ ...common, ':method': 'PATCH', 'content-length': '5' }, 'bytes'],
      [{ ...common, ':method': 'GET' }, ''],
      [{ ...common, ':method': 'PUT', 'content-length': '0' }, ''],
    ]);
  });

  it('lets a host header of its own stand for the authority', async () => {
    const server = await serve(echo);
    const transport = createTransport(server.target);
    const answer = await openSender(transport).send({ headers: 'host: other.example\r\n' });
    transport.close();
    await server.stop();
    expect(answer).toMatchObject({ body: expect.stringContaining('":authority":"other.example"') });
  });

  it('fails a request with a header that cannot be sent, not within the call, and goes on', async () => {
    const server = await serve(contractAnswers);
    const transport = createTransport(server.target);
    const user = openSender(transport);
    for (let time = 0; time < 2; time++) {
      let isWithin = true;
      const failed = user.send({ headers: 'x y: 1\r\n' }).then((failure) => [failure, isWithin]);
      isWithin = false;
      expect(await failed).toMatchObject([{ reason: 'internal' }, false]);
      expect(await user.send()).toMatchObject({ status: 200 });
    }
    transport.close();
    await server.stop();
  });

  it('has every header of a name, passes over 1xx, and undoes the content encoding', async () => {
    const server = await serve((stream) => {
      stream.additionalHeaders({ ':status': 103, link: '</style.css>' });
      stream.respond({ ':status': 200, 'content-encoding': 'gzip', 'set-cookie': ['a=1', 'b=2'] });
      stream.end(gzipSync('fine'));
    });
    const transport = createTransport(server.target);
    const answer = await openSender(transport).send();
    transport.close();
    await server.stop();
    if (!('status' in answer)) throw new Error(answer.message);
    expect([answer.status, answer.body, answer.hasCookies]).toEqual([200, 'fine', true]);
    expect([answer.header('set-cookie'), answer.headers('set-cookie')]).toEqual(['a=1', ['a=1', 'b=2']]);
    expect(answer.headers('link')).toEqual([]);
  });

  it('is content with a response that has no body', async () => {
    const server = await serve((stream, { ':method': method }) => {
      stream.respond({ ':status': method === 'HEAD' ? 200 : 304, 'content-length': 5 }, { endStream: true });
    });
    const transport = createTransport(server.target);
    const user = openSender(transport);
    expect(await user.send({ method: 'HEAD' })).toMatchObject({ status: 200, body: '' });
    expect(await user.send()).toMatchObject({ status: 304, body: '' });
    transport.close();
    await server.stop();
  });

  it('takes an answer that comes before the request was read', async () => {
    const server = await serve((stream) => {
      stream.respond({ ':status': 413 });
      stream.end('no');
    });
    const transport = createTransport(server.target);
    const answer = await openSender(transport).send({ method: 'POST', body: 'x'.repeat(1_000_000) });
    transport.close();
    await server.stop();
    expect(answer).toMatchObject({ status: 413, body: 'no' });
  });

  it('cuts a body that never ends, also one that nobody reads, and goes on with the connection', async () => {
    const server = await serve((stream, { ':path': path }) => {
      stream.respond({ ':status': 200 });
      if (path === '/ok') stream.end('fine');
      else sendEndlessly(stream);
    });
    const transport = createTransport(server.target, { bodyBytesMax: 1_000_000 });
    const user = openSender(transport);
    for (const keepsBody of [true, false]) {
      expect(await user.send({ path: '/endless', keepsBody })).toMatchObject({ reason: 'too large' });
    }
    expect(await user.send()).toMatchObject({ status: 200, body: 'fine' });
    expect(server.sessions.length).toBe(1);
    transport.close();
    await server.stop();
  });

  it('refuses a body that unfolds to more than the limit, and one that is shorter than announced', async () => {
    const server = await serve((stream, { ':path': path }) => {
      if (path === '/bomb') {
        stream.respond({ ':status': 200, 'content-encoding': 'gzip' });
        stream.end(gzipSync(Buffer.alloc(2_000_000)));
      } else {
        stream.respond({ ':status': 200, 'content-length': 10 });
        stream.end('four');
      }
    });
    const transport = createTransport(server.target, { bodyBytesMax: 1_000_000 });
    const user = openSender(transport);
    expect(await user.send({ path: '/bomb' })).toMatchObject({ reason: 'too large' });
    expect(await user.send({ path: '/short' })).toMatchObject({ reason: 'malformed' });
    transport.close();
    await server.stop();
  });

  it('gives each user a connection, or lets so many share one', async () => {
    const server = await serve(contractAnswers);
    for (const [streamsPerConnection, connections] of [
      [1, 20],
      [8, 3],
    ] as const) {
      const before = server.sessions.length;
      const transport = createTransport(server.target, { streamsPerConnection });
      const users = Array.from({ length: 20 }, () => openSender(transport));
      await Promise.all(users.map((user) => user.send()));
      expect(server.sessions.length - before).toBe(connections);
      transport.close();
    }
    await server.stop();
  });

  it('lets the users of a connection go on when one of them has to wait for nothing', async () => {
    const server = await serve(contractAnswers);
    const transport = createTransport(server.target, { streamsPerConnection: 3 });
    const [silent, ...others] = Array.from({ length: 3 }, () => openSender(transport));
    const waiting = silent?.send({ path: '/silent', timeoutMs: 100 });
    expect(await Promise.all(others.map((user) => user.send()))).toMatchObject([
      { status: 200 },
      { status: 200 },
    ]);
    expect(await waiting).toMatchObject({ reason: 'timeout' });
    expect(await silent?.send()).toMatchObject({ status: 200 });
    expect(server.sessions.length).toBe(1);
    transport.close();
    await server.stop();
  });

  it('leaves a connection on which nothing came for a whole time limit, at once', async () => {
    const server = await serve(contractAnswers);
    const transport = createTransport(server.target);
    const channel = openChannel(transport);
    const statuses = await new Promise((resolve) => {
      channel.send(outgoing(), (first) => {
        channel.send(outgoing({ path: '/silent', timeoutMs: 100 }), (second) => {
          channel.send(outgoing(), (third) => resolve([first, second, third].map(statusOf)));
        });
      });
    });
    expect(statuses).toEqual([200, 'timeout', 200]);
    expect(server.sessions.map((session) => session.destroyed)).toEqual([true, false]);
    transport.close();
    await server.stop();
  });

  it('counts the bytes of request and response on the wire, one user a connection', async () => {
    const server = await serve((stream) => {
      stream.respond({ ':status': 200 });
      stream.end('x'.repeat(100_000));
    });
    const transport = createTransport(server.target);
    const user = openSender(transport);
    await user.send();
    const { bytesIn, bytesOut } = (await user.send({ method: 'POST', body: 'y'.repeat(10_000) })) as {
      bytesIn: number;
      bytesOut: number;
    };
    transport.close();
    await server.stop();
    expect(bytesIn).toBeGreaterThan(100_000);
    expect(bytesIn).toBeLessThan(101_000);
    expect(bytesOut).toBeGreaterThan(10_000);
    expect(bytesOut).toBeLessThan(10_500);
  });

  it('closes all its connections when its users are gone', async () => {
    const server = await serve(contractAnswers);
    const transport = createTransport(server.target, { streamsPerConnection: 2 });
    const users = Array.from({ length: 4 }, () => openSender(transport));
    await Promise.all(users.map((user) => user.send()));
    for (const user of users) user.close();
    await Promise.all(server.sessions.map((session) => session.destroyed || once(session, 'close')));
    await server.stop();
    transport.close();
  });
});

describe('HTTP/2 over TLS', () => {
  it.each([
    ['nobody it knows has signed', '127.0.0.1', {}, { reason: 'tls' }],
    ['its own authority has signed', '127.0.0.1', { ca }, { status: 200 }],
    ['is for its name', 'localhost', { ca }, { status: 200 }],
    ['is for another name', 'other.example', { ca }, { reason: 'tls' }],
    ['it was told to accept', 'other.example', { allowsUntrusted: true }, { status: 200 }],
  ] as const)('meets a certificate that %s', async (_, host, trust, expected) => {
    const server = await serve(contractAnswers, true);
    const transport = createTransport(new URL(`https://${host}:${server.target.port}`), trust);
    expect(await openSender(transport).send()).toMatchObject(expected);
    transport.close();
    await server.stop();
  });

  it.each([
    ['only agrees on HTTP/1.1', () => createHttpsServer({ key, cert })],
    ['agrees on nothing', () => createTlsServer({ key, cert })],
  ])('fails as tls where the server %s', async (_, create) => {
    const server = create();
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const target = new URL(`https://127.0.0.1:${(server.address() as AddressInfo).port}`);
    const transport = createTransport(target, { ca });
    expect(await openSender(transport).send()).toMatchObject({ reason: 'tls' });
    transport.close();
    server.close();
  });
});

function statusOf(reply: Response | Failure): number | string {
  return 'reason' in reply ? reply.reason : reply.status;
}

function createTransport(target: URL, options: Partial<Http2Options> = {}) {
  return createHttp2Transport({ target, address: '127.0.0.1', clock: systemClock, ...options });
}

async function serve(answer: Answer, isSecure = false) {
  const server: Http2Server | Http2SecureServer = isSecure
    ? createSecureServer({ key, cert })
    : createServer();
  const sessions: ServerHttp2Session[] = [];
  server.on('session', (session) => sessions.push(session));
  server.on('stream', (stream: ServerHttp2Stream, headers) => {
    // The client gives streams up.
    stream.on('error', () => stream.destroy());
    answer(stream, headers);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    target: new URL(`${isSecure ? 'https' : 'http'}://127.0.0.1:${port}`),
    sessions,
    async stop() {
      for (const session of sessions) session.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

function echo(stream: ServerHttp2Stream, headers: Readonly<Record<string, unknown>>): void {
  let body = '';
  stream.setEncoding('utf8');
  stream.on('data', (piece: string) => {
    body += piece;
  });
  stream.on('end', () => {
    stream.respond({ ':status': 200 });
    stream.end(JSON.stringify([headers, body]));
  });
}

function sendEndlessly(stream: ServerHttp2Stream): void {
  const piece = Buffer.alloc(64 * 1024);
  const send = (): void => {
    while (!stream.destroyed && stream.write(piece));
  };
  stream.on('drain', send);
  send();
}
