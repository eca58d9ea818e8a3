import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';

/** An HTTP/2 server that answers each request with just these bytes, or hangs up. */
export interface FrameServer {
  readonly target: URL;
  /** The streams of the requests that came, over all connections. */
  readonly requests: readonly number[];
  /** The streams that the client has reset. */
  readonly resets: readonly number[];
  readonly connections: number;
  stop(): Promise<void>;
}

export async function serveFrames(
  answer: (stream: number) => readonly Buffer[] | 'hang up',
): Promise<FrameServer> {
  const sockets = new Set<Socket>();
  const requests: number[] = [];
  const resets: number[] = [];
  let connections = 0;
  const server = createServer((socket) => {
    connections++;
    sockets.add(socket);
    // The client hangs up on what these tests send.
    socket.on('error', () => socket.destroy());
    socket.write(frame(types.settings, 0, 0));
    readFrames(socket, ({ type, flags, stream }) => {
      if (type === types.settings && flags === 0) socket.write(frame(types.settings, 1, 0));
      if (type === types.reset) resets.push(stream);
      if (type !== types.headers) return;
      requests.push(stream);
      const bytes = answer(stream);
      if (bytes === 'hang up') socket.end();
      else socket.write(Buffer.concat(bytes));
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    target: new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}`),
    requests,
    resets,
    get connections() {
      return connections;
    },
    async stop() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

const types = { data: 0, headers: 1, reset: 3, settings: 4, ping: 6, goAway: 7, continuation: 9 } as const;

/** Nine bytes and a payload (RFC 9113, section 4.1). */
function frame(type: number, flags: number, stream: number, payload: Buffer = Buffer.alloc(0)): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head[3] = type;
  head[4] = flags;
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
}

function readFrames(
  socket: Socket,
  onFrame: (frame: { readonly type: number; readonly flags: number; readonly stream: number }) => void,
): void {
  let bytes = Buffer.alloc(0);
  let hasPreface = false;
  socket.on('data', (piece: Buffer) => {
    bytes = Buffer.concat([bytes, piece]);
    if (!hasPreface && bytes.length >= prefaceBytes) {
      hasPreface = true;
      bytes = bytes.subarray(prefaceBytes);
    }
    while (hasPreface && bytes.length >= 9) {
      const length = 9 + bytes.readUIntBE(0, 3);
      if (bytes.length < length) break;
      onFrame({ type: bytes.readUInt8(3), flags: bytes.readUInt8(4), stream: bytes.readUInt32BE(5) });
      bytes = bytes.subarray(length);
    }
  });
}

const prefaceBytes = 24;

/** A head with status 200, or with a block of the caller's own (RFC 7541). */
export function headers(stream: number, block: Buffer = Buffer.of(0x88)): Buffer {
  return frame(types.headers, 4, stream, block);
}

/** A head that goes on in continuations. */
export function openHeaders(stream: number): Buffer {
  return frame(types.headers, 0, stream, Buffer.of(0x88));
}

export function continuation(stream: number): Buffer {
  return frame(types.continuation, 0, stream, Buffer.from('\0\u0001a\u0001b', 'latin1'));
}

export function data(stream: number, text: string): Buffer {
  return frame(types.data, 0, stream, Buffer.from(text));
}

export function lastData(stream: number, text: string): Buffer {
  return frame(types.data, 1, stream, Buffer.from(text));
}

export function reset(stream: number, code: number): Buffer {
  return frame(types.reset, 0, stream, words(code));
}

export function goAway(lastStream: number, code: number): Buffer {
  return frame(types.goAway, 0, 0, words(lastStream, code));
}

export function ping(): Buffer {
  return frame(types.ping, 0, 0, Buffer.alloc(8));
}

function words(...values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(values.length * 4);
  for (const [at, value] of values.entries()) bytes.writeUInt32BE(value, at * 4);
  return bytes;
}
