import { connect as connectTcp, type Socket } from 'node:net';
import type { Clock } from '../../base/index.ts';
import { BodyBudget } from './body-budget.ts';
import { ConnectQueue } from './connect-queue.ts';
import { Deadlines, type Waiting } from './deadlines.ts';
import { createDial, type DialOptions } from './dial.ts';
import { Outbox, type Parcel } from './outbox.ts';
import { type ParserLimits, ResponseParser } from './response-parser.ts';
import { messageOf, reasonOf } from './socket-failure.ts';
import { portAttemptsMax, type SourcePorts } from './source-ports.ts';
import type { Channel, FailureReason, OutgoingRequest, ReplyHandler, Transport } from './transport.ts';

/** How connections are made, and how much of an answer is read. */
export interface Http1Options extends DialOptions {
  /** Names the ports from which connections come; for thousands of them. Default: the kernel chooses. */
  readonly sources?: SourcePorts;
  readonly clock: Clock;
  /** Default 64 KiB. */
  readonly headBytesMax?: number;
  /** Default 64 MiB. */
  readonly bodyBytesMax?: number;
  /** Of all bodies that are received at the same time. Default 512 MiB. */
  readonly bodiesBytesMax?: number;
}

/**
 * HTTP/1.1 over TCP or TLS, one connection a user, kept alive. Written on `net.Socket`, because the promises,
 * streams and header objects of a general client are CPU time that the target does not get
 * (docs/decisions/0005-an-http-client-of-our-own.md).
 */
export function createHttp1Transport(options: Http1Options): Transport {
  const deadlines = new Deadlines(options.clock);
  const channels = new Set<Http1Channel>();
  const shared = new SharedState(options, deadlines, (channel) => channels.delete(channel));
  return {
    open(handler) {
      const channel = new Http1Channel(shared, handler);
      channels.add(channel);
      return channel;
    },
    close() {
      for (const channel of [...channels]) channel.close();
      deadlines.stop();
    },
  };
}

/** What all channels of a transport have in common, so that none of it is kept a user. */
class SharedState {
  readonly clock: Clock;
  readonly deadlines: Deadlines;
  readonly limits: ParserLimits;
  readonly forget: (channel: Http1Channel) => void;
  readonly connect: () => LoadSocket;
  readonly connects: ConnectQueue = new ConnectQueue();
  readonly outbox: Outbox = new Outbox();
  /** When the answer came that is being handled; below 0 while none is. */
  handledMs = -1;
  /** Whether a port of ours may be taken, so that another has to be tried. */
  readonly namesPorts: boolean;
  readonly #basePath: string;
  readonly #afterPath: string;
  readonly #wires = new Map<OutgoingRequest, Wire>();
  /** Headers of the last request, which mostly are the next one's too, and whether they are single bytes. */
  #headers = '';
  #hasPlainHeaders = true;

  constructor(options: Http1Options, deadlines: Deadlines, forget: (channel: Http1Channel) => void) {
    const { target } = options;
    this.clock = options.clock;
    this.deadlines = deadlines;
    this.forget = forget;
    this.namesPorts = options.sources !== undefined;
    this.limits = {
      headBytesMax: options.headBytesMax ?? 64 * 1024,
      bodyBytesMax: options.bodyBytesMax ?? 64 * 1024 * 1024,
      budget: new BodyBudget(options.bodiesBytesMax),
    };
    this.connect = target.protocol === 'https:' ? overTls(options) : () => connectOverTcp(options);
    this.#basePath = target.pathname.replace(/\/$/, '');
    this.#afterPath = ` HTTP/1.1\r\nhost: ${target.host}\r\n`;
  }

  /** The bytes of a request; those of one that is sent many times are made once. */
  wireOf(request: OutgoingRequest): Wire {
    if (!request.isConstant) return this.#write(request);
    const known = this.#wires.get(request);
    if (known !== undefined) return known;
    const wire = this.#write(request);
    this.#wires.set(request, wire);
    return wire;
  }

  #write({ method, path, headers, body }: OutgoingRequest): Wire {
    const head = `${method} ${this.#basePath}${path}${this.#afterPath}${headers}`;
    if (body === undefined) {
      const text = `${head}${lengthOfNothing(method)}\r\n`;
      return this.#arePlain(headers) ? { data: text, encoding: 'latin1', bytes: text.length } : asWire(text);
    }
    if (typeof body === 'string')
      return asWire(`${head}content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`);
    const bytes = Buffer.concat([Buffer.from(`${head}content-length: ${body.length}\r\n\r\n`), body]);
    return { data: bytes, encoding: undefined, bytes: bytes.length };
  }

  #arePlain(headers: string): boolean {
    if (headers !== this.#headers) {
      this.#headers = headers;
      this.#hasPlainHeaders = isPlain(headers);
    }
    return this.#hasPlainHeaders;
  }
}

/** Whether every character is a byte of its own. */
function isPlain(text: string): boolean {
  for (let at = 0; at < text.length; at++) if (text.charCodeAt(at) > 0x7f) return false;
  return true;
}

/** What goes over the wire. Text of single bytes is written as latin1, which costs the least. */
interface Wire {
  readonly data: string | Buffer;
  readonly encoding: 'latin1' | 'utf8' | undefined;
  readonly bytes: number;
}

function asWire(text: string): Wire {
  const bytes = Buffer.byteLength(text);
  return { data: text, encoding: bytes === text.length ? 'latin1' : 'utf8', bytes };
}

/** A socket that knows its channel: listeners are shared functions, not closures a user. */
type LoadSocket = Socket & { [owner]?: Http1Channel | undefined };
const owner: unique symbol = Symbol('channel');

class Http1Channel implements Channel, Waiting, Parcel {
  isListed = false;
  readonly #shared: SharedState;
  readonly #handler: ReplyHandler;
  readonly #parser: ResponseParser;
  #socket: LoadSocket | undefined;
  /** Whether the connection is open and fit for a request. */
  #isConnected = false;
  /** Whether the connection has carried a response: only then may the peer have closed it in between. */
  #hasServed = false;
  #request: OutgoingRequest | undefined;
  #deadlineMs = 0;
  /** When the request was written; below 0 while it was not. */
  #sentMs = -1;
  /** Whether the request went out on a connection that had carried another. */
  #isReused = false;
  /** Whether it stands in the queue of those who connect, or is connecting. */
  #isConnecting = false;
  #portAttempts = 0;
  /** What stands in the outbox for this channel, and for which of its connections. */
  #wire: Wire | undefined;

  constructor(shared: SharedState, handler: ReplyHandler) {
    this.#shared = shared;
    this.#handler = handler;
    this.#parser = new ResponseParser(shared.limits);
  }

  send(request: OutgoingRequest): void {
    const { handledMs } = this.#shared;
    const nowMs = handledMs < 0 ? this.#shared.clock.monotonicMs() : handledMs;
    this.#request = request;
    this.#deadlineMs = nowMs + request.timeoutMs;
    this.#shared.deadlines.add(this);
    this.#isReused = this.#hasServed;
    if (this.#isConnected) this.#write(request, nowMs);
    else this.#connect();
  }

  close(): void {
    this.#fail('closed', 'the run has ended');
    this.forgetAnswer();
    this.#drop();
    this.#shared.forget(this);
  }

  checkDeadline(nowMs: number): boolean {
    const request = this.#request;
    if (request === undefined) {
      this.forgetAnswer();
      return false;
    }
    if (nowMs < this.#deadlineMs) return true;
    const waitedFor =
      this.#sentMs < 0 ? 'no connection' : this.#parser.hasBegun ? 'no complete answer' : 'no answer';
    this.#fail('timeout', `${waitedFor} within ${request.timeoutMs} ms`);
    return false;
  }

  /** The connection is open. */
  onConnect(): void {
    this.#endConnecting();
    this.#portAttempts = 0;
    this.#isConnected = true;
    if (this.#request !== undefined) this.#write(this.#request, this.#shared.clock.monotonicMs());
  }

  /** Bytes have come; they are lent until the next read. */
  onBytes(bytes: Buffer, length: number): void {
    if (this.#request === undefined) {
      // Bytes that nobody asked for: the next answer on this connection could not be trusted.
      this.#drop();
      return;
    }
    this.#parser.feed(bytes, 0, length);
    if (this.#parser.isDone) this.#finish();
  }

  onPeerEnd(): void {
    const isComplete = this.#sentMs >= 0 && this.#request !== undefined && this.#parser.end();
    if (isComplete) this.#finish();
    else this.#onBroken('closed', 'the connection was closed before the answer was complete');
  }

  /**
   * A peer may close an idle connection just when the next request is on its way. If no byte of an answer
   * has come and the method is safe to repeat (RFC 9110, section 9.2.2), the request goes out once more.
   */
  onError(error: NodeJS.ErrnoException): void {
    if (error.code === 'EADDRINUSE' && this.#shared.namesPorts && ++this.#portAttempts < portAttemptsMax) {
      this.#drop();
      if (this.#request !== undefined) this.#connect();
      return;
    }
    this.#onBroken(reasonOf(error), messageOf(error));
  }

  #onBroken(reason: FailureReason, message: string): void {
    const request = this.#request;
    this.#drop();
    if (request === undefined) return;
    if (!this.#isReused || this.#parser.hasBegun || !isIdempotent(request.method)) {
      this.#fail(reason, message);
      return;
    }
    this.#isReused = false;
    this.#sentMs = -1;
    this.#connect();
  }

  /** Connects, when it is its turn: a crowd that came at once would overflow the target's queue of those who knock. */
  #connect(): void {
    this.#sentMs = -1;
    if (this.#isConnecting) return;
    this.#isConnecting = true;
    this.#shared.connects.enter(this);
  }

  /** It is this channel's turn. @returns whether it still wants to connect. */
  connectNow(): boolean {
    if (this.#request === undefined) {
      this.#isConnecting = false;
      return false;
    }
    const socket = this.#shared.connect();
    socket[owner] = this;
    this.#socket = socket;
    return true;
  }

  #endConnecting(): void {
    if (!this.#isConnecting || this.#socket === undefined) return;
    this.#isConnecting = false;
    this.#shared.connects.leave();
  }

  #write(request: OutgoingRequest, nowMs: number): void {
    const wire = this.#shared.wireOf(request);
    const parser = this.#parser;
    parser.begin(request.method, request.keepsBody);
    parser.bytesOut = wire.bytes;
    this.#sentMs = nowMs;
    if (this.#shared.handledMs < 0) this.#post(wire);
    else {
      this.#wire = wire;
      this.#shared.outbox.add(this);
    }
  }

  /** It is the turn of what stands in the outbox; not where the connection has broken meanwhile. */
  leave(): void {
    const wire = this.#wire;
    if (wire === undefined) return;
    this.#wire = undefined;
    this.#sentMs = this.#shared.clock.monotonicMs();
    this.#post(wire);
  }

  #post({ data, encoding }: Wire): void {
    const socket = this.#socket as LoadSocket;
    // Without a word it is latin1; to name it costs looking the name up.
    if (encoding === 'utf8') socket.write(data, encoding);
    else socket.write(data);
  }

  #finish(): void {
    const parser = this.#parser;
    parser.receivedMs = this.#shared.clock.monotonicMs();
    parser.decode();
    if (parser.problem !== undefined) {
      this.#fail(parser.problem.kind, `the target sent ${parser.problem.message}`);
      return;
    }
    parser.sentMs = this.#sentMs;
    const isUnread = this.#request?.body !== undefined && (this.#socket?.writableLength ?? 0) > 0;
    this.#request = undefined;
    this.#hasServed = true;
    // What is left of a request that was answered before it was read would stand before the next one.
    if (!parser.keepsAlive || isUnread) this.#drop();
    this.#shared.handledMs = parser.receivedMs;
    this.#handler.onResponse(parser);
    this.#shared.handledMs = -1;
    if (this.#request === undefined) lastAnswered = this;
  }

  /** An idle user holds no memory for what it was told. Whoever has sent the next request has begun anew. */
  forgetAnswer(): void {
    if (this.#request === undefined) this.#parser.release();
  }

  #fail(reason: FailureReason, message: string): void {
    if (this.#request === undefined) return;
    this.#request = undefined;
    const isSent = this.#sentMs >= 0;
    this.#drop();
    this.#parser.release();
    this.#handler.onFailure({
      reason,
      message,
      sentMs: isSent ? this.#sentMs : undefined,
      receivedMs: this.#shared.clock.monotonicMs(),
      bytesIn: isSent ? this.#parser.bytesIn : 0,
      bytesOut: isSent ? this.#parser.bytesOut : 0,
    });
  }

  #drop(): void {
    this.#endConnecting();
    const socket = this.#socket;
    this.#socket = undefined;
    this.#isConnected = false;
    this.#hasServed = false;
    this.#wire = undefined;
    if (socket === undefined) return;
    socket[owner] = undefined;
    socket.destroy();
  }
}

/** One buffer for all sockets: a read is handled to its end before the next begins. */
const sharedBuffer = Buffer.allocUnsafeSlow(64 * 1024);
const onread = { buffer: sharedBuffer, callback: onRead };

/**
 * Whose answer may still be read: a scenario function that awaited it goes on after the call that brought it,
 * and before the next read.
 */
let lastAnswered: Http1Channel | undefined;

function forgetLastAnswer(): void {
  lastAnswered?.forgetAnswer();
  lastAnswered = undefined;
}

function connectOverTcp({ target, address, sources }: Http1Options): LoadSocket {
  const socket: LoadSocket = connectTcp({
    host: address,
    port: Number(target.port) || 80,
    noDelay: true,
    onread,
    ...sources?.next(),
  });
  return listen(socket, 'connect');
}

/** Over TLS the bytes come in buffers of their own. */
function overTls(options: Http1Options): () => LoadSocket {
  const dial = createDial(options, ['http/1.1'], () => options.sources?.next());
  return () => {
    const socket: LoadSocket = dial();
    socket.on('data', onData);
    return listen(socket, 'secureConnect');
  };
}

function listen(socket: LoadSocket, connected: 'connect' | 'secureConnect'): LoadSocket {
  socket.setDefaultEncoding('latin1');
  socket.once(connected, onConnected);
  socket.on('error', onSocketError);
  socket.on('end', onPeerEnd);
  socket.on('close', onPeerEnd);
  return socket;
}

function onRead(this: unknown, length: number): boolean {
  forgetLastAnswer();
  (this as LoadSocket)[owner]?.onBytes(sharedBuffer, length);
  return true;
}

function onData(this: LoadSocket, bytes: Buffer): void {
  forgetLastAnswer();
  this[owner]?.onBytes(bytes, bytes.length);
}

function onConnected(this: LoadSocket): void {
  this[owner]?.onConnect();
}

function onSocketError(this: LoadSocket, error: NodeJS.ErrnoException): void {
  this[owner]?.onError(error);
}

function onPeerEnd(this: LoadSocket): void {
  this[owner]?.onPeerEnd();
}

/** A method that is meant to carry something says that it does not (RFC 9110, section 8.6). */
function lengthOfNothing(method: string): string {
  return method === 'POST' || method === 'PUT' || method === 'PATCH' ? 'content-length: 0\r\n' : '';
}

function isIdempotent(method: string): boolean {
  return method !== 'POST' && method !== 'PATCH';
}
