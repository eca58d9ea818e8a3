import type { Socket } from 'node:net';
import { describe, expect, it } from 'vitest';
import { openChannel } from '../../contracts/transport-contract.ts';
import { openSender, outgoing } from './sending.ts';
import { pass, plain, type SocketServer, serveHeads, serveSockets } from './socket-server.ts';

const fine = plain('fine');
const isFine = { status: 200, body: 'fine' };
const early = 'HTTP/1.1 413 Content Too Large\r\ncontent-length: 0\r\n\r\n';

async function use(
  starting: Promise<SocketServer>,
  test: (server: SocketServer) => Promise<void>,
): Promise<void> {
  const server = await starting;
  try {
    await test(server);
  } finally {
    await server.stop();
  }
}

/** Answers by what stands in the path; anything else is fine. */
const by =
  (
    answers: Readonly<Record<string, (socket: Socket, count: number) => unknown>>,
  ): Parameters<typeof serveHeads>[0] =>
  (socket, path, count) => {
    const answer = answers[path] ?? (() => socket.write(fine));
    answer(socket, count);
  };

describe('a connection that ends', () => {
  it.each([
    ['after its answer, as it said', (socket: Socket) => socket.end(plain('fine', 'connection: close'))],
    [
      'after its answer, as it said, and stays half open',
      (socket: Socket) => socket.write(plain('fine', 'Connection: Close')),
    ],
    ['after its answer, without a word', (socket: Socket) => socket.end(fine)],
    ['with its body', (socket: Socket) => socket.end('HTTP/1.1 200 OK\r\n\r\nfine')],
    [
      'because it speaks HTTP/1.0',
      (socket: Socket) => socket.end('HTTP/1.0 200 OK\r\ncontent-length: 4\r\n\r\nfine'),
    ],
    [
      'in a reset after its answer',
      (socket: Socket) => socket.write(fine, () => setTimeout(() => socket.resetAndDestroy(), 5)),
    ],
  ])('%s is followed by another, and no request is lost, whatever its method', async (_, answer) => {
    await use(
      serveHeads((socket) => answer(socket)),
      async (server) => {
        const sender = openSender(server.transport());
        for (const method of ['GET', 'POST', 'POST', 'GET']) {
          expect(await sender.send({ method })).toMatchObject(isFine);
          await pass(20);
        }
        expect(server.connections).toBe(4);
      },
    );
  });

  it.each([
    ['says so', (socket: Socket) => socket.end(plain('fine', 'connection: close'))],
    ['says nothing', (socket: Socket) => socket.end(fine)],
    ['is reset', (socket: Socket) => socket.write(fine, () => socket.resetAndDestroy())],
  ])('and %s, while its user asks again within the answer, loses no request', async (_, answer) => {
    await use(
      serveHeads((socket) => answer(socket)),
      async (server) => {
        const transport = server.transport();
        const statuses: unknown[] = [];
        const users = Array.from({ length: 10 }, () => {
          let left = 10;
          return new Promise<void>((resolve) => {
            const channel = openChannel(transport);
            const ask = (): void =>
              channel.send(outgoing(), (reply) => {
                statuses.push('status' in reply ? reply.status : reply);
                if (--left === 0) resolve();
                else ask();
              });
            ask();
          });
        });
        await Promise.all(users);
        expect(statuses).toEqual(new Array(100).fill(200));
        expect(server.connections).toBe(100);
      },
    );
  });

  it.each([
    ['GET', isFine, 2],
    ['HEAD', isFine, 2],
    ['PUT', isFine, 2],
    ['DELETE', isFine, 2],
    ['POST', { reason: 'closed' }, 1],
    ['PATCH', { reason: 'closed' }, 1],
  ])('under a %s that it has not answered leads to %j', async (method, outcome, connections) => {
    const respond = (socket: Socket, _: string, count: number): unknown =>
      count > 1 ? socket.end() : socket.write(fine);
    await use(serveHeads(respond), async (server) => {
      const sender = openSender(server.transport());
      await sender.send();
      const expected = method === 'HEAD' ? { reason: 'malformed' } : outcome;
      expect(await sender.send({ method })).toMatchObject(expected);
      expect(server.connections).toBe(connections);
    });
  });

  it('under a request again and again is tried no more than once', async () => {
    const respond = (socket: Socket, path: string): unknown =>
      path === '/ok' ? socket.write(fine) : socket.end();
    await use(serveHeads(respond), async (server) => {
      const sender = openSender(server.transport());
      await sender.send();
      expect(await sender.send({ path: '/never' })).toMatchObject({ reason: 'closed' });
      expect(server.connections).toBe(2);
    });
  });

  it('in the middle of an answer is an error, also of what could be repeated', async () => {
    const respond = by({ '/half': (socket) => socket.end(fine.subarray(0, -1)) });
    await use(serveHeads(respond), async (server) => {
      const sender = openSender(server.transport());
      await sender.send();
      expect(await sender.send({ path: '/half' })).toMatchObject({ reason: 'closed' });
      expect(await sender.send()).toMatchObject(isFine);
      expect(server.connections).toBe(2);
    });
  });

  it('only in one direction still brings its answer', async () => {
    const respond = by({
      '/slow': (socket) => {
        socket.write(fine.subarray(0, 20));
        setTimeout(() => socket.end(fine.subarray(20)), 30);
      },
    });
    await use(serveHeads(respond), async (server) => {
      const sender = openSender(server.transport());
      expect(await sender.send({ path: '/slow' })).toMatchObject(isFine);
      expect(await sender.send()).toMatchObject(isFine);
    });
  });
});

describe('bytes that nobody asked for', () => {
  it.each([
    ['with an answer', (socket: Socket) => socket.write(Buffer.concat([fine, fine])), 'malformed'],
    [
      'just after an answer',
      (socket: Socket) => socket.write(fine, () => setTimeout(() => socket.write(fine), 10)),
      200,
    ],
  ])('%s are never taken for the next one', async (_, answer, outcome) => {
    await use(serveHeads(by({ '/chatty': answer })), async (server) => {
      const sender = openSender(server.transport());
      const reply = await sender.send({ path: '/chatty' });
      expect('reason' in reply ? reply.reason : reply.status).toBe(outcome);
      await pass(40);
      expect(await sender.send({ path: '/missing' })).toMatchObject(isFine);
      expect(server.connections).toBe(2);
    });
  });

  it('as a greeting make an answer malformed', async () => {
    await use(
      serveSockets((socket) => socket.write('220 mail ready\r\n')),
      async (server) => {
        expect(await openSender(server.transport()).send()).toMatchObject({ reason: 'malformed' });
      },
    );
  });
});

describe('a server that answers before it has read', () => {
  it('is not sent the next request behind a body that it does not read', async () => {
    const accept = (socket: Socket): void => {
      socket.once('data', (bytes: Buffer) => {
        if (bytes.toString('latin1').startsWith('GET')) {
          socket.write(fine);
          return;
        }
        socket.pause();
        socket.write(early);
      });
    };
    await use(serveSockets(accept), async (server) => {
      const sender = openSender(server.transport());
      const body = Buffer.alloc(20_000_000);
      expect(await sender.send({ method: 'POST', body })).toMatchObject({ status: 413 });
      expect(await sender.send({ timeoutMs: 1000 })).toMatchObject(isFine);
      expect(server.connections).toBe(2);
    });
  });

  it('and closes is an answer where it can still be read', async () => {
    const accept = (socket: Socket): void => {
      socket.once('data', () => socket.write(`${early.slice(0, -2)}connection: close\r\n\r\n`));
      socket.resume();
    };
    await use(serveSockets(accept), async (server) => {
      const sender = openSender(server.transport());
      for (let turn = 0; turn < 3; turn++)
        expect(await sender.send({ method: 'POST', body: 'x'.repeat(100_000) })).toMatchObject({
          status: 413,
        });
    });
  });
});

describe('a server that reads slowly', () => {
  it('ends its requests by the time limit, and takes no memory beyond their bodies', async () => {
    const accept = (socket: Socket): void => void socket.pause();
    await use(serveSockets(accept), async (server) => {
      const body = Buffer.alloc(5_000_000);
      const transport = server.transport();
      const before = process.memoryUsage().arrayBuffers;
      const senders = Array.from({ length: 10 }, () => openSender(transport));
      const replies = await Promise.all(
        senders.map(async (sender) => {
          for (let turn = 0; turn < 2; turn++) await sender.send({ method: 'PUT', body, timeoutMs: 150 });
          const reply = sender.send({ method: 'PUT', body, timeoutMs: 150 });
          await pass(50);
          expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(10 * 4 * body.length);
          return reply;
        }),
      );
      for (const reply of replies)
        expect(reply).toMatchObject({ reason: 'timeout', message: 'no answer within 150 ms' });
    });
  });

  it('gets a large body whole, if it reads at all', async () => {
    let received = 0;
    const accept = (socket: Socket): void => {
      socket.on('data', (bytes: Buffer) => {
        received += bytes.length;
        socket.pause();
        setTimeout(() => socket.resume(), 1);
        if (received > 1_000_000) socket.write(fine);
      });
    };
    await use(serveSockets(accept), async (server) => {
      const reply = await openSender(server.transport()).send({
        method: 'POST',
        body: 'x'.repeat(1_000_000),
      });
      expect(reply).toMatchObject({ ...isFine, bytesOut: received });
    });
  });
});

describe('an answer without end', () => {
  const drip = (socket: Socket, text: string): void => {
    let at = 0;
    const timer = setInterval(() => {
      if (socket.destroyed) clearInterval(timer);
      else socket.write(text[at++ % text.length] as string);
    }, 5);
  };

  it.each([
    ['a head', ''],
    ['a body', 'HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n\r\n'],
    ['chunks', 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n'],
    ['interim answers', 'HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n\r\n'],
  ])('that drips %s is cut by the time limit, and its connection closed', async (what, start) => {
    const text =
      {
        'a head': 'HTTP/1.1 200 OK\r\nx: y\r\n'.padEnd(5000, 'z'),
        chunks: '1\r\nx\r\n',
        'interim answers': 'HTTP/1.1 100 \r\n\r\n',
      }[what] ?? 'x';
    const respond = by({
      '/drip': (socket) => {
        if (what !== 'interim answers') socket.write(start);
        drip(socket, text);
      },
    });
    await use(serveHeads(respond), async (server) => {
      const sender = openSender(server.transport());
      const startMs = performance.now();
      expect(await sender.send({ path: '/drip', timeoutMs: 200 })).toMatchObject({
        reason: 'timeout',
        message: 'no complete answer within 200 ms',
      });
      expect(performance.now() - startMs).toBeLessThan(1500);
      expect(await sender.send()).toMatchObject(isFine);
      await pass(50);
      expect([server.open, server.connections]).toEqual([1, 2]);
    });
  });

  it('that pours headers is cut at the limit of a head', async () => {
    const lines = Array.from({ length: 20_000 }, (_, index) => `x-${index}: ${index}\r\n`).join('');
    const respond = by({
      '/many': (socket) => socket.write(`HTTP/1.1 200 OK\r\n${lines}content-length: 0\r\n\r\n`),
    });
    await use(serveHeads(respond), async (server) => {
      const small = openSender(server.transport());
      expect(await small.send({ path: '/many' })).toMatchObject({
        reason: 'too large',
        message: 'the target sent a head of over 65536 bytes',
      });
      expect(await small.send()).toMatchObject(isFine);
      const large = openSender(server.transport({ headBytesMax: 1_000_000 }));
      for (let turn = 0; turn < 2; turn++) {
        const reply = await large.send({ path: '/many' });
        expect('status' in reply && [reply.status, reply.header('x-0'), reply.header('x-19999')]).toEqual([
          200,
          '0',
          '19999',
        ]);
      }
    });
  });

  it.each(['by length', 'in chunks', 'until close'])(
    'that pours a body %s is cut at the limit of a body',
    async (framing) => {
      const start = {
        'by length': 'content-length: 99999999999\r\n\r\n',
        'in chunks': 'transfer-encoding: chunked\r\n\r\n',
        'until close': '\r\n',
      }[framing];
      const block = framing === 'in chunks' ? `4000\r\n${'x'.repeat(0x4000)}\r\n` : 'x'.repeat(0x4000);
      const respond = (socket: Socket): void => {
        socket.write(`HTTP/1.1 200 OK\r\n${start}`);
        const more = (): void => {
          while (!socket.destroyed && socket.write(block));
        };
        socket.on('drain', more);
        more();
      };
      await use(serveHeads(respond), async (server) => {
        for (const keepsBody of [true, false]) {
          const sender = openSender(server.transport({ bodyBytesMax: 1_000_000 }));
          expect(await sender.send({ keepsBody })).toMatchObject({
            reason: 'too large',
            message: 'the target sent a body of over 1000000 bytes',
          });
        }
      });
    },
  );
});

describe('a crowd', () => {
  it('that gives up while it waits for its turn to connect is served later', async () => {
    await use(
      serveHeads((socket) => socket.write(fine)),
      async (server) => {
        const transport = server.transport();
        const senders = Array.from({ length: 600 }, () => openSender(transport));
        const given = await Promise.all(senders.map((sender) => sender.send({ timeoutMs: 1 })));
        expect(given).toHaveLength(600);
        for (const reply of await Promise.all(senders.map((sender) => sender.send({ timeoutMs: 20_000 }))))
          expect(reply).toMatchObject(isFine);
        await pass(50);
        expect(server.open).toBe(600);
      },
    );
  });

  it('that is closed while it connects leaves no connection', async () => {
    await use(
      serveHeads((socket) => socket.write(fine)),
      async (server) => {
        const transport = server.transport();
        const replies = Array.from({ length: 600 }, () => openSender(transport).send());
        transport.close();
        for (const reply of await Promise.all(replies)) expect(reply).toMatchObject({ reason: 'closed' });
        await pass(100);
        expect(server.open).toBe(0);
      },
    );
  });

  it('is not held up by those whom nobody lets in', async () => {
    await use(
      serveHeads((socket) => socket.write(fine)),
      async (server) => {
        const dead = await serveSockets(() => undefined);
        await dead.stop();
        const transport = server.transport({ target: dead.target });
        const refused = await Promise.all(Array.from({ length: 600 }, () => openSender(transport).send()));
        for (const reply of refused) expect(reply).toMatchObject({ reason: 'refused', sentMs: undefined });
      },
    );
  });
});

it('a server that stops while users wait leaves nobody waiting', async () => {
  const server = await serveSockets((socket) => void socket.resume());
  const transport = server.transport();
  const replies = Array.from({ length: 20 }, () => openSender(transport).send());
  await pass(50);
  const closing = server.stop();
  for (const reply of await Promise.all(replies)) expect(reply).toMatchObject({ reason: 'closed' });
  await closing;
});
