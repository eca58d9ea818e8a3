import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { createVirtualClock } from 'loadline/base';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { type FaultProxy, type FaultProxyOptions, startFaultProxy } from '../src/index.ts';

/** Answers with what it hears, and remembers it. */
let echo: Server;
let heard = '';

beforeAll(async () => {
  echo = createServer({ allowHalfOpen: true }, (socket) => {
    socket.on('data', (bytes) => {
      heard += bytes.length < 1000 ? bytes.toString('latin1') : '';
    });
    socket.on('error', () => undefined);
    socket.pipe(socket);
  });
  echo.listen(0, '127.0.0.1');
  await once(echo, 'listening');
});

afterAll(() => {
  echo.close();
});

describe('a fault proxy', () => {
  it('passes everything on while no fault acts, and counts it', async () => {
    await using proxy = await startProxy();
    const client = await Client.to(proxy);
    client.socket.end('hello');
    await client.ended;
    expect(client.received.toString()).toBe('hello');
    await vi.waitFor(() => expect(proxy.counts.connectionsOpen).toBe(0));
    expect(proxy.counts).toMatchObject({ connectionsAccepted: 1, upstreamBytes: 5, downstreamBytes: 5 });
  });

  it('keeps all of a URL but the address', async () => {
    await using proxy = await startProxy();
    expect(proxy.urlFor('postgres://me:secret@db.example:5432/mine?a=b')).toBe(
      `postgres://me:secret@127.0.0.1:${proxy.port}/mine?a=b`,
    );
  });

  it('resets the client when the target refuses', async () => {
    await using proxy = await startFaultProxy({ target: { port: await closedPort() } });
    expect(await failureOf(proxy)).toBe('ECONNRESET');
    expect(proxy.counts.targetFailures).toBe(1);
  });

  it('refuses more connections than it may have', async () => {
    await using proxy = await startProxy({ connectionsMax: 1 });
    const first = await Client.to(proxy);
    expect(await failureOf(proxy)).toBe('ECONNRESET');
    expect(await first.answerTo('still here')).toBe('still here');
  });

  it('stays closed when it is healed after its end', async () => {
    const proxy = await startProxy();
    await proxy.inject({ kind: 'cut' });
    await proxy.close();
    await proxy.heal();
    expect(await failureOf(proxy)).toBe('ECONNREFUSED');
  });

  it.each([
    [{ kind: 'delay', delayMs: -1 }],
    [{ kind: 'throttle', bytesPerSecond: 0 }],
    [{ kind: 'corrupt', ratio: Number.NaN }],
  ] as const)('refuses the fault %j', async (fault) => {
    await using proxy = await startProxy();
    await expect(proxy.inject(fault)).rejects.toMatchObject({ code: 'LOCAL_STACK_OPTION_INVALID' });
  });
});

describe('delay', () => {
  it('holds every byte for its time, in one direction where that is wished', async () => {
    const clock = createVirtualClock();
    await using proxy = await startProxy({ clock });
    const client = await Client.to(proxy);
    await proxy.inject({ kind: 'delay', delayMs: 500, direction: 'downstream' });
    client.socket.write('late');
    await vi.waitFor(() => expect(proxy.counts).toMatchObject({ upstreamBytes: 4, heldBytes: 4 }));
    await clock.advance(499);
    expect(proxy.counts.downstreamBytes).toBe(0);
    await clock.advance(1);
    expect(await client.receivedBytes(4)).toBe('late');
  });

  it('with jitter never changes the order', async () => {
    const clock = createVirtualClock();
    await using proxy = await startProxy({ clock });
    const client = await Client.to(proxy);
    await proxy.inject({ kind: 'delay', delayMs: 10, jitterMs: 1000, direction: 'upstream' });
    for (let piece = 0; piece < 10; piece++) {
      client.socket.write(String(piece));
      await vi.waitFor(() => expect(proxy.counts.heldBytes).toBe(piece + 1));
      await clock.advance(0);
    }
    await clock.advance(1010);
    expect(await client.receivedBytes(10)).toBe('0123456789');
  });
});

describe('throttle', () => {
  it('passes so many bytes a second and no more', async () => {
    const clock = createVirtualClock();
    await using proxy = await startProxy({ clock });
    const client = await Client.to(proxy);
    await proxy.inject({ kind: 'throttle', bytesPerSecond: 10_000, direction: 'upstream' });
    client.socket.write(Buffer.alloc(30_000));
    await vi.waitFor(() => expect(proxy.counts.heldBytes).toBe(30_000));
    await clock.advance(1000);
    expect(proxy.counts.upstreamBytes).toBeGreaterThanOrEqual(9_800);
    expect(proxy.counts.upstreamBytes).toBeLessThanOrEqual(10_200);
    await clock.advance(2100);
    expect(proxy.counts.upstreamBytes).toBe(30_000);
  });
});

describe('corrupt', () => {
  it('changes bytes of live connections, in one direction, the same for the same seed', async () => {
    const seen: string[] = [];
    for (const seed of ['a', 'a', 'b']) {
      await using proxy = await startProxy({ seed });
      const client = await Client.to(proxy);
      expect(await client.answerTo('clean')).toBe('clean');
      heard = '';
      await proxy.inject({ kind: 'corrupt', ratio: 0.5, direction: 'downstream' });
      seen.push(await client.answerTo('0123456789abcdef'));
      expect(heard).toBe('0123456789abcdef');
      expect(proxy.counts.corruptedBytes).toBeGreaterThan(0);
    }
    const [first, again, other] = seen;
    expect(first).not.toBe('0123456789abcdef');
    expect(again).toBe(first);
    expect(other).not.toBe(first);
  });
});

describe('half-open', () => {
  it('accepts and keeps connections, passes nothing, and gives back what it held when it is healed', async () => {
    await using proxy = await startProxy();
    const old = await Client.to(proxy);
    await proxy.inject({ kind: 'half-open' });
    const fresh = await Client.to(proxy);
    heard = '';
    old.socket.write('a');
    fresh.socket.end('b');
    await vi.waitFor(() => expect(proxy.counts.heldBytes).toBe(2));
    expect(proxy.counts).toMatchObject({ connectionsOpen: 2, upstreamBytes: 0 });
    expect(heard).toBe('');
    await proxy.heal();
    expect(await old.receivedBytes(1)).toBe('a');
    await fresh.ended;
    expect(fresh.received.toString()).toBe('b');
  });

  it('in one direction lets the request through and loses the answer', async () => {
    await using proxy = await startProxy();
    const client = await Client.to(proxy);
    await proxy.inject({ kind: 'half-open', direction: 'downstream' });
    heard = '';
    client.socket.write('done');
    await vi.waitFor(() => expect(heard).toBe('done'));
    await vi.waitFor(() => expect(proxy.counts.heldBytes).toBe(4));
    expect(client.received.length).toBe(0);
  });

  it('makes a fast sender wait instead of holding all it sends', async () => {
    await using proxy = await startProxy({ bufferBytesMax: 100_000 });
    const client = await Client.to(proxy);
    await proxy.inject({ kind: 'half-open' });
    const size = 64_000_000;
    client.socket.write(Buffer.alloc(size));
    await vi.waitFor(() => expect(proxy.counts.heldBytes).toBeGreaterThanOrEqual(100_000));
    expect(proxy.counts.heldBytes).toBeLessThan(100_000 + 65_537);
    await proxy.heal();
    await client.receivedBytes(size);
    expect(proxy.counts.heldBytes).toBe(0);
  });
});

describe('cut', () => {
  it('ends open connections in order, refuses new ones, and is back on the same port when it is healed', async () => {
    await using proxy = await startProxy();
    const client = await Client.to(proxy);
    expect(await client.answerTo('before')).toBe('before');
    await proxy.inject({ kind: 'cut' });
    await client.ended;
    expect(await failureOf(proxy)).toBe('ECONNREFUSED');
    await proxy.heal();
    const next = await Client.to(proxy);
    expect(await next.answerTo('after')).toBe('after');
  });

  it('ends a connection in time whose target goes on sending', async () => {
    const chatty = createServer({ allowHalfOpen: true }, (socket) => {
      const timer = setInterval(() => socket.write('and another thing'), 20);
      socket.on('error', () => undefined).on('close', () => clearInterval(timer));
    }).listen(0, '127.0.0.1');
    await once(chatty, 'listening');
    await using proxy = await startFaultProxy({ target: { port: (chatty.address() as AddressInfo).port } });
    const client = await Client.to(proxy);
    await client.receivedBytes(1);
    await proxy.inject({ kind: 'cut' });
    await vi.waitFor(() => expect(proxy.counts.connectionsOpen).toBe(0), { timeout: 4000 });
    chatty.close();
  });
});

describe('reset', () => {
  it('resets open connections and new ones', async () => {
    await using proxy = await startProxy();
    const client = await Client.to(proxy);
    expect(await client.answerTo('before')).toBe('before');
    await proxy.inject({ kind: 'reset' });
    expect(await client.failed).toBe('ECONNRESET');
    expect(await failureOf(proxy)).toBe('ECONNRESET');
    expect(proxy.counts.connectionsRefused).toBe(1);
  });
});

function startProxy(options: Omit<FaultProxyOptions, 'target'> = {}): Promise<FaultProxy> {
  return startFaultProxy({ ...options, target: { port: (echo.address() as AddressInfo).port } });
}

/** How a new connection fails; a reset may come before or after it is there. */
async function failureOf(proxy: FaultProxy): Promise<unknown> {
  const socket = connect(proxy.port, proxy.host);
  const [error] = (await once(socket.resume(), 'close').then(
    () => [undefined],
    (failure: unknown) => [failure],
  )) as [NodeJS.ErrnoException | undefined];
  return error?.code;
}

class Client {
  readonly socket: Socket;
  readonly ended: Promise<unknown>;
  /** The code of the error that the connection ends with. */
  readonly failed: Promise<unknown>;
  #chunks: Buffer[] = [];

  static async to(proxy: FaultProxy): Promise<Client> {
    const socket = connect(proxy.port, proxy.host);
    await once(socket, 'connect');
    return new Client(socket);
  }

  constructor(socket: Socket) {
    this.socket = socket;
    socket.on('data', (chunk: Buffer) => this.#chunks.push(chunk));
    this.ended = new Promise((resolve) => socket.on('end', resolve));
    this.failed = new Promise((resolve) => {
      socket.on('error', (error: NodeJS.ErrnoException) => resolve(error.code));
    });
  }

  get received(): Buffer {
    return Buffer.concat(this.#chunks);
  }

  /** What has come since the last call, once it is this many bytes. */
  async receivedBytes(count: number): Promise<string> {
    await vi.waitFor(
      () => expect(this.#chunks.reduce((sum, chunk) => sum + chunk.length, 0)).toBeGreaterThanOrEqual(count),
      { timeout: 20_000 },
    );
    const text = this.received.toString('latin1');
    this.#chunks = [];
    return text;
  }

  answerTo(text: string): Promise<string> {
    this.socket.write(text);
    return this.receivedBytes(text.length);
  }
}

async function closedPort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  return port;
}
