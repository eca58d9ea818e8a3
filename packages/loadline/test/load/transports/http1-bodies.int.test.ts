import type { Socket } from 'node:net';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib';
import { createRandom, integerBetween } from 'loadline/base';
import { runLoad, type Transport } from 'loadline/load';
import { describe, expect, it } from 'vitest';
import { planWith, scripted } from '../../simulation/simulate.ts';
import { openSender, outgoing } from './sending.ts';
import { inChunks, pass, plain, type SocketServer, serveHeads } from './socket-server.ts';

const text = 'what was meant, and what was sent; '.repeat(200);
const encodings: readonly (readonly [header: string, bytes: Buffer])[] = [
  ['gzip', gzipSync(text)],
  ['deflate', deflateSync(text)],
  ['deflate', deflateRawSync(text)],
  ['br', brotliCompressSync(text)],
  ['zstd', zstdCompressSync(text)],
  ['gzip, br', brotliCompressSync(gzipSync(text))],
];

async function withServer(
  respond: Parameters<typeof serveHeads>[0],
  use: (server: SocketServer) => Promise<void>,
) {
  const server = await serveHeads(respond);
  try {
    await use(server);
  } finally {
    await server.stop();
  }
}

/** Answers everything with the same bytes, in pieces of this size, each in a segment of its own. */
const inPieces =
  (bytes: Buffer, size: number): Parameters<typeof serveHeads>[0] =>
  async (socket) => {
    for (let at = 0; at < bytes.length; at += size) {
      socket.write(bytes.subarray(at, at + size));
      await new Promise((resolve) => setImmediate(resolve));
    }
  };

describe('a compressed body', () => {
  it.each(encodings)(
    'in %s is read as it was meant, by length, in chunks and in pieces',
    async (header, bytes) => {
      const line = `Content-Encoding: ${header}`;
      for (const response of [plain(bytes, line), inChunks(bytes, [7, 1, 100], line)]) {
        for (const size of [response.length, 50]) {
          await withServer(inPieces(response, size), async (server) => {
            const sender = openSender(server.transport());
            for (let turn = 0; turn < 2; turn++)
              expect(await sender.send()).toMatchObject({
                status: 200,
                body: text,
                bytesIn: response.length,
              });
          });
        }
      }
    },
  );

  it('is counted and not undone where nobody reads it', async () => {
    await withServer(
      (socket) => socket.write(plain('no gzip at all', 'content-encoding: gzip')),
      async (server) => {
        const sender = openSender(server.transport());
        expect(await sender.send({ keepsBody: false })).toMatchObject({ status: 200, body: '' });
        expect(await sender.send()).toMatchObject({
          reason: 'malformed',
          message: 'the target sent a body that is no gzip',
        });
        expect(await sender.send({ method: 'HEAD' })).toMatchObject({ reason: 'malformed' });
      },
    );
  });

  it('that would unfold beyond the limit is refused, and the next one read', async () => {
    const bomb = gzipSync(Buffer.alloc(20_000_000));
    const answers = [
      plain(bomb, 'content-encoding: gzip'),
      plain(gzipSync('fine'), 'content-encoding: gzip'),
    ];
    await withServer(
      (socket, path) => socket.write(answers[Number(path.slice(1))] as Buffer),
      async (server) => {
        const sender = openSender(server.transport({ bodyBytesMax: 1_000_000 }));
        expect(await sender.send({ path: '/0' })).toMatchObject({ reason: 'too large' });
        expect(await sender.send({ path: '/1' })).toMatchObject({ body: 'fine' });
      },
    );
  });
});

/** A body that tells whose it is from its first to its last byte. */
const bodyOf = (path: string, size: number): Buffer => Buffer.alloc(size, `${path} `);

/** Answers `/name/size` in a framing drawn for each, in pieces drawn for each. */
function mixedAnswers(seed: number): Parameters<typeof serveHeads>[0] {
  const random = createRandom(seed);
  return async (socket, path) => {
    const body = bodyOf(path, Number(path.split('/').at(-1)));
    const sizes = Array.from({ length: 3 }, () => integerBetween(random, 1, 40_000));
    const bytes = random() < 0.5 ? plain(body) : inChunks(body, sizes);
    for (let at = 0; at < bytes.length; ) {
      const end = random() < 0.5 ? bytes.length : at + integerBetween(random, 1, 20_000);
      socket.write(bytes.subarray(at, end));
      at = end;
      if (random() < 0.3) await new Promise((resolve) => setImmediate(resolve));
    }
  };
}

describe('bodies of many users at once', () => {
  it('are each their own, read within the answer', async () => {
    await withServer(mixedAnswers(1), async (server) => {
      const transport = server.transport();
      const random = createRandom(2);
      const wrong: string[] = [];
      const user = (name: number): Promise<void> =>
        new Promise((resolve) => {
          let turn = 0;
          let path = '';
          const next = (): void => {
            if (turn++ === 30) {
              resolve();
              return;
            }
            path = `/${name}-${turn}/${integerBetween(random, 0, random() < 0.1 ? 300_000 : 3000)}`;
            channel.send(outgoing({ path }));
          };
          const channel = transport.open({
            onResponse: (response) => {
              if (!response.body().equals(bodyOf(path, Number(path.split('/').at(-1))))) wrong.push(path);
              next();
            },
            onFailure: ({ message }) => {
              wrong.push(message);
              resolve();
            },
          });
          next();
        });
      await Promise.all(Array.from({ length: 40 }, (_, name) => user(name)));
      expect(wrong).toEqual([]);
      expect(server.connections).toBe(40);
    });
  });

  it('are each their own, read by scenario functions that awaited them', async () => {
    await withServer(mixedAnswers(3), async (server) => {
      const plan = planWith({
        target: server.target.origin,
        scenarios: [
          scripted('visit', async (user) => {
            const through = async (path: string) => {
              const answer = await user.get(path, { name: 'GET' });
              return answer;
            };
            for (let turn = 0; turn < 3; turn++) {
              const path = `/${user.number}-${user.iteration}-${turn}/${Math.floor(user.random() * 3000)}`;
              const answer = turn === 1 ? await through(path) : await user.get(path, { name: 'GET' });
              if (!bodyOf(path, Number(path.split('/').at(-1))).equals(answer.body()))
                throw new Error(`not ${path}`);
            }
            if (user.random() < 0.2) await user.think(1);
          }),
        ],
        stages: [{ kind: 'iterations', users: 30, perUser: 15, durationMs: 30_000 }],
      });
      const report = await runLoad(plan, { transport: server.transport() });
      expect(report.iterations).toMatchObject({ completed: 450, cutShortBecause: {} });
      expect(report.total.errors).toBe(0);
    });
  });

  it('are refused, and never another user’s, to a function that has waited for something else', async () => {
    await withServer(mixedAnswers(4), async (server) => {
      const outcomes = new Set<string>();
      const plan = planWith({
        target: server.target.origin,
        scenarios: [
          scripted('visit', async (user) => {
            const path = `/${user.number}-${user.iteration}/${Math.floor(user.random() * 3000)}`;
            const answer = await user.get(path, { name: 'GET' });
            await pass(Math.floor(user.random() * 3));
            try {
              const isOwn = bodyOf(path, Number(path.split('/').at(-1))).equals(answer.body());
              outcomes.add(isOwn ? 'own' : 'another’s');
            } catch (error) {
              outcomes.add((error as Error).message);
            }
          }),
        ],
        stages: [{ kind: 'iterations', users: 30, perUser: 15, durationMs: 30_000 }],
      });
      await runLoad(plan, { transport: server.transport() });
      outcomes.delete('own');
      expect([...outcomes]).toEqual([
        'an answer is read before the next await; keep what you need of it in a variable',
      ]);
    });
  });
});

describe('answers without a body', () => {
  it.each([
    ['to HEAD, whatever length they name', 'HEAD', 'HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n', 200],
    ['to HEAD, in chunks', 'HEAD', 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n', 200],
    ['of 204', 'GET', 'HTTP/1.1 204 No Content\r\n\r\n', 204],
    ['of 304, whatever length they name', 'GET', 'HTTP/1.1 304 x\r\ncontent-length: 1000\r\n\r\n', 304],
    [
      'of 200 after others of 100 and 103',
      'GET',
      'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 x\r\nlink: </a>\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n',
      200,
    ],
  ])('%s end where their head ends, and the connection stays', async (_, method, response, status) => {
    for (const size of [response.length, 1]) {
      await withServer(inPieces(Buffer.from(response), size), async (server) => {
        const sender = openSender(server.transport());
        for (let turn = 0; turn < 3; turn++)
          expect(await sender.send({ method })).toMatchObject({ status, body: '' });
        expect(server.connections).toBe(1);
      });
    }
  });
});

describe('memory', () => {
  it('is held by no user who is idle, however large its last answer was', async () => {
    const body = Buffer.alloc(10_000_000, 'x');
    const response = plain(body);
    await withServer(
      (socket) => socket.write(response),
      async (server) => {
        const transport = server.transport();
        const before = await heldBytes();
        const sizes = await Promise.all(Array.from({ length: 20 }, () => sizeOfAnswer(transport)));
        expect(new Set(sizes)).toEqual(new Set([body.length]));
        await pass(150);
        expect((await heldBytes()) - before).toBeLessThan(2_000_000);
      },
    );
  });

  it('of a thousand idle users is less than 8 KB each', async () => {
    const body = Buffer.alloc(100_000, 'x');
    await withServer(
      (socket) => socket.write(plain(body)),
      async (server) => {
        const transport = server.transport();
        const before = await heldBytes();
        for (let turn = 0; turn < 20; turn++)
          await Promise.all(Array.from({ length: 50 }, () => sizeOfAnswer(transport)));
        await pass(150);
        expect(server.open).toBe(1000);
        expect((await heldBytes()) - before).toBeLessThan(8_000_000);
      },
    );
  });
});

function sizeOfAnswer(transport: Transport): Promise<number> {
  return new Promise((resolve, reject) => {
    const channel = transport.open({
      onResponse: (response) => resolve(response.body().length),
      onFailure: ({ message }) => reject(new Error(message)),
    });
    channel.send(outgoing({ timeoutMs: 30_000 }));
  });
}

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

/** In buffers; their memory is given back a little after they were collected. */
async function heldBytes(): Promise<number> {
  for (let turn = 0; turn < 3; turn++) {
    collectGarbage();
    await pass(10);
  }
  return process.memoryUsage().arrayBuffers;
}

describe('bodies that do not end', () => {
  it('are given up where all of them together would take too much, and leave room for others afterwards', async () => {
    const respond = (socket: Socket, path: string): void => {
      if (path === '/ok') socket.write(plain('fine'));
      else {
        socket.write('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n');
        for (let left = 30; left > 0; left--) socket.write(`10000\r\n${'x'.repeat(0x10000)}\r\n`);
      }
    };
    const server = await serveHeads(respond);
    try {
      const transport = server.transport({ bodiesBytesMax: 10_000_000 });
      const senders = Array.from({ length: 8 }, () => openSender(transport));
      const replies = await Promise.all(
        senders.map((sender) => sender.send({ path: '/endless', timeoutMs: 1500 })),
      );
      const reasons = replies.map((reply) => ('reason' in reply ? reply.reason : 'answered'));
      expect(new Set(reasons)).toEqual(new Set(['too large', 'timeout']));
      for (let again = 0; again < 2; again++)
        expect(await senders[0]?.send({ path: '/ok' })).toMatchObject({ status: 200, body: 'fine' });
      const alone = await senders[1]?.send({ path: '/endless', timeoutMs: 500 });
      expect(alone).toMatchObject({ reason: 'timeout' });
    } finally {
      await server.stop();
    }
  });
});
