import { once } from 'node:events';
import { request } from 'node:http';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { brotliDecompressSync, inflateRawSync, unzipSync } from 'node:zlib';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../../src/base/index.ts';
import { createHttp1Transport, type Failure } from '../../../src/load/index.ts';
import { openChannel } from '../../contracts/transport-contract.ts';
import { cut, type WrittenResponse, writtenResponses } from './responses.ts';

/**
 * The oracle is node:http. A seeded sample of responses, each cut into pieces that leave one by one, is read
 * by both clients from the same server.
 */
const sample = fc.sample(
  fc.tuple(
    writtenResponses,
    fc.array(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), { maxLength: 9 }),
  ),
  { seed: 20_261_121, numRuns: 150 },
);

interface Read {
  readonly status: number;
  readonly body: string;
  readonly headers: readonly (string | undefined)[];
}

let server: Server;
let port = 0;

beforeAll(async () => {
  server = createServer({ noDelay: true }, (socket) => {
    socket.on('error', () => undefined);
    socket.on('data', (head) => {
      const index = Number(/ \/(\d+) /.exec(head.toString('latin1'))?.[1]);
      void answer(socket, sample[index] as (typeof sample)[number]);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  port = (server.address() as AddressInfo).port;
});

afterAll(() => {
  server.close();
});

async function answer(socket: Socket, [written, shares]: (typeof sample)[number]): Promise<void> {
  for (const piece of cut(written.bytes, shares)) {
    socket.write(piece);
    await new Promise((resolve) => setImmediate(resolve));
  }
  if (!written.keepsAlive) socket.end();
}

function readByNode(written: WrittenResponse, index: number): Promise<Read> {
  return new Promise((resolve, reject) => {
    const sent = request({
      host: '127.0.0.1',
      port,
      path: `/${index}`,
      method: written.method,
      agent: false,
    });
    sent.on('error', reject);
    sent.on('response', (response) => {
      const pieces: Buffer[] = [];
      response.on('data', (piece: Buffer) => pieces.push(piece));
      response.on('error', reject);
      response.on('end', () => {
        resolve({
          status: response.statusCode as number,
          body: unfolded(Buffer.concat(pieces), response.headers['content-encoding']).toString('utf8'),
          headers: written.headers.map(([name]) => response.headersDistinct[name]?.[0]),
        });
        sent.destroy();
      });
    });
    sent.end();
  });
}

/** node:http leaves encodings as they are. */
function unfolded(bytes: Buffer, encoding: string | undefined): Buffer {
  if (bytes.length === 0 || encoding === undefined || encoding === 'identity') return bytes;
  if (encoding === 'br') return brotliDecompressSync(bytes);
  if (encoding === 'deflate' && bytes[0] !== 0x78) return inflateRawSync(bytes);
  return unzipSync(bytes);
}

describe('the HTTP/1.1 transport', () => {
  it('reads responses as node:http does, on connections that stay', async () => {
    const target = new URL(`http://127.0.0.1:${port}`);
    const transport = createHttp1Transport({ target, address: '127.0.0.1', clock: systemClock });
    const channel = openChannel(transport);
    const readByUs = (written: WrittenResponse, index: number): Promise<Read | Failure> =>
      new Promise((resolve) => {
        const { method } = written;
        const sent = {
          method,
          path: `/${index}`,
          headers: '',
          body: undefined,
          timeoutMs: 5000,
          keepsBody: true,
          isConstant: false,
        };
        channel.send(sent, (reply) => {
          if ('reason' in reply) resolve(reply);
          else {
            const headers = written.headers.map(([name]) => reply.header(name));
            resolve({ status: reply.status, body: reply.body().toString(), headers });
          }
        });
      });
    for (const [index, [written]] of sample.entries()) {
      expect(await readByUs(written, index)).toEqual(await readByNode(written, index));
    }
    transport.close();
  });
});
