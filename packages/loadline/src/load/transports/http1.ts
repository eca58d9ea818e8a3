import { connect as connectTcp, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { Clock, Timer } from '../../base/index.ts';
import { ResponseParser } from './response-parser.ts';
import type { Channel, FailureReason, OutgoingRequest, Reply, Transport } from './transport.ts';

export interface Http1Options {
  /** `http://host:port/base` or `https://…`. */
  readonly target: URL;
  /** The address that the host was resolved to and judged: no second resolution can lead elsewhere. */
  readonly address: string;
  readonly clock: Clock;
  /** Default 64 KiB. */
  readonly headBytesMax?: number;
  /** Default 64 MiB. */
  readonly bodyBytesMax?: number;
  /** Accepts certificates that no known authority has signed. Default false. */
  readonly allowsUntrusted?: boolean;
}

/**
 * HTTP/1.1 over TCP or TLS, one connection a user, kept alive. Written on `net.Socket`, because the promises,
 * streams and header objects of a general client are CPU time that the target does not get
 * (docs/decisions/0005-an-http-client-of-our-own.md).
 */
export function createHttp1Transport(options: Http1Options): Transport {
  const deadlines = new Deadlines(options.clock);
  const channels = new Set<Http1Channel>();
  const shared: SharedState = {
    options,
    deadlines,
    hostLine: `host: ${options.target.host}\r\n`,
    basePath: options.target.pathname.replace(/\/$/, ''),
    forget: (channel) => channels.delete(channel),
  };
  return {
    open() {
      const channel = new Http1Channel(shared);
      channels.add(channel);
      return channel;
    },
    close() {
      for (const channel of [...channels]) channel.close();
      deadlines.stop();
    },
  };
}

interface SharedState {
  readonly options: Http1Options;
  readonly deadlines: Deadlines;
  readonly hostLine: string;
  readonly basePath: string;
  readonly forget: (channel: Http1Channel) => void;
}

interface Exchange {
  readonly request: OutgoingRequest;
  readonly onReply: (reply: Reply) => void;
  readonly deadlineMs: number;
  /** Whether the connection has carried a request before: only then may the peer have closed it in between. */
  isReused: boolean;
  sentMs: number | undefined;
  bytesOut: number;
}

class Http1Channel implements Channel {
  readonly #shared: SharedState;
  readonly #parser: ResponseParser;
  #socket: Socket | undefined;
  #isConnected = false;
  #hasServed = false;
  #exchange: Exchange | undefined;

  constructor(shared: SharedState) {
    this.#shared = shared;
    this.#parser = new ResponseParser({
      headBytesMax: shared.options.headBytesMax ?? 64 * 1024,
      bodyBytesMax: shared.options.bodyBytesMax ?? 64 * 1024 * 1024,
    });
  }

  send(request: OutgoingRequest, onReply: (reply: Reply) => void): void {
    const deadlineMs = this.#shared.options.clock.monotonicMs() + request.timeoutMs;
    const exchange = {
      request,
      onReply,
      deadlineMs,
      isReused: this.#isConnected,
      sentMs: undefined,
      bytesOut: 0,
    };
    this.#exchange = exchange;
    this.#shared.deadlines.add(this);
    if (this.#isConnected) this.#write(exchange);
    else this.#connect();
  }

  close(): void {
    this.#fail('closed', 'the run has ended');
    this.#drop();
    this.#shared.forget(this);
  }

  /** @returns whether this channel still waits. */
  checkDeadline(nowMs: number): boolean {
    const exchange = this.#exchange;
    if (exchange === undefined) return false;
    if (nowMs < exchange.deadlineMs) return true;
    const waitedFor =
      exchange.sentMs === undefined
        ? 'no connection'
        : this.#parser.hasBegun
          ? 'no complete answer'
          : 'no answer';
    this.#fail('timeout', `${waitedFor} within ${exchange.request.timeoutMs} ms`);
    return false;
  }

  #connect(): void {
    const { target, address, allowsUntrusted } = this.#shared.options;
    const isTls = target.protocol === 'https:';
    const port = Number(target.port) || (isTls ? 443 : 80);
    const onread = { buffer: sharedBuffer, callback: (length: number) => this.#receive(socket, length) };
    const socket: Socket = isTls
      ? connectTls({
          host: address,
          port,
          servername: serverName(target),
          rejectUnauthorized: allowsUntrusted !== true,
        })
      : connectTcp({ host: address, port, noDelay: true, onread });
    if (isTls) {
      socket.setNoDelay(true);
      socket.on('data', (piece: Buffer) => this.#take(socket, piece));
    }
    socket.once(isTls ? 'secureConnect' : 'connect', () => {
      if (socket !== this.#socket) return;
      this.#isConnected = true;
      if (this.#exchange !== undefined) this.#write(this.#exchange);
    });
    socket.on('error', (error: NodeJS.ErrnoException) => this.#onSocketError(socket, error));
    socket.on('end', () => this.#onPeerEnd(socket));
    socket.on('close', () => this.#onPeerEnd(socket));
    this.#socket = socket;
  }

  #write(exchange: Exchange): void {
    const { request } = exchange;
    const { hostLine, basePath } = this.#shared;
    const head = `${request.method} ${basePath}${request.path} HTTP/1.1\r\n${hostLine}${request.headers}`;
    this.#parser.begin(request.method, request.keepsBody);
    const { body } = request;
    const message =
      body === undefined ? `${head}\r\n` : `${head}content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
    exchange.bytesOut = Buffer.byteLength(message);
    exchange.sentMs = this.#shared.options.clock.monotonicMs();
    this.#socket?.write(message);
  }

  #receive(socket: Socket, length: number): boolean {
    this.#take(socket, sharedBuffer.subarray(0, length));
    return true;
  }

  #take(socket: Socket, piece: Buffer): void {
    if (socket !== this.#socket) return;
    if (this.#exchange === undefined) {
      // Bytes that nobody asked for: the next answer on this connection could not be trusted.
      this.#drop();
      return;
    }
    this.#parser.feed(piece);
    if (this.#parser.isDone) this.#finish();
  }

  #finish(): void {
    const parser = this.#parser;
    if (parser.problem !== undefined) {
      this.#fail(parser.problem.kind, `the target sent ${parser.problem.message}`);
      return;
    }
    const exchange = this.#exchange as Exchange;
    this.#exchange = undefined;
    this.#hasServed = true;
    if (!parser.keepsAlive) this.#drop();
    exchange.onReply({
      kind: 'response',
      status: parser.status,
      sentMs: exchange.sentMs as number,
      receivedMs: this.#shared.options.clock.monotonicMs(),
      bytesIn: parser.bytesIn,
      bytesOut: exchange.bytesOut,
      header: (name) => parser.header(name),
      text: () => parser.text(),
    });
  }

  #onPeerEnd(socket: Socket): void {
    if (socket !== this.#socket) return;
    const isComplete = this.#exchange?.sentMs !== undefined && this.#parser.end();
    if (isComplete) this.#finish();
    else this.#onBroken('closed', 'the connection was closed before the answer was complete');
  }

  #onSocketError(socket: Socket, error: NodeJS.ErrnoException): void {
    if (socket !== this.#socket) return;
    this.#onBroken(reasonOf(error), messageOf(error));
  }

  /**
   * A peer may close an idle connection just when the next request is on its way. If no byte of an answer
   * has come and the method is safe to repeat (RFC 9110, section 9.2.2), the request goes out once more.
   */
  #onBroken(reason: FailureReason, message: string): void {
    const exchange = this.#exchange;
    this.#drop();
    if (exchange === undefined) return;
    const mayRepeat =
      exchange.isReused && this.#hasServed && !this.#parser.hasBegun && isIdempotent(exchange.request.method);
    if (!mayRepeat) {
      this.#fail(reason, message);
      return;
    }
    exchange.isReused = false;
    exchange.sentMs = undefined;
    this.#connect();
  }

  #fail(reason: FailureReason, message: string): void {
    const exchange = this.#exchange;
    if (exchange === undefined) return;
    this.#exchange = undefined;
    this.#drop();
    const receivedMs = this.#shared.options.clock.monotonicMs();
    exchange.onReply({ kind: 'failure', reason, message, sentMs: exchange.sentMs, receivedMs });
  }

  #drop(): void {
    const socket = this.#socket;
    this.#socket = undefined;
    this.#isConnected = false;
    socket?.destroy();
  }
}

/** One buffer for all sockets: a read is handled to its end before the next begins. */
const sharedBuffer = Buffer.allocUnsafeSlow(64 * 1024);

/**
 * Time limits by a sweep a few times a second instead of a timer a request. A limit is kept to within 50 ms,
 * and nothing runs while no request is under way.
 */
class Deadlines {
  readonly #clock: Clock;
  readonly #waiting = new Set<Http1Channel>();
  #timer: Timer | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  add(channel: Http1Channel): void {
    this.#waiting.add(channel);
    this.#timer ??= this.#clock.setTimer(() => this.#sweep(), sweepMs);
  }

  stop(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#waiting.clear();
  }

  #sweep(): void {
    this.#timer = undefined;
    const nowMs = this.#clock.monotonicMs();
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    // Whoever is told of a timeout may send again at once: that request adds its channel anew.
    for (const channel of waiting) if (channel.checkDeadline(nowMs)) this.#waiting.add(channel);
    if (this.#waiting.size > 0) this.#timer ??= this.#clock.setTimer(() => this.#sweep(), sweepMs);
  }
}

const sweepMs = 50;

function isIdempotent(method: string): boolean {
  return method !== 'POST' && method !== 'PATCH';
}

function serverName(target: URL): string {
  return target.hostname.replace(/^\[|\]$/g, '');
}

function reasonOf(error: NodeJS.ErrnoException): FailureReason {
  switch (error.code) {
    case 'ECONNREFUSED':
      return 'refused';
    case 'ECONNRESET':
    case 'EPIPE':
      return 'reset';
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
    case 'ENOTFOUND':
      return 'unreachable';
    case 'ETIMEDOUT':
      return 'timeout';
    case 'EMFILE':
    case 'ENFILE':
    case 'EADDRNOTAVAIL':
      return 'exhausted';
    default:
      return /^ERR_(TLS|SSL)|CERT|^EPROTO$|^UNABLE_TO_VERIFY/.test(error.code ?? '') ? 'tls' : 'internal';
  }
}

function messageOf(error: NodeJS.ErrnoException): string {
  switch (error.code) {
    case 'ECONNREFUSED':
      return 'nobody listens at the target';
    case 'ECONNRESET':
    case 'EPIPE':
      return 'the target reset the connection';
    default:
      return error.message;
  }
}
